"""What DNS has of a custom domain's validation records, and whether it lets Amazon issue the certificate."""

from __future__ import annotations

from typing import Final

from simulator.control.domain_checks import Lookup
from simulator.model.resources.api_resources import CustomDomainResource
from simulator.model.resources.domain_state import RecordStatus, caa_permits, record_status

_CAA: Final = "CAA"


async def record_statuses(domain: CustomDomainResource, lookup: Lookup) -> tuple[RecordStatus, ...] | None:
    """Return the status of each record; None if DNS has not answered, so that nothing is known."""
    found = [await lookup(record["Name"], record["Type"]) for record in domain.records]
    statuses = []
    for record, values in zip(domain.records, found, strict=True):
        if values is None:
            return None
        statuses.append(record_status(record["Value"], values))
    return tuple(statuses)


async def is_permitted(domain: CustomDomainResource, lookup: Lookup) -> bool:
    """Return False if a CAA record forbids the certificate of one of the names.

    The closest record counts, up to the domain below the top level (RFC 8659, section 3). No answer forbids nothing.
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
