"""A VPC: its subnets, its security groups, and members, which represent what services can connect to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_network

from simulator.rules.network.security_groups import GroupRule, IpNetwork, NetworkPeer, SecurityGroup
from simulator.rules.waf.addresses import Address


@dataclass(frozen=True, slots=True)
class Subnet:
    """A subnet. `nat` is True if its route table leads to the internet through a NAT gateway.

    A route to an internet gateway has no effect for a VPC connector, because its network interfaces have no public
    address.
    """

    id: str
    ranges: tuple[IpNetwork, ...]
    zone: str = ""
    nat: bool = False


@dataclass(frozen=True, slots=True)
class ForwardTarget:
    """The address of a TCP server to which connections are forwarded; this machine must be able to reach it."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class VpcMember:
    """Something in a VPC that accepts TCP connections, such as a database.

    `ports` maps each of its ports to the server that represents it. `groups` are its security groups.
    """

    name: str
    address: Address
    groups: tuple[str, ...] = ()
    ports: Mapping[int, ForwardTarget] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Vpc:
    """A VPC.

    `default_group` is the security group of VPC connectors that name none. `endpoints` are its VPC endpoints for
    private services, which have no ports.
    """

    id: str
    ranges: tuple[IpNetwork, ...]
    subnets: Mapping[str, Subnet] = field(default_factory=dict)
    groups: Mapping[str, SecurityGroup] = field(default_factory=dict)
    members: Mapping[str, VpcMember] = field(default_factory=dict)
    default_group: str = ""
    endpoints: Mapping[str, VpcMember] = field(default_factory=dict)

    def has(self, address: Address) -> bool:
        return any(address in each for each in self.ranges)

    def member_at(self, address: Address) -> VpcMember | None:
        return next((each for each in self.members.values() if each.address == address), None)

    def egress_of(self, groups: Iterable[str]) -> Iterator[GroupRule]:
        """Yield the egress rules of the groups; a group that does not exist has none."""
        for name in groups:
            if name in self.groups:
                yield from self.groups[name].egress

    def ingress_of(self, groups: Iterable[str]) -> Iterator[GroupRule]:
        for name in groups:
            if name in self.groups:
                yield from self.groups[name].ingress


@dataclass(frozen=True, slots=True)
class Vpcs:
    """All VPCs.

    `internet` has, by name, members that represent servers on the internet. `unsupported_zones` are the Availability
    Zones in which App Runner creates no VPC connectors.
    """

    vpcs: tuple[Vpc, ...] = ()
    internet: Mapping[str, VpcMember] = field(default_factory=dict)
    unsupported_zones: frozenset[str] = frozenset()

    def vpc(self, name: str) -> Vpc | None:
        return next((each for each in self.vpcs if each.id == name), None)

    def of_subnet(self, subnet: str) -> Vpc | None:
        return next((each for each in self.vpcs if subnet in each.subnets), None)

    def of_group(self, group: str) -> Vpc | None:
        return next((each for each in self.vpcs if group in each.groups), None)

    @property
    def subnets(self) -> tuple[str, ...]:
        return tuple(name for each in self.vpcs for name in each.subnets)

    @property
    def groups(self) -> tuple[str, ...]:
        return tuple(name for each in self.vpcs for name in each.groups)


def peer_at(member: VpcMember) -> NetworkPeer:
    """Return the member as a peer in the rules of other members."""
    return NetworkPeer(ip_network(member.address), frozenset(member.groups))
