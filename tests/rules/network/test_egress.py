from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest

from simulator.rules.network.egress import EgressSource, NetworkOutcome, egress_verdict
from simulator.rules.network.security_groups import EVERYWHERE, GroupRule, NetworkProtocol, SecurityGroup
from simulator.rules.network.vpc import ForwardTarget, Subnet, Vpc, VpcMember, Vpcs
from tests.rules.network.clouds import GROUPS, VPC, VPCS, A, B

DEFAULT = EgressSource()
OPEN_A = EgressSource(VPC, A, ("sg-app",))
OPEN_B = EgressSource(VPC, B, ("sg-app",))
NARROW_A = EgressSource(VPC, A, ("sg-narrow",))
NARROW_B = EgressSource(VPC, B, ("sg-narrow",))
NONE_A = EgressSource(VPC, A, ("sg-none",))
BOTH_B = EgressSource(VPC, B, ("sg-none", "sg-app"))
STRANGER = EgressSource(VPC, A, ("sg-cache",))

DB, CACHE, EMPTY, API, PUBLIC = "10.0.9.10", "10.0.9.11", "10.0.9.99", "198.51.100.7", "93.184.216.34"
ALLOWED, REJECTED, DROPPED, NO_ROUTE = (
    NetworkOutcome.ALLOWED,
    NetworkOutcome.REJECTED,
    NetworkOutcome.DROPPED,
    NetworkOutcome.NO_ROUTE,
)


@pytest.mark.parametrize(
    ("source", "destination", "port", "outcome", "reason"),
    [
        # EgressType DEFAULT: the internet is reachable, the VPC is not (facts 10.1).
        (DEFAULT, PUBLIC, 443, ALLOWED, "EgressType DEFAULT leads to the internet"),
        (DEFAULT, API, 443, ALLOWED, "EgressType DEFAULT leads to the internet"),
        (DEFAULT, API, 80, REJECTED, "api.example.com does not listen on port 80"),
        (DEFAULT, DB, 5432, NO_ROUTE, "EgressType DEFAULT does not lead into vpc-one"),
        (DEFAULT, "172.20.1.1", 80, NO_ROUTE, "EgressType DEFAULT does not lead into vpc-two"),
        (DEFAULT, "192.168.1.1", 80, NO_ROUTE, "192.168.1.1 is not an address of the internet"),
        (DEFAULT, "169.254.169.254", 80, NO_ROUTE, "169.254.169.254 is not an address of the internet"),
        # Rules that refer to security groups.
        (OPEN_A, DB, 5432, ALLOWED, "the security groups of both sides allow it"),
        (NARROW_A, DB, 5432, ALLOWED, "the security groups of both sides allow it"),
        (STRANGER, DB, 5432, DROPPED, "no ingress rule of sg-db allows tcp 5432 from sg-cache in subnet-a"),
        (NARROW_A, DB, 5433, DROPPED, "no egress rule of sg-narrow allows tcp 5433 to sg-db"),
        (OPEN_A, DB, 5433, REJECTED, "orders-db.internal does not listen on port 5433"),
        (OPEN_A, DB, 22, DROPPED, "no ingress rule of sg-db allows tcp 22 from sg-app in subnet-a"),
        (NONE_A, DB, 5432, DROPPED, "no egress rule of sg-none allows tcp 5432 to sg-db"),
        # The rules of all groups of an interface add up.
        (BOTH_B, DB, 5432, ALLOWED, "the security groups of both sides allow it"),
        # A rule with a range: only some subnets of a connector are admitted.
        (OPEN_A, CACHE, 6379, ALLOWED, "the security groups of both sides allow it"),
        (OPEN_B, CACHE, 6379, DROPPED, "no ingress rule of sg-cache allows tcp 6379 from sg-app in subnet-b"),
        # EgressType VPC sends all traffic through the VPC: without a NAT gateway there is no internet.
        (OPEN_A, PUBLIC, 443, NO_ROUTE, "subnet-a has no route to the internet through a NAT gateway"),
        (OPEN_A, API, 443, NO_ROUTE, "subnet-a has no route to the internet through a NAT gateway"),
        (OPEN_B, PUBLIC, 443, ALLOWED, "subnet-b leads to the internet through a NAT gateway"),
        (OPEN_B, API, 443, ALLOWED, "subnet-b leads to the internet through a NAT gateway"),
        (NARROW_B, PUBLIC, 443, ALLOWED, "subnet-b leads to the internet through a NAT gateway"),
        (NARROW_B, PUBLIC, 80, DROPPED, "no egress rule of sg-narrow allows tcp 80 to 93.184.216.34"),
        (NONE_A, PUBLIC, 443, DROPPED, "no egress rule of sg-none allows tcp 443 to 93.184.216.34"),
        # Addresses without a member, and addresses of another VPC.
        (OPEN_A, EMPTY, 80, NO_ROUTE, "nothing in vpc-one has the address 10.0.9.99"),
        (OPEN_B, "172.20.1.1", 80, NO_ROUTE, "172.20.1.1 is not an address of the internet"),
    ],
)
def test_a_connection_has_the_expected_verdict_and_reason(
    source: EgressSource, destination: str, port: int, outcome: NetworkOutcome, reason: str
) -> None:
    verdict = egress_verdict(source, ip_address(destination), port, VPCS)
    assert (verdict.outcome, verdict.reason) == (outcome, reason)


