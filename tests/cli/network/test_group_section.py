from __future__ import annotations

from ipaddress import ip_network

import pytest

from simulator.cli.network.group_section import EgressRuleSection, GroupSection, IngressRuleSection, port_range
from simulator.rules.network.security_groups import ALL_EGRESS, PORT_MAX, GroupRule, NetworkProtocol


@pytest.mark.parametrize(
    ("given", "expected"), [(5432, (5432, 5432)), ("8000 - 8080", (8000, 8080)), ("0-65535", (0, PORT_MAX))]
)
def test_ports(given: object, expected: tuple[int, int]) -> None:
    assert port_range(given) == expected


@pytest.mark.parametrize("given", [True, -1, 65536, "80-79", "http", 1.5, None])
def test_malformed_ports(given: object) -> None:
    with pytest.raises(ValueError, match="is not a port; write one of 0 to 65535 such as 5432, or a range"):
        port_range(given)


def test_a_rule_with_ports_is_for_tcp_and_one_without_for_all_traffic() -> None:
    with_ports = IngressRuleSection.model_validate({"ports": 80, "from": "sg-1"})
    assert with_ports.rule(with_ports.from_spec) == GroupRule(NetworkProtocol.TCP, 80, 80, groups=frozenset({"sg-1"}))
    without = EgressRuleSection.model_validate({"to": "10.0.0.0/16"})
    assert without.rule(without.to_spec) == GroupRule(ranges=(ip_network("10.0.0.0/16"),))
    udp = EgressRuleSection.model_validate({"protocol": "udp", "ports": 53, "to": ["sg-1", "10.0.0.0/16"]})
    assert udp.rule(udp.to_spec) == GroupRule(
        NetworkProtocol.UDP, 53, 53, (ip_network("10.0.0.0/16"),), frozenset({"sg-1"})
    )


def test_a_new_group_lets_everything_out_and_an_empty_list_nothing() -> None:
    assert GroupSection().group("sg-1").egress == ALL_EGRESS
    assert GroupSection(egress=()).group("sg-1").egress == ()
