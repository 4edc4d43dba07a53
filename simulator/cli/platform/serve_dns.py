"""The DNS of `simulator serve`: its records, its listener, and the validation of custom domains by it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from simulator.assembly.serving import Serving, ServingSettings
from simulator.cli.dns.named_resources import RECORDS_NAME
from simulator.cli.platform.dns_section import DnsSection, parse_resolver
from simulator.control.domain_checks import Lookup
from simulator.edge.live.front import HOST
from simulator.wire.dns.dns_lookup import OwnLookup, ResolverLookup
from simulator.wire.dns.dns_server import DnsServer
from simulator.wire.dns.zone_file import ZoneFile
from simulator.wire.dns.zones import Zones


class ServeDns:
    """Created before the platform, whose domains it validates; listens from `open` to `close`, if a port is wanted."""

    def __init__(self, section: DnsSection, state: Path) -> None:
        """Read the records. Raises ValueError for a malformed zone file and OSError for an unreadable one."""
        self._section = section
        files = [ZoneFile(path) for path in (state / RECORDS_NAME, section.zone) if path is not None]
        self.zones = Zones(files, addresses=[HOST])
        self._server: DnsServer | None = None

    @property
    def port(self) -> int:
        """The port in the configuration; 0 is any free one."""
        return self._section.port or 0

    def settings(self, settings: ServingSettings) -> ServingSettings:
        """Return the settings with the validation of custom domains by records, if that is wanted."""
        section, control = self._section, settings.control
        if section.validation != "records":
            return settings
        lookup: Lookup = OwnLookup(self.zones)
        if section.resolver is not None:
            lookup = ResolverLookup(*parse_resolver(section.resolver))
        api = replace(control.api, domain_checks=section.checks(lookup, control.profile.name))
        return replace(settings, control=replace(control, api=api))

    async def open(self, serving: Serving) -> list[str]:
        """Answer for the names that the platform's front knows, and return lines for the user. Raises OSError."""
        front = serving.platform.front
        assert front is not None
        self.zones.knows = front.knows
        if self._section.port is None:
            return []
        server = DnsServer(self.zones, self._section.port)
        await server.open()
        self._server = server
        return [f"DNS at {HOST}:{server.port}, UDP and TCP: dig @{HOST} -p {server.port} NAME"]

    async def close(self) -> None:
        if self._server is not None:
            await self._server.close()
