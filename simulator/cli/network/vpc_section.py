"""A VPC in the configuration of `simulator serve`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Annotated, Any, Final, Self

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator

from simulator.cli.network.group_section import GROUP, GroupSection, IpRanges, as_list
from simulator.model.text.problems import one_of
from simulator.rules.network.security_groups import PORT_MAX, GroupRule, SecurityGroup, contains
from simulator.rules.network.vpc import ForwardTarget, Subnet, Vpc, VpcMember
from simulator.scenario.sections.base_model import Flag, Section

VPC: Final = "vpc-"
SUBNET: Final = "subnet-"
ENDPOINT: Final = "vpce-"
HOST: Final = "127.0.0.1"


def ids(prefix: str) -> AfterValidator:
    """Return a validator that the keys of a mapping are ids of one kind, which begin with `prefix`."""

    def check(given: Mapping[str, Any]) -> Mapping[str, Any]:
        for name in given:
            if not name.startswith(prefix):
                msg = f"{name!r} is not an id; write one such as {prefix}0a1b2c3d"
                raise ValueError(msg)
        return given

    return AfterValidator(check)


def forward_target(value: object) -> ForwardTarget:
    """Parse `127.0.0.1:15432`, `db.example:5432`, or a port of this machine."""
    text = str(value)
    host, found, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]") if found else HOST
    if host and port.isascii() and port.isdigit() and 0 < int(port) <= PORT_MAX and not isinstance(value, bool):
        return ForwardTarget(host, int(port))
    msg = f"{value!r} is not a target; write an address and a port such as 127.0.0.1:15432, or a port"
    raise ValueError(msg)


def _ip_address(value: object) -> IPv4Address | IPv6Address:
    try:
        return ip_address(str(value))
    except ValueError as error:
        msg = f"{value!r} is not an address; write one such as 10.0.1.10"
        raise ValueError(msg) from error


def _ports(value: object) -> object:
    """Return the mapping with numbers as keys; YAML may give them as text."""
    if not isinstance(value, Mapping):
        return value
    for port in value:
        if isinstance(port, bool) or not str(port).isdecimal() or not 0 < int(str(port)) <= PORT_MAX:
            msg = f"{port!r} is not a port; write one of 1 to {PORT_MAX}"
            raise ValueError(msg)
    return {int(str(port)): target for port, target in value.items()}


IpAddress = Annotated[IPv4Address | IPv6Address, BeforeValidator(_ip_address), WithJsonSchema({"type": "string"})]
Target = Annotated[
    ForwardTarget,
    BeforeValidator(forward_target),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "integer", "minimum": 1, "maximum": PORT_MAX}]}),
]
TargetPorts = Annotated[Mapping[int, Target], BeforeValidator(_ports)]


class SubnetSection(Section):
    """A subnet of a VPC."""

    cidr: IpRanges
    """Its address range, or the two ranges of a dual-stack subnet."""
    zone: str = ""
    """Its Availability Zone."""
    nat: Flag = False
    """Whether its route table has a route to the internet through a NAT gateway."""


class ServerSection(Section):
    """A server that accepts TCP connections at an address."""

    address: IpAddress
    """Its address in the simulated network."""
    ports: TargetPorts
    """Maps each of its ports to the real target: an address and a port, or a port of this machine."""

    def member(self, name: str) -> VpcMember:
        return VpcMember(name, self.address, (), self.ports)


class _InVpcSection(Section):
    address: IpAddress
    """Its address."""
    groups: Annotated[tuple[str, ...], BeforeValidator(as_list)] = ()
    """Its security groups. Default: the VPC's default security group."""


class MemberSection(_InVpcSection):
    """A member of a VPC that accepts TCP connections, such as a database."""

    ports: TargetPorts
    """Maps each of its ports to the real target: an address and a port, or a port of this machine."""

    def member(self, name: str) -> VpcMember:
        return VpcMember(name, self.address, self.groups, self.ports)


