from __future__ import annotations

from ipaddress import ip_network

import pytest

from simulator.rules.network.security_groups import (
    ALL_EGRESS,
    GroupRule,
    NetworkPeer,
    NetworkProtocol,
    any_allows,
    contains,
)

PEER = NetworkPeer(ip_network("10.0.1.0/24"), frozenset({"sg-app"}))


@pytest.mark.parametrize(
    ("network", "other", "expected"),
    [
        ("10.0.0.0/16", "10.0.1.0/24", True),
        ("10.0.1.0/24", "10.0.0.0/16", False),
        ("10.0.1.0/25", "10.0.1.0/24", False),  # a part of the subnet
        ("0.0.0.0/0", "fd00::/64", False),
        ("::/0", "fd00::/64", True),
        ("::/0", "10.0.1.0/24", False),
    ],
)
def test_a_range_contains_only_ranges_inside_it(network: str, other: str, expected: bool) -> None:
    assert contains(ip_network(network), ip_network(other)) is expected


def test_a_rule_applies_to_peers_by_group_or_range() -> None:
    assert GroupRule(groups=frozenset({"sg-app"})).names(PEER)
    assert GroupRule(ranges=(ip_network("10.0.0.0/16"),)).names(PEER)
    assert not GroupRule(groups=frozenset({"sg-other"}), ranges=(ip_network("10.1.0.0/16"),)).names(PEER)


def test_a_rule_without_peers_allows_nothing() -> None:
    assert not any_allows((GroupRule(),), NetworkProtocol.TCP, 80, PEER)


def test_a_new_group_lets_everything_out() -> None:
    for peer in (PEER, NetworkPeer(ip_network("2001:db8::1"))):
        assert any_allows(ALL_EGRESS, NetworkProtocol.ICMP, 0, peer)


@pytest.mark.parametrize(("port", "expected"), [(79, False), (80, True), (90, True), (91, False)])
def test_both_ends_of_a_range_of_ports_belong_to_it(port: int, expected: bool) -> None:
    rule = GroupRule(NetworkProtocol.TCP, 80, 90, groups=frozenset({"sg-app"}))
    assert rule.allows(NetworkProtocol.TCP, port, PEER) is expected
