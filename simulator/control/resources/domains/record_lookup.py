"""Looks up a custom domain's validation records in DNS, and whether CAA records permit the certificate."""

from __future__ import annotations

from typing import Final

from simulator.control.domain_checks import Lookup
from simulator.model.resources.api_resources import CustomDomainResource
from simulator.model.resources.domain_state import RecordStatus, caa_permits, record_status

_CAA: Final = "CAA"


async def record_statuses(domain: CustomDomainResource, lookup: Lookup) -> tuple[RecordStatus, ...] | None:
    """Return the status of each record; None if DNS has not answered, so that the status is unknown."""
    found = [await lookup(record["Name"], record["Type"]) for record in domain.records]
    statuses = []
    for record, values in zip(domain.records, found, strict=True):
        if values is None:
            return None
        statuses.append(record_status(record["Value"], values))
    return tuple(statuses)


async def is_permitted(domain: CustomDomainResource, lookup: Lookup) -> bool:
    """Return False if a CAA record forbids the certificate of one of the names.

    The closest record applies, up to the domain below the top level (RFC 8659, section 3). Without an answer, the
    certificate is permitted.
    """
    for name in domain.names:
        labels = name.removeprefix("*.").split(".")
        for depth in range(len(labels) - 1):
            values = await lookup(".".join(labels[depth:]), _CAA)
            if values:
                if not caa_permits(values, is_wildcard=name.startswith("*.")):
                    return False
                break
    return True