class EndpointSection(_InVpcSection):
    """A VPC endpoint, through which members of the VPC reach private services."""

    def member(self, name: str) -> VpcMember:
        return VpcMember(name, self.address, self.groups)


class VpcSection(Section):
    """A VPC."""

    cidr: IpRanges
    """Its address ranges."""
    subnets: Annotated[Mapping[str, SubnetSection], ids(SUBNET)] = Field(default_factory=dict)
    """Its subnets."""
    security_groups: Annotated[Mapping[str, GroupSection], ids(GROUP)] = Field(default_factory=dict)
    """Its security groups."""
    default_group: str | None = None
    """The default security group. Default: one that allows all outgoing traffic, and incoming traffic from itself."""
    members: Mapping[str, MemberSection] = Field(default_factory=dict)
    """Maps host names in the VPC to the members that answer."""
    endpoints: Annotated[Mapping[str, EndpointSection], ids(ENDPOINT)] = Field(default_factory=dict)
    """Its VPC endpoints for private services."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        for problem in (*self._outside(), *self._unknown(), *self._twice()):
            raise ValueError(problem)
        return self

    def _addressed(self) -> Iterator[tuple[str, _InVpcSection]]:
        yield from self.members.items()
        yield from self.endpoints.items()

    def _outside(self) -> Iterator[str]:
        ranges = ", ".join(map(str, self.cidr))
        for name, subnet in self.subnets.items():
            for each in subnet.cidr:
                if not any(contains(around, each) for around in self.cidr):
                    yield f"subnet = {name} with {each}, must be inside of the VPC's {ranges}"
        for name, member in self._addressed():
            if not any(member.address in around for around in self.cidr):
                yield f"member = {name} with {member.address}, must be inside of the VPC's {ranges}"

    def _unknown(self) -> Iterator[str]:
        if self.default_group is not None and self.default_group not in self.security_groups:
            yield f"default_group = {self.default_group}, must be {one_of(self.default_group, self.security_groups)}"
        used = [(f"member = {name} with", each) for name, member in self._addressed() for each in member.groups]
        for name, section in self.security_groups.items():
            group = section.group(name)
            named = sorted(frozenset[str]().union(*(rule.groups for rule in (*group.ingress, *group.egress))))
            used += [(f"security_group = {name} with", each) for each in named]
        for place, name in used:
            if name not in self.security_groups:
                yield f"{place} {name}, must be with {one_of(name, self.security_groups)}"

    def _twice(self) -> Iterator[str]:
        ranges = [(name, each) for name, subnet in self.subnets.items() for each in subnet.cidr]
        for position, (name, one) in enumerate(ranges):
            for other, another in ranges[:position]:
                if one.overlaps(another):
                    yield f"subnet = {name} with {one}, must not overlap {other} with {another}"
        seen = dict[IPv4Address | IPv6Address, str]()
        for name, member in self._addressed():
            if member.address in seen:
                yield f"member = {name} with {member.address}, must not have the address of {seen[member.address]}"
            seen[member.address] = name

    def _default(self, vpc: str) -> str:
        """Return the id of the default security group.

        If none is configured, it is derived from `vpc`, the VPC's id.
        """
        return self.default_group or GROUP + vpc.removeprefix(VPC)

    def vpc(self, name: str) -> Vpc:
        """Return the VPC with the id `name`."""
        default = self._default(name)
        groups = {each: section.group(each) for each, section in self.security_groups.items()}
        if default not in groups:
            groups[default] = SecurityGroup(default, ingress=(GroupRule(groups=frozenset({default})),))
        return Vpc(
            name,
            self.cidr,
            {each: Subnet(each, given.cidr, given.zone, given.nat) for each, given in self.subnets.items()},
            groups,
            {
                each: replace(given.member(each), groups=given.groups or (default,))
                for each, given in self.members.items()
            },
            default,
            {
                each: replace(given.member(each), groups=given.groups or (default,))
                for each, given in self.endpoints.items()
            },
        )
