"""Security groups: lists of rules that allow traffic; all other traffic is dropped.

They are stateful: the responses to an allowed connection pass, whatever the rules of the other direction are. So a
connection needs one rule at its source (egress) and one at its destination (ingress).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Final

IpNetwork = IPv4Network | IPv6Network

PORT_MAX: Final = 65_535
EVERYWHERE: Final = (ip_network("0.0.0.0/0"), ip_network("::/0"))


class NetworkProtocol(StrEnum):
    """The protocol of a rule or of traffic; EC2 writes -1 for ALL."""

    ALL = "all"
    TCP = "tcp"
    UDP = "udp"
    ICMP = "icmp"

    @property
    def has_ports(self) -> bool:
        return self in {NetworkProtocol.TCP, NetworkProtocol.UDP}

    def covers(self, other: NetworkProtocol) -> bool:
        return self in {NetworkProtocol.ALL, other}


@dataclass(frozen=True, slots=True)
class NetworkPeer:
    """The other side of a connection: its address, or the range that contains it, and its security groups."""

    addresses: IpNetwork
    groups: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class GroupRule:
    """A rule that allows `protocol` on ports `first` to `last` with peers in `ranges` or with one of `groups`.

    The ports are used only for TCP and UDP.
    """

    protocol: NetworkProtocol = NetworkProtocol.ALL
    first: int = 0
    last: int = PORT_MAX
    ranges: tuple[IpNetwork, ...] = ()
    groups: frozenset[str] = frozenset()

    def names(self, peer: NetworkPeer) -> bool:
        """Return True if the rule applies to the peer.

        ASSUMPTION: a range that covers only a part of a subnet applies to none of its addresses, because the address
        that an instance gets in the subnet is not known. On AWS it would apply to some instances. An address per
        instance settles it.
        """
        if self.groups & peer.groups:
            return True
        return any(contains(each, peer.addresses) for each in self.ranges)

    def allows(self, protocol: NetworkProtocol, port: int, peer: NetworkPeer) -> bool:
        if not self.protocol.covers(protocol) or not self.names(peer):
            return False
        # A rule for all protocols has no ports, and neither has ICMP.
        return self.protocol is NetworkProtocol.ALL or not protocol.has_ports or self.first <= port <= self.last


# The rules of a new security group: all outgoing and no incoming traffic is allowed.
ALL_EGRESS: Final = (GroupRule(ranges=EVERYWHERE),)


@dataclass(frozen=True, slots=True)
class SecurityGroup:
    """A security group with its rules for outgoing (egress) and incoming (ingress) traffic."""

    id: str
    egress: tuple[GroupRule, ...] = ALL_EGRESS
    ingress: tuple[GroupRule, ...] = ()


def contains(network: IpNetwork, other: IpNetwork) -> bool:
    """Return True if all addresses of `other` are in `network`; False if their IP versions differ."""
    if isinstance(network, IPv4Network):
        return isinstance(other, IPv4Network) and other.subnet_of(network)
    return isinstance(other, IPv6Network) and other.subnet_of(network)


def any_allows(rules: Iterable[GroupRule], protocol: NetworkProtocol, port: int, peer: NetworkPeer) -> bool:
    """Return True if one of the rules allows the traffic. Rules of several groups add up; no rule denies traffic."""
    return any(rule.allows(protocol, port, peer) for rule in rules)
