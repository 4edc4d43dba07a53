"""The DNS server of `simulator serve`: its records, its listener, and the validation of custom domains by records."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

from simulator.assembly.serving import ServingSettings
from simulator.cli.dns.named_resources import RECORDS_NAME
from simulator.control.domain_checks import DomainChecks, Lookup
from simulator.edge.live.front import HOST, HOST_6, Front
from simulator.fleet.credentials.aws_endpoint import AwsEndpoint
from simulator.fleet.credentials.hosted_zones import HostedZoneLookup
from simulator.wire.dns.dns_lookup import OwnLookup, ResolverLookup
from simulator.wire.dns.dns_server import DnsServer
from simulator.wire.dns.zone_file import ZoneFile
from simulator.wire.dns.zones import Zones

_GLOBAL: Final = "us-east-1"  # the Region of Route 53, which is global


class ServeDns:
    """The DNS server. Create it before the platform, whose domains it validates. It listens from `open` to `close`.

    Without a port it does not listen.
    """

    def __init__(
        self,
        state: Path,
        *,
        port: int | None = None,
        zone: Path | None = None,
        resolver: tuple[str, int] | None = None,
        route53: str | None = None,
        checks: Callable[[Lookup, str], DomainChecks] | None = None,
    ) -> None:
        """Read the records.

        `route53`: an endpoint in whose hosted zones records are looked up. `checks`: returns how domains are validated,
        from a lookup and the name of the time profile.

        Raises:
            ValueError: for a malformed zone file.
            OSError: if the zone file cannot be read.
        """
        self._port = port
        self._resolver = resolver
        self._hosted = None if route53 is None else HostedZoneLookup(AwsEndpoint("route53", route53, _GLOBAL))
        self._checks = checks
        files = [ZoneFile(path) for path in (state / RECORDS_NAME, zone) if path is not None]
        self.zones = Zones(files, addresses=[HOST, HOST_6])
        self._server: DnsServer | None = None

    @property
    def port(self) -> int:
        """The port in the configuration; 0 is any free one."""
        return self._port or 0

    def settings(self, settings: ServingSettings) -> ServingSettings:
        """Return the settings with validation of custom domains by records, if that is configured."""
        if self._checks is None:
            return settings
        control = settings.control
        api = replace(control.api, domain_checks=self._checks(self._lookup(), control.profile.name))
        return replace(settings, control=replace(control, api=api))

    def _lookup(self) -> Lookup:
        if self._hosted is not None:
            return self._hosted
        return OwnLookup(self.zones) if self._resolver is None else ResolverLookup(*self._resolver)

    async def open(self, front: Front) -> list[str]:
        """Answer for the host names of the front, and return lines for the user.

        Raises:
            OSError: if the port is not available.
        """
        self.zones.serve(front)
        if self._port is None:
            return []
        server = DnsServer(self.zones, self._port)
        await server.open()
        self._server = server
        return [f"DNS at {HOST}:{server.port}, UDP and TCP: dig @{HOST} -p {server.port} NAME"]

    async def close(self) -> None:
        if self._server is not None:
            await self._server.close()
        if self._hosted is not None:
            await self._hosted.close()
