"""Outgoing traffic of a service: what happens to a connection, given network configuration and destination (facts
10.1).

EgressType DEFAULT gives access to the internet and to no VPC. EgressType VPC sends all traffic through the connector's
subnets: to members of the VPC if the security groups of both sides allow it, and to the internet only through a NAT
gateway.

Traffic that is not allowed is dropped without an answer, as on AWS, so the client waits until its own time-out.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_network
from typing import Final

from simulator.rules.network.security_groups import NetworkPeer, NetworkProtocol, any_allows
from simulator.rules.network.vpc import Subnet, Vpc, VpcMember, Vpcs, peer_at
from simulator.rules.waf.addresses import Address

# Addresses to which the internet has no route: private (RFC 1918, 4193), shared (RFC 6598), link-local, loopback.
PRIVATE: Final = tuple(
    map(
        ip_network,
        (
            *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "127.0.0.0/8"),
            *("fc00::/7", "fe80::/10", "::1/128"),
        ),
    )
)


class NetworkOutcome(StrEnum):
    """What happens to a connection attempt."""

    ALLOWED = "allowed"
    REJECTED = "rejected"  # the security groups allow it, but nothing listens there: answered immediately
    DROPPED = "dropped"  # a security group does not allow it: no answer
    NO_ROUTE = "no route"  # no route leads to the destination: no answer


@dataclass(frozen=True, slots=True)
class EgressSource:
    """The network configuration of an instance: a VPC and a subnet of its connector, or neither (EgressType
    DEFAULT).
    """

    vpc: Vpc | None = None
    subnet: Subnet | None = None
    groups: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        assert (self.vpc is None) == (self.subnet is None), "a VPC and one of its subnets, or neither"

    def peers(self) -> tuple[NetworkPeer, ...]:
        """Return the instance as a peer in the rules of a destination, once per address range of its subnet."""
        assert self.subnet is not None, "EgressType DEFAULT has no address in a VPC"
        return tuple(NetworkPeer(each, frozenset(self.groups)) for each in self.subnet.ranges)


@dataclass(frozen=True, slots=True)
class EgressVerdict:
    """The verdict on a connection. `reason` is a sentence; `member` has the destination address, None if nothing has
    it.
    """

    outcome: NetworkOutcome
    reason: str
    member: VpcMember | None = None


def egress_verdict(
    source: EgressSource,
    destination: Address,
    port: int,
    vpcs: Vpcs,
    protocol: NetworkProtocol = NetworkProtocol.TCP,
) -> EgressVerdict:
    """Return the verdict on a connection, or on the first packet of a flow. Responses to allowed traffic
    always pass.
    """
    if source.vpc is None:
        around = next((each for each in vpcs.vpcs if each.has(destination)), None)
        if around is not None:
            return _no_route(f"EgressType DEFAULT does not lead into {around.id}")
        return _internet(destination, port, vpcs, "EgressType DEFAULT leads to the internet")
    member = source.vpc.member_at(destination)
    peer = NetworkPeer(ip_network(destination)) if member is None else peer_at(member)
    if not any_allows(source.vpc.egress_of(source.groups), protocol, port, peer):
        return _dropped(f"no egress rule of {_listed(source.groups)} allows {_traffic(protocol, port, peer)}", member)
    if source.vpc.has(destination):
        return _inside(source, source.vpc, member, destination, port, protocol)
    assert source.subnet is not None
    if not source.subnet.nat:
        return _no_route(f"{source.subnet.id} has no route to the internet through a NAT gateway")
    return _internet(destination, port, vpcs, f"{source.subnet.id} leads to the internet through a NAT gateway")


def _inside(
    source: EgressSource,
    vpc: Vpc,
    member: VpcMember | None,
    destination: Address,
    port: int,
    protocol: NetworkProtocol,
) -> EgressVerdict:
    """Return the verdict for a destination in the source's own VPC, which the egress rules of the source allow."""
    if member is None:
        return _no_route(f"nothing in {vpc.id} has the address {destination}")
    if not _admitted(source, vpc, member, protocol, port):
        assert source.subnet is not None
        return _dropped(
            f"no ingress rule of {_listed(member.groups)} allows {_what(protocol, port)} from {_listed(source.groups)} "
            f"in {source.subnet.id}",
            member,
        )
    return _at(member, port, "the security groups of both sides allow it")


def _admitted(source: EgressSource, vpc: Vpc, member: VpcMember, protocol: NetworkProtocol, port: int) -> bool:
    rules = tuple(vpc.ingress_of(member.groups))
    # A dual-stack subnet has two ranges; the source address is in the range of the destination's IP version.
    return any(
        any_allows(rules, protocol, port, peer)
        for peer in source.peers()
        if peer.addresses.version == member.address.version
    )


def _internet(destination: Address, port: int, vpcs: Vpcs, reason: str) -> EgressVerdict:
    member = next((each for each in vpcs.internet.values() if each.address == destination), None)
    if member is not None:
        return _at(member, port, reason)
    if any(destination in each for each in PRIVATE):
        return _no_route(f"{destination} is not an address of the internet")
    return EgressVerdict(NetworkOutcome.ALLOWED, reason)


def _at(member: VpcMember, port: int, reason: str) -> EgressVerdict:
    if port not in member.ports:
        return EgressVerdict(NetworkOutcome.REJECTED, f"{member.name} does not listen on port {port}", member)
    return EgressVerdict(NetworkOutcome.ALLOWED, reason, member)


def _no_route(reason: str) -> EgressVerdict:
    return EgressVerdict(NetworkOutcome.NO_ROUTE, reason)


def _dropped(reason: str, member: VpcMember | None) -> EgressVerdict:
    return EgressVerdict(NetworkOutcome.DROPPED, reason, member)


def _traffic(protocol: NetworkProtocol, port: int, peer: NetworkPeer) -> str:
    to = _listed(tuple(sorted(peer.groups))) if peer.groups else str(peer.addresses.network_address)
    return f"{_what(protocol, port)} to {to}"


def _what(protocol: NetworkProtocol, port: int) -> str:
    return f"{protocol} {port}" if protocol.has_ports else str(protocol)


def _listed(groups: tuple[str, ...]) -> str:
    return " or ".join(groups) or "no security group"
