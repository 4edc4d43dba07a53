"""The `dns` section of the configuration of `simulator serve`."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from simulator.cli.exit_codes import cannot
from simulator.cli.front.config_paths import File
from simulator.control.domain_checks import CHECK_EVERY_S, GIVE_UP_S, RENEWAL_S, VALID_S, DomainChecks, Lookup
from simulator.scenario.sections.aws_spec import ENDPOINT
from simulator.scenario.sections.base_model import Count, Duration, Section

if TYPE_CHECKING:
    from simulator.cli.platform.serve_dns import ServeDns

_DNS_PORT: Final = 53
_PORT_MAX: Final = 65535
# Seconds between lookups with the time profile `instant`, whose operations take as long as their work.
_INSTANT_EVERY_S: Final = 1.0


def _address(text: str) -> str:
    parse_resolver(text)
    return text


def parse_resolver(text: str) -> tuple[str, int]:
    """Return (address, port) of a resolver.

    Raises:
        ValueError: for any other text.
    """
    host, port = text, str(_DNS_PORT)
    if text.startswith("[") or text.count(":") == 1:
        host, _, port = text.rpartition(":")
    try:
        address = ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        address = None
    if address is None or not (port.isascii() and port.isdigit() and 0 < int(port) <= _PORT_MAX):
        msg = f"{text!r} is not an IP address, or one with a port; write one such as 127.0.0.1:5353"
        raise ValueError(msg)
    return str(address), int(port)


class DnsSection(Section):
    """An authoritative DNS server on 127.0.0.1, and whether custom domains are validated by its records."""

    port: Annotated[Count, Field(ge=0, le=_PORT_MAX)] | None = None
    """Port of the DNS server, for UDP and TCP; 0 is any free one; without it there is no DNS server."""
    zone: File | None = None
    """Zone file with records to answer in addition to those of `simulator dns add`; read again when it changes."""
    validation: Literal["instant", "records"] = "instant"
    """Validate custom domains without a lookup (instant), or by the records in DNS (records)."""
    resolver: Annotated[str, AfterValidator(_address)] | None = None
    """Where records are looked up, as ADDRESS or ADDRESS:PORT. Default: in the simulator's own DNS."""
    route53: Annotated[str | None, Field(pattern=ENDPOINT)] = None
    """An AWS-compatible endpoint of Route 53 in whose public hosted zones records are looked up, for example moto.
    Credentials come from the environment or a profile.
    """
    check_every: Duration | None = None
    """Time between two lookups of missing records. Default: 1s, or 60s with the time profile app-runner."""
    give_up: Duration = GIVE_UP_S
    """Time after which a validation fails."""
    renewal: Duration = RENEWAL_S
    """Time from a certificate's issue until its records are looked up again."""
    validity: Duration = VALID_S
    """Time from a certificate's issue to its end, if the records are missing since its renewal was due."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.validation == "instant" and self.resolver is not None:
            msg = "resolver = given, must come with validation: records"
            raise ValueError(msg)
        if self.validation == "instant" and self.route53 is not None:
            msg = "route53 = given, must come with validation: records"
            raise ValueError(msg)
        if self.resolver is not None and self.route53 is not None:
            msg = "route53 = given, must be left out with a resolver"
            raise ValueError(msg)
        if self.renewal >= self.validity:
            msg = f"renewal = {self.renewal:g}s, must be less than the validity, {self.validity:g}s"
            raise ValueError(msg)
        return self

    def checks(self, lookup: Lookup, profile: str) -> DomainChecks:
        """Return how domains are validated by their records. `profile`: the name of the time profile."""
        default = _INSTANT_EVERY_S if profile == "instant" else CHECK_EVERY_S
        every = default if self.check_every is None else self.check_every
        return DomainChecks(lookup, every, self.give_up, self.renewal, self.validity)

    def opened(self, state: Path) -> ServeDns | None:
        """Return the DNS server if it has a port or validates domains; otherwise None, without importing its library.

        Raises:
            ValueError: for a malformed zone file.
        """
        by_records = self.validation == "records"
        if self.port is None and not by_records:
            return None
        from simulator.cli.platform.serve_dns import ServeDns  # noqa: PLC0415 see above

        resolver = None if self.resolver is None else parse_resolver(self.resolver)
        checks = self.checks if by_records else None
        try:
            return ServeDns(
                state, port=self.port, zone=self.zone, resolver=resolver, route53=self.route53, checks=checks
            )
        except OSError as error:
            cannot(error)
