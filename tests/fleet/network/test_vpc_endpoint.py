"""VPCs of an EC2 endpoint: what the answers of EC2 become, and what a change is."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from typing import Any, cast

import pytest

from simulator.fleet.credentials.aws_endpoint import AwsEndpoint, EndpointError
from simulator.fleet.network.vpc_book import VpcBook
from simulator.fleet.network.vpc_endpoint import VpcEndpointReader, security_group
from simulator.rules.network.security_groups import ALL_EGRESS, PORT_MAX, GroupRule, NetworkProtocol
from simulator.rules.network.vpc import ForwardTarget, Vpc, VpcMember, Vpcs
from simulator.world.clock import ClockKind, run
from simulator.world.tasks import Tasks

ALL_OUT = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}], "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}]
MEMBERS = {
    "vpc-1": {"db.internal": VpcMember("db.internal", ip_address("10.0.9.10"), (), {5432: ForwardTarget("h", 1)})}
}


class FakeEc2:
    """EC2's lists, by the name of the call."""

    endpoint = "http://ec2"

    def __init__(self) -> None:
        self.broken = False
        self.lists: dict[str, list[dict[str, Any]]] = {
            "describe_vpcs": [{"VpcId": "vpc-1", "CidrBlock": "10.0.0.0/16"}],
            "describe_subnets": [
                {"SubnetId": "subnet-1", "VpcId": "vpc-1", "CidrBlock": "10.0.1.0/24", "AvailabilityZone": "a"},
                {"SubnetId": "subnet-2", "VpcId": "vpc-1", "CidrBlock": "10.0.2.0/24", "AvailabilityZone": "b"},
            ],
            "describe_route_tables": [
                {"VpcId": "vpc-1", "Associations": [{"Main": True}], "Routes": [{"GatewayId": "local"}]},
                {
                    "VpcId": "vpc-1",
                    "Associations": [{"SubnetId": "subnet-2"}],
                    "Routes": [{"DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": "nat-1"}],
                },
            ],
            "describe_security_groups": [
                {"GroupId": "sg-1", "GroupName": "default", "VpcId": "vpc-1", "IpPermissionsEgress": ALL_OUT}
            ],
        }

    async def listed(self, call: str, member: str, asked: Any, marker: str) -> list[Mapping[str, Any]]:
        if self.broken:
            raise EndpointError("http://ec2 cannot be reached")
        return list(self.lists[call])

    async def close(self) -> None: ...


def reader(ec2: FakeEc2) -> VpcEndpointReader:
    return VpcEndpointReader(cast("AwsEndpoint", ec2), MEMBERS)


def test_a_vpc_has_its_subnets_groups_routes_and_members() -> None:
    (vpc,) = asyncio.run(reader(FakeEc2()).read())
    assert (vpc.id, vpc.ranges, vpc.default_group) == ("vpc-1", (ip_network("10.0.0.0/16"),), "sg-1")
    assert {name: (each.zone, each.nat) for name, each in vpc.subnets.items()} == {
        "subnet-1": ("a", False),
        "subnet-2": ("b", True),
    }
    assert vpc.members["db.internal"].groups == ("sg-1",)
    assert vpc.groups["sg-1"].egress == ALL_EGRESS


def test_permissions_become_rules() -> None:
    permission = {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5440, "UserIdGroupPairs": [{"GroupId": "sg-2"}]}
    icmp = {"IpProtocol": "icmp", "FromPort": -1, "ToPort": -1, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}
    found = security_group({"GroupId": "sg-1", "IpPermissions": [permission, icmp, {"IpProtocol": "51"}]})
    assert found.egress == ()
    assert found.ingress == (
        GroupRule(NetworkProtocol.TCP, 5432, 5440, (), frozenset({"sg-2"})),
        GroupRule(NetworkProtocol.ICMP, 0, PORT_MAX, (ip_network("10.0.0.0/8"),)),
    )


def test_changes_are_told_and_vpcs_of_the_file_win(caplog: pytest.LogCaptureFixture) -> None:
    ec2, own = FakeEc2(), Vpc("vpc-0", (ip_network("10.9.0.0/16"),))
    ec2.lists["describe_vpcs"].append({"VpcId": "vpc-0", "CidrBlock": "10.8.0.0/16"})
    told: list[float] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()

        async def changed() -> None:
            told.append(loop.time())

        book, tasks = VpcBook(Vpcs((own,)), reader(ec2), 30.0), Tasks("test")
        assert book.present == Vpcs((own,))
        await book.start(changed, tasks)
        assert [each.id for each in book.present.vpcs] == ["vpc-0", "vpc-1"]
        assert book.present.vpcs[0] is own
        await asyncio.sleep(70)
        ec2.lists["describe_security_groups"][0]["IpPermissionsEgress"] = []
        await asyncio.sleep(60)
        ec2.broken = True
        await asyncio.sleep(60)
        assert book.present.vpcs[1].groups["sg-1"].egress == ()
        await tasks.close()
        await book.close()

    run(ClockKind.VIRTUAL, main)
    assert [round(at_s) for at_s in told] == [90]
    assert [each.message for each in caplog.records] == ["VPCs: http://ec2 cannot be reached; they stay as they are"]
