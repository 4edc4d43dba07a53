"""A VPC as far as services reach it: subnets, security groups, and members, which stand for what runs in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_network

from simulator.rules.network.security_groups import GroupRule, IpNetwork, NetworkPeer, SecurityGroup
from simulator.rules.waf.addresses import Address


@dataclass(frozen=True, slots=True)
class Subnet:
    """`nat`: its route table leads to the internet through a NAT gateway.

    A route to an internet gateway is none for a VPC connector: its network interfaces have no public address.
    """

    id: str
    ranges: tuple[IpNetwork, ...]
    zone: str = ""
    nat: bool = False


@dataclass(frozen=True, slots=True)
class ForwardTarget:
    """An address of this machine, or one that this machine reaches."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class VpcMember:
    """Something in a VPC that accepts TCP connections, such as a database.

    `ports`: what stands for each of its ports. `groups`: its security groups.
    """

    name: str
    address: Address
    groups: tuple[str, ...] = ()
    ports: Mapping[int, ForwardTarget] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Vpc:
    """A VPC. `default_group`: the security group of a VPC connector that names none. `endpoints`: its VPC endpoints for
    private services, without ports.
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
    """All VPCs. `internet`: what stands for servers on the internet, by name.

    `unsupported_zones`: Availability Zones in which App Runner makes no VPC connectors.
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
    """Return the member as the rules of others see it."""
    return NetworkPeer(ip_network(member.address), frozenset(member.groups))
