from __future__ import annotations

from ipaddress import ip_network
from typing import Any

import pytest

from simulator.control.api_context import ApiSettings
from simulator.model.resources.quotas import Quotas
from simulator.rules.network.security_groups import SecurityGroup
from simulator.rules.network.vpc import Subnet, Vpc, Vpcs
from tests.control.api_stage import IMAGE, Stage
from tests.virtual import run_virtual


def create(stage: Stage, name: str = "inside", **request: Any) -> dict[str, Any]:
    answer = stage.call("CreateVpcConnector", **({"VpcConnectorName": name, "Subnets": ["subnet-1"]} | request))
    view: dict[str, Any] = answer["VpcConnector"]
    return view


def test_a_connector_is_active_at_once_and_has_a_security_group() -> None:
    async def main() -> None:
        async with Stage() as stage:
            view = create(stage, Subnets=["subnet-1", "subnet-2"])
            assert (view["Status"], view["VpcConnectorRevision"]) == ("ACTIVE", 1)
            assert (view["Subnets"], len(view["SecurityGroups"])) == (["subnet-1", "subnet-2"], 1)
            own = create(stage, "outside", SecurityGroups=["sg-1", "sg-2"])
            assert own["SecurityGroups"] == ["sg-1", "sg-2"]
            assert stage.call("ListVpcConnectors")["VpcConnectors"] == [own, view]
            found = stage.call("DescribeVpcConnector", VpcConnectorArn=view["VpcConnectorArn"])
            assert found["VpcConnector"] == view

    run_virtual(main)


def test_a_deleted_one_is_inactive_and_its_name_free() -> None:
    async def main() -> None:
        async with Stage() as stage:
            view = create(stage)
            arn = view["VpcConnectorArn"]
            deleted = stage.call("DeleteVpcConnector", VpcConnectorArn=arn)["VpcConnector"]
            assert (deleted["Status"], deleted["DeletedAt"]) == ("INACTIVE", stage.now())
            described = stage.call("DescribeVpcConnector", VpcConnectorArn=arn)["VpcConnector"]
            assert described["Status"] == "INACTIVE"
            assert stage.call("ListVpcConnectors")["VpcConnectors"] == []
            assert stage.rejected("DeleteVpcConnector", VpcConnectorArn=arn).code == "InvalidRequestException"
            assert create(stage)["VpcConnectorArn"] != arn

    run_virtual(main)


@pytest.mark.case("P9")
def test_a_connector_in_use_is_not_deleted_and_is_found_by_its_full_arn_only() -> None:
    async def main() -> None:
        async with Stage() as stage:
            arn = create(stage)["VpcConnectorArn"]
            egress = {"EgressConfiguration": {"EgressType": "VPC", "VpcConnectorArn": arn}}
            service = await stage.running(NetworkConfiguration=egress)
            assert stage.service(service)["NetworkConfiguration"]["EgressConfiguration"]["VpcConnectorArn"] == arn
            error = stage.rejected("DeleteVpcConnector", VpcConnectorArn=arn)
            assert error.message == f"Provided VPC connector arn is being used by other services. ARN: {arn}"
            assert error.explained.endswith("(Used by: hello)")
            back = {"EgressConfiguration": {"EgressType": "DEFAULT"}}
            stage.call("UpdateService", ServiceArn=service, NetworkConfiguration=back)
            await stage.settled()
            egress_now = stage.service(service)["NetworkConfiguration"]["EgressConfiguration"]
            assert egress_now == {"EgressType": "DEFAULT"}
            partial = arn.rsplit("/", 1)[0]
            assert stage.rejected("DescribeVpcConnector", VpcConnectorArn=partial).code == "ResourceNotFoundException"
            stage.call("DeleteVpcConnector", VpcConnectorArn=arn)
            request = {"ServiceName": "more", "SourceConfiguration": IMAGE}
            for gone in (arn, partial):
                egress = {"EgressConfiguration": {"EgressType": "VPC", "VpcConnectorArn": gone}}
                error = stage.rejected("CreateService", **request, NetworkConfiguration=egress)
                assert error.code == "InvalidRequestException"

    run_virtual(main)


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"Subnets": []}, "Subnets must name at least one."),
        ({"Subnets": ["10.0.0.0/24"]}, "Subnets = '10.0.0.0/24', must be an id such as subnet-"),
        ({"Subnets": ["subnet-1", "subnet-1"]}, "must not repeat any"),
        ({"SecurityGroups": ["group"]}, "SecurityGroups = 'group', must be an id such as sg-"),
    ],
)
def test_an_invalid_subnet_or_security_group_is_rejected(request_: dict[str, Any], message: str) -> None:
    async def main() -> None:
        async with Stage() as stage:
            request = {"VpcConnectorName": "inside", "Subnets": ["subnet-1"]} | request_
            error = stage.rejected("CreateVpcConnector", **request)
            assert (error.code, message in error.message) == ("InvalidRequestException", True)

    run_virtual(main)


