"""The traffic that a network interface lets out, as a plan for the code that enforces it. It has the same verdicts as
`egress`, for all destinations at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from simulator.rules.network.egress import PRIVATE, EgressSource, NetworkOutcome, egress_verdict
from simulator.rules.network.security_groups import (
    EVERYWHERE,
    PORT_MAX,
    GroupRule,
    IpNetwork,
    NetworkProtocol,
    contains,
)
from simulator.rules.network.vpc import ForwardTarget, VpcMember, Vpcs, peer_at
from simulator.rules.waf.addresses import Address


@dataclass(frozen=True, slots=True)
class EgressForward:
    """Connections to `address` and `port` go to `target`."""

    address: Address
    port: int
    target: ForwardTarget


@dataclass(frozen=True, slots=True)
class EgressOpening:
    """Traffic of `protocol` to ports `first` to `last` of the addresses `destination`."""

    protocol: NetworkProtocol
    first: int
    last: int
    destination: IpNetwork

    def covers(self, destination: Address, port: int, protocol: NetworkProtocol) -> bool:
        if destination not in self.destination or not self.protocol.covers(protocol):
            return False
        return self.protocol is NetworkProtocol.ALL or not protocol.has_ports or self.first <= port <= self.last


@dataclass(frozen=True, slots=True)
class EgressPlan:
    """The rules of an interface, applied in this order: connections in `forwards` are forwarded; traffic in `rejected`
    is answered with a rejection; other traffic to `closed` is dropped; traffic in `internet` is let through. Everything
    else is dropped.

    `names` maps host names to addresses. `notes` are sentences for users about members that cannot be reached.
    """

    forwards: tuple[EgressForward, ...] = ()
    rejected: tuple[EgressOpening, ...] = ()
    closed: tuple[IpNetwork, ...] = PRIVATE
    internet: tuple[EgressOpening, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def outcome(self, destination: Address, port: int, protocol: NetworkProtocol = NetworkProtocol.TCP) -> bool | None:
        """Return True if the traffic is let through, False if it is dropped, None if it is answered with a
        rejection.
        """
        if protocol is NetworkProtocol.TCP and (destination, port) in {(f.address, f.port) for f in self.forwards}:
            return True
        if any(each.covers(destination, port, protocol) for each in self.rejected):
            return None
        if any(destination in each for each in self.closed):
            return False
        return any(each.covers(destination, port, protocol) for each in self.internet)


def egress_plan(source: EgressSource, vpcs: Vpcs) -> EgressPlan:
    """Return the plan for the interface of an instance."""
    members = (*(() if source.vpc is None else source.vpc.members.values()), *vpcs.internet.values())
    forwards, notes = list[EgressForward](), list[str]()
    for member in members:
        for port, target in member.ports.items():
            verdict = egress_verdict(source, member.address, port, vpcs)
            if verdict.outcome is NetworkOutcome.ALLOWED:
                forwards.append(EgressForward(member.address, port, target))
            else:
                notes.append(f"{member.name}:{port} cannot be reached: {verdict.reason}")
    return EgressPlan(
        tuple(forwards),
        tuple(opening for member in members for opening in _rejected(source, member, vpcs)),
        (*PRIVATE, *(each for vpc in vpcs.vpcs for each in vpc.ranges)),
        tuple(_internet(source)),
        # ASSUMPTION: names resolve outside their VPC too, because the public DNS of RDS and ElastiCache endpoints has
        # their private addresses. Names in a private hosted zone would not resolve. A service without a connector on
        # AWS settles it.
        {each.name: str(each.address) for each in (*_all_members(vpcs), *vpcs.internet.values())}
        | {each.name: str(each.address) for each in members},
        tuple(notes),
    )


def _all_members(vpcs: Vpcs) -> Iterator[VpcMember]:
    for vpc in vpcs.vpcs:
        yield from vpc.members.values()


def _rejected(source: EgressSource, member: VpcMember, vpcs: Vpcs) -> Iterator[EgressOpening]:
    """Yield the ranges of TCP ports of a member that are allowed but on which nothing listens."""
    vpc = source.vpc
    edges = {0, PORT_MAX + 1, *(port + step for port in member.ports for step in (0, 1))}
    rules = () if vpc is None else (*vpc.egress_of(source.groups), *vpc.ingress_of(member.groups))
    for rule in rules:
        edges |= {rule.first, rule.last + 1}
    ordered = sorted(edges)
    # All ports between two successive edges have the same verdict.
    for first, after in pairwise(ordered):
        if egress_verdict(source, member.address, first, vpcs).outcome is NetworkOutcome.REJECTED:
            yield EgressOpening(NetworkProtocol.TCP, first, after - 1, peer_at(member).addresses)


def _internet(source: EgressSource) -> Iterator[EgressOpening]:
    """Yield the traffic that may leave for the internet by the egress rules."""
    if source.vpc is None:
        rules: tuple[GroupRule, ...] = (GroupRule(ranges=EVERYWHERE),)
    elif source.subnet is not None and source.subnet.nat:
        rules = tuple(source.vpc.egress_of(source.groups))
    else:
        rules = ()
    seen = set[EgressOpening]()
    for rule in rules:
        for each in rule.ranges:
            # A range inside a private one contains no addresses of the internet.
            opening = EgressOpening(rule.protocol, rule.first, rule.last, each)
            if opening not in seen and not any(contains(private, each) for private in PRIVATE):
                seen.add(opening)
                yield opening