@pytest.mark.parametrize(
    ("rule", "protocol", "outcome"),
    [
        (GroupRule(ranges=EVERYWHERE), NetworkProtocol.UDP, REJECTED),
        (GroupRule(NetworkProtocol.UDP, 53, 53, EVERYWHERE), NetworkProtocol.UDP, REJECTED),
        (GroupRule(NetworkProtocol.UDP, 54, 60, EVERYWHERE), NetworkProtocol.UDP, DROPPED),
        (GroupRule(NetworkProtocol.TCP, 53, 53, EVERYWHERE), NetworkProtocol.UDP, DROPPED),
        (GroupRule(NetworkProtocol.TCP, ranges=EVERYWHERE), NetworkProtocol.ICMP, DROPPED),
        (GroupRule(NetworkProtocol.ICMP, 8, 8, EVERYWHERE), NetworkProtocol.ICMP, REJECTED),
        # A rule for all protocols allows all ports, whatever its ports are.
        (GroupRule(NetworkProtocol.ALL, 1, 1, EVERYWHERE), NetworkProtocol.TCP, REJECTED),
    ],
)
def test_a_rule_applies_to_its_protocol_and_ports_only(
    rule: GroupRule, protocol: NetworkProtocol, outcome: NetworkOutcome
) -> None:
    member = VpcMember("box", ip_address("10.0.9.20"), ("sg-box",))
    groups = {**GROUPS, "sg-box": SecurityGroup("sg-box", ingress=(rule,))}
    vpc = Vpc("vpc-one", VPC.ranges, VPC.subnets, groups, {"box": member})
    verdict = egress_verdict(EgressSource(vpc, A, ("sg-app",)), member.address, 53, Vpcs((vpc,)), protocol)
    assert verdict.outcome is outcome


def test_responses_pass_whatever_the_rules_of_their_direction() -> None:
    """No rule lets traffic into sg-app or out of sg-db, but the responses of the database pass."""
    groups = {**GROUPS, "sg-db": SecurityGroup("sg-db", egress=(), ingress=GROUPS["sg-db"].ingress)}
    vpc = Vpc("vpc-one", VPC.ranges, VPC.subnets, groups, VPC.members)
    assert not groups["sg-app"].ingress
    assert egress_verdict(EgressSource(vpc, A, ("sg-app",)), ip_address(DB), 5432, Vpcs((vpc,))).outcome is ALLOWED


@pytest.mark.parametrize(("address", "outcome"), [("fd00:9::10", ALLOWED), ("10.0.9.10", DROPPED)])
def test_a_range_of_one_ip_version_admits_only_that_version(address: str, outcome: NetworkOutcome) -> None:
    dual = Subnet("subnet-d", (ip_network("10.0.1.0/24"), ip_network("fd00:1::/64")))
    member = VpcMember("box", ip_address(address), ("sg-box",), {80: ForwardTarget("127.0.0.1", 1)})
    groups = {
        "sg-app": SecurityGroup("sg-app"),
        "sg-box": SecurityGroup(
            "sg-box", ingress=(GroupRule(NetworkProtocol.TCP, 80, 80, (ip_network("fd00:1::/64"),)),)
        ),
    }
    vpc = Vpc("vpc-one", (ip_network("10.0.0.0/16"), ip_network("fd00::/16")), {dual.id: dual}, groups, {"box": member})
    assert egress_verdict(EgressSource(vpc, dual, ("sg-app",)), member.address, 80, Vpcs((vpc,))).outcome is outcome


def test_a_group_that_does_not_exist_allows_nothing() -> None:
    assert egress_verdict(EgressSource(VPC, A, ("sg-gone",)), ip_address(DB), 5432, VPCS).outcome is DROPPED


def test_a_member_without_a_group_accepts_nothing() -> None:
    bare = VpcMember("bare", ip_address("10.0.9.30"), (), {80: ForwardTarget("127.0.0.1", 1)})
    vpc = Vpc("vpc-one", VPC.ranges, VPC.subnets, GROUPS, {"bare": bare})
    verdict = egress_verdict(EgressSource(vpc, A, ("sg-app",)), bare.address, 80, Vpcs((vpc,)))
    assert verdict.reason == "no ingress rule of no security group allows tcp 80 from sg-app in subnet-a"
