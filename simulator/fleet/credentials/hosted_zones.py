"""Looks up DNS records in the public hosted zones of a Route 53 endpoint."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from typing import Any, Final

from simulator.fleet.credentials.aws_endpoint import PAGES_MAX, AwsEndpoint, EndpointError

_NAMES: Final = frozenset({"CNAME", "NS", "PTR"})  # types whose values are host names, in which case does not matter
_ESCAPED_STAR: Final = "\\052"  # how Route 53 writes an asterisk

_log = logging.getLogger(__name__)


class HostedZoneLookup:
    """A lookup of records (control/domain_checks.py `Lookup`)."""

    def __init__(self, client: AwsEndpoint) -> None:
        self._client = client
        self._failure = ""

    async def __call__(self, name: str, kind: str) -> frozenset[str] | None:
        """Return the values of the records, an empty set if there are none, or None if Route 53 did not answer."""
        wanted = _absolute(name)
        try:
            zone = await self._zone_of(wanted)
            found = frozenset[str]() if zone is None else await self._values(zone, wanted, kind)
        except EndpointError as error:
            if str(error) != self._failure:
                self._failure = str(error)
                _log.warning("DNS records: %s", error)
            return None
        self._failure = ""
        return found

    async def close(self) -> None:
        await self._client.close()

    async def _zone_of(self, name: str) -> str | None:
        """Return the id of the public zone with the longest name that contains `name`."""
        zones: dict[str, str] = {}
        asked: dict[str, Any] = {}
        for _ in range(PAGES_MAX):
            answer = await self._client.ask("list_hosted_zones", asked)
            for zone in answer.get("HostedZones", []):
                if not zone.get("Config", {}).get("PrivateZone"):
                    zones.setdefault(_absolute(zone["Name"]), str(zone["Id"]))
            if not answer.get("IsTruncated"):
                break
            asked = {"Marker": answer["NextMarker"]}
        around = [zone for zone in zones if name == zone or name.endswith(f".{zone}")]
        return zones[max(around, key=len)] if around else None

    async def _values(self, zone: str, name: str, kind: str) -> frozenset[str]:
        asked = {"HostedZoneId": zone, "StartRecordName": name, "StartRecordType": kind, "MaxItems": "100"}
        answer = await self._client.ask("list_resource_record_sets", asked)
        sets = [each for each in answer.get("ResourceRecordSets", []) if _is_of(each, name, kind)]
        return frozenset(value for each in sets for value in _texts(each, kind))


def _is_of(records: Mapping[str, Any], name: str, kind: str) -> bool:
    return bool(records.get("Type") == kind) and _absolute(str(records["Name"])) == name


def _texts(records: Mapping[str, Any], kind: str) -> Iterator[str]:
    for each in records.get("ResourceRecords", []):
        value = str(each["Value"])
        yield _absolute(value) if kind in _NAMES else value


def _absolute(name: str) -> str:
    """Return a name in lower case with its final dot, as zone files have it."""
    return f"{name.replace(_ESCAPED_STAR, '*').removesuffix('.').lower()}."
