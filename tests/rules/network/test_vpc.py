from __future__ import annotations

from ipaddress import ip_address, ip_network

from simulator.rules.network.vpc import ForwardTarget, peer_at
from tests.rules.network.clouds import DATABASE, GROUPS, OTHER, VPC, VPCS


def test_a_vpc_returns_its_addresses_members_and_rules() -> None:
    assert VPC.has(ip_address("10.0.200.1"))
    assert not VPC.has(ip_address("10.1.0.1"))
    assert VPC.member_at(ip_address("10.0.9.10")) is DATABASE
    assert VPC.member_at(ip_address("10.0.9.12")) is None
    assert [*VPC.egress_of(("sg-narrow", "sg-gone"))] == [*GROUPS["sg-narrow"].egress]
    assert [*VPC.ingress_of(("sg-db",))] == [*GROUPS["sg-db"].ingress]


def test_vpcs_are_found_by_id_subnet_and_group() -> None:
    assert VPCS.vpc("vpc-two") is OTHER
    assert VPCS.vpc("vpc-three") is None
    assert VPCS.of_subnet("subnet-b") is VPC
    assert VPCS.of_subnet("subnet-c") is None
    assert VPCS.of_group("sg-db") is VPC
    assert VPCS.of_group("sg-gone") is None
    assert VPCS.subnets == ("subnet-a", "subnet-b")
    assert set(VPCS.groups) == set(GROUPS)


def test_a_member_is_a_peer_with_its_address_and_groups() -> None:
    peer = peer_at(DATABASE)
    assert (peer.addresses, peer.groups) == (ip_network("10.0.9.10/32"), frozenset({"sg-db"}))


def test_a_target_is_formatted_as_host_and_port() -> None:
    assert str(ForwardTarget("127.0.0.1", 5432)) == "127.0.0.1:5432"
    assert str(ForwardTarget("::1", 5432)) == "[::1]:5432"