def test_the_quota_applies_and_the_name_is_validated() -> None:
    async def main() -> None:
        async with Stage(settings=ApiSettings(quotas=Quotas(vpc_connectors=1))) as stage:
            create(stage)
            for name, code in (("inside", "InvalidRequestException"), ("more", "ServiceQuotaExceededException")):
                error = stage.rejected("CreateVpcConnector", VpcConnectorName=name, Subnets=["subnet-1"])
                assert error.code == code

    run_virtual(main)


CLOUD = Vpcs(
    (
        Vpc(
            "vpc-1",
            (ip_network("10.0.0.0/16"),),
            {
                "subnet-1a": Subnet("subnet-1a", (ip_network("10.0.1.0/24"),), "us-east-1a"),
                "subnet-1e": Subnet("subnet-1e", (ip_network("10.0.2.0/24"),), "us-east-1e"),
            },
            {"sg-app": SecurityGroup("sg-app"), "sg-usual": SecurityGroup("sg-usual")},
            default_group="sg-usual",
        ),
        Vpc(
            "vpc-2",
            (ip_network("10.1.0.0/16"),),
            {"subnet-2a": Subnet("subnet-2a", (ip_network("10.1.1.0/24"),), "us-east-1a")},
            {"sg-two": SecurityGroup("sg-two")},
        ),
    ),
    unsupported_zones=frozenset({"us-east-1e"}),
)


def test_with_vpcs_the_default_security_group_is_the_vpcs_own() -> None:
    async def main() -> None:
        async with Stage(settings=ApiSettings(vpcs=CLOUD)) as stage:
            assert create(stage, Subnets=["subnet-1a"])["SecurityGroups"] == ["sg-usual"]
            own = create(stage, "own-group", Subnets=["subnet-1a"], SecurityGroups=["sg-app"])
            assert own["SecurityGroups"] == ["sg-app"]

    run_virtual(main)


@pytest.mark.parametrize(
    ("request_", "message", "hint"),
    [
        ({"Subnets": ["subnet-1b"]}, "The subnet ID 'subnet-1b' does not exist", "did you mean `subnet-1e`?"),
        (
            {"Subnets": ["subnet-1a", "subnet-2a"]},
            "Subnets = subnet-1a, subnet-2a, must be subnets of a single VPC.",
            "",
        ),
        (
            {"Subnets": ["subnet-1e"]},
            "The subnet subnet-1e is in the Availability Zone us-east-1e, which App Runner doesn't support.",
            "",
        ),
        ({"SecurityGroups": ["sg-ap"]}, "The security group 'sg-ap' does not exist", "did you mean `sg-app`?"),
        ({"SecurityGroups": ["sg-app", "sg-two"]}, "must be security groups of vpc-1.", ""),
    ],
)
def test_with_vpcs_a_connector_is_made_in_one_of_them(request_: dict[str, Any], message: str, hint: str) -> None:
    async def main() -> None:
        async with Stage(settings=ApiSettings(vpcs=CLOUD)) as stage:
            request = {"VpcConnectorName": "inside", "Subnets": ["subnet-1a"]} | request_
            error = stage.rejected("CreateVpcConnector", **request)
            assert (error.code, message in error.message, error.hint) == ("InvalidRequestException", True, hint)
            assert stage.call("ListVpcConnectors")["VpcConnectors"] == []

    run_virtual(main)
