"""The `network` section: VPCs, the internet, and the behaviour where network rules cannot be enforced."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Final, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from simulator.cli.network.group_section import as_list
from simulator.cli.network.vpc_section import VPC, MemberSection, ServerSection, VpcSection, ids
from simulator.edge.live.live_settings import LiveSettings
from simulator.platform.service_network import NetworkSettings
from simulator.rules.network.egress import PRIVATE
from simulator.rules.network.security_groups import IpNetwork
from simulator.rules.network.vpc import Vpcs
from simulator.scenario.sections.aws_spec import ENDPOINT
from simulator.scenario.sections.base_model import Duration, Flag, Section

if TYPE_CHECKING:
    from simulator.fleet.network.vpc_book import VpcBook

_REQUIRED: Final = "required"


class NetworkSection(Section):
    """Networks of services. Without VPCs, instances use the engine's or this machine's network."""

    vpcs: Annotated[Mapping[str, VpcSection], ids(VPC)] = Field(default_factory=dict)
    """VPCs by their ids."""
    endpoint: str | None = Field(default=None, pattern=ENDPOINT)
    """An AWS-compatible endpoint of EC2 with more VPCs, their subnets, route tables and security groups, for example
    moto. Credentials come from the environment or a profile.
    """
    interval_s: Annotated[Duration, Field(ge=1)] = 30.0
    """Time between two looks at the endpoint. Changed rules act on running instances."""
    members: Annotated[Mapping[str, Mapping[str, MemberSection]], ids(VPC)] = Field(default_factory=dict)
    """Members of the endpoint's VPCs: by the id of the VPC, as in `vpcs`."""
    internet: Mapping[str, ServerSection] = Field(default_factory=dict)
    """Maps host names on the internet to the servers that represent them."""
    unsupported_zones: Annotated[tuple[str, ...], BeforeValidator(as_list)] = ()
    """Availability Zones in which App Runner makes no VPC connectors."""
    enforcement: Literal["required", "optional"] = _REQUIRED
    """If the rules cannot be enforced: fail deployments (required), or warn and run without rules (optional)."""

    private_services_from_host: Flag = False
    """Whether clients on this machine can reach private services too, by the name of their VPC ingress connection."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        for problem in (*self._private(), *self._twice(), *self._without_endpoint()):
            raise ValueError(problem)
        return self

    def _without_endpoint(self) -> Iterator[str]:
        for field, key in (("interval_s", "interval"), ("members", "members")):
            if self.endpoint is None and field in self.model_fields_set:
                yield f"{key} = given, must come with an endpoint"

    def _private(self) -> Iterator[str]:
        for name, server in self.internet.items():
            inside = [str(each) for each in (*PRIVATE, *self._ranges()) if server.address in each]
            if inside:
                yield f"server = {name} with {server.address}, must be outside of {inside[0]}"

    def _ranges(self) -> Iterator[IpNetwork]:
        for each in self.vpcs.values():
            yield from each.cidr

    def _twice(self) -> Iterator[str]:
        kinds: tuple[tuple[str, Iterable[Iterable[str]]], ...] = (
            ("subnet", (each.subnets for each in self.vpcs.values())),
            ("security_group", (each.security_groups for each in self.vpcs.values())),
            ("member", (*(each.members for each in self.vpcs.values()), *self.members.values(), self.internet)),
            ("endpoint", (each.endpoints for each in self.vpcs.values())),
        )
        for kind, parts in kinds:
            seen = set[str]()
            for name in (name for part in parts for name in part):
                if name in seen:
                    yield f"{kind} = {name}, must be in one place only"
                seen.add(name)

    def resolved(self) -> Vpcs | None:
        """Return the VPCs; None if there are none, so that no rules are enforced."""
        if not self.has_vpcs:
            return None
        return Vpcs(
            tuple(section.vpc(name) for name, section in self.vpcs.items()),
            {name: server.member(name) for name, server in self.internet.items()},
            frozenset(self.unsupported_zones),
        )

    def book(self, region: str) -> VpcBook | None:
        """Return the VPCs of the file and of the endpoint; None without an endpoint."""
        configured = self.resolved()
        if self.endpoint is None or configured is None:
            return None
        from simulator.fleet.credentials.aws_endpoint import AwsEndpoint  # noqa: PLC0415 few have an endpoint
        from simulator.fleet.network.vpc_book import VpcBook  # noqa: PLC0415
        from simulator.fleet.network.vpc_endpoint import VpcEndpointReader  # noqa: PLC0415

        members = {
            vpc: {name: each.member(name) for name, each in given.items()} for vpc, given in self.members.items()
        }
        reader = VpcEndpointReader(AwsEndpoint("ec2", self.endpoint, region), members)
        return VpcBook(configured, reader, self.interval_s)

    @property
    def has_vpcs(self) -> bool:
        """True if there are VPCs, in the file or at an endpoint, so that rules are enforced."""
        return bool(self.vpcs) or self.endpoint is not None

    def front(self, settings: LiveSettings) -> LiveSettings:
        """Return the settings of the front with VPC endpoints, and with a listener on ::1."""
        endpoints = tuple(name for section in self.vpcs.values() for name in section.endpoints)
        hides = self.has_vpcs and not self.private_services_from_host
        return replace(settings, dual_stack=True, endpoints=endpoints, hides_private=hides)

    def settings(self, engine: str, book: VpcBook | None = None) -> NetworkSettings | None:
        """Return the network settings of services. `engine`: the address of the container engine."""
        vpcs = self.resolved()
        return None if vpcs is None else NetworkSettings(vpcs, self.enforcement == _REQUIRED, engine, book)
