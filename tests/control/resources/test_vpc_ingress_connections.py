from __future__ import annotations

from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest

from simulator.control.api_context import ApiSettings
from simulator.control.operations.time_profile import APP_RUNNER
from simulator.rules.network.vpc import Vpc, VpcMember, Vpcs
from tests.control.api_stage import Stage
from tests.control.test_restart import kill
from tests.virtual import rounds, run_virtual

VPC = {"VpcId": "vpc-1", "VpcEndpointId": "vpce-1"}


def request_for(service: str, name: str = "door") -> dict[str, Any]:
    return {"ServiceArn": service, "VpcIngressConnectionName": name, "IngressVpcConfiguration": VPC}


def create(stage: Stage, service: str) -> dict[str, Any]:
    view: dict[str, Any] = stage.call("CreateVpcIngressConnection", **request_for(service))["VpcIngressConnection"]
    return view


def describe(stage: Stage, arn: str) -> dict[str, Any]:
    view: dict[str, Any] = stage.call("DescribeVpcIngressConnection", VpcIngressConnectionArn=arn)[
        "VpcIngressConnection"
    ]
    return view


def test_a_connection_goes_through_its_states() -> None:
    async def main() -> None:
        async with Stage(profile=APP_RUNNER) as stage:
            service = await stage.private()
            view = create(stage, service)
            arn = view["VpcIngressConnectionArn"]
            assert (view["Status"], view["AccountId"], view["ServiceArn"]) == (
                "PENDING_CREATION",
                "123456789012",
                service,
            )
            assert view["DomainName"].endswith(".us-east-1.awsapprunner.com")
            for operation in ("UpdateVpcIngressConnection", "DeleteVpcIngressConnection"):
                request = {"VpcIngressConnectionArn": arn, "IngressVpcConfiguration": VPC}
                assert stage.rejected(operation, **request).code == "InvalidStateException"
            stage.call("TagResource", ResourceArn=arn, Tags=[{"Key": "a", "Value": "b"}])
            await stage.passes(30)
            assert describe(stage, arn)["Status"] == "AVAILABLE"
            assert stage.call("ListTagsForResource", ResourceArn=arn)["Tags"] == [{"Key": "a", "Value": "b"}]
            new = {"VpcId": "vpc-1", "VpcEndpointId": "vpce-2"}
            updated = stage.call("UpdateVpcIngressConnection", VpcIngressConnectionArn=arn, IngressVpcConfiguration=new)
            assert updated["VpcIngressConnection"]["Status"] == "PENDING_UPDATE"
            await stage.passes(30)
            assert describe(stage, arn)["IngressVpcConfiguration"] == new
            stage.call("DeleteVpcIngressConnection", VpcIngressConnectionArn=arn)
            assert describe(stage, arn)["Status"] == "PENDING_DELETION"
            await stage.passes(30)
            assert (describe(stage, arn)["Status"], describe(stage, arn)["DeletedAt"]) == ("DELETED", stage.now())
            assert stage.call("ListVpcIngressConnections")["VpcIngressConnectionSummaryList"] == []

    run_virtual(main)


def test_an_ingress_connection_requires_a_private_running_service_without_another() -> None:
    async def main() -> None:
        async with Stage() as stage:
            public, private = await stage.running("public"), await stage.private("private")
            assert stage.rejected("CreateVpcIngressConnection", **request_for(public)).code == "InvalidRequestException"
            absent = private.replace("private", "absent")
            assert stage.rejected("CreateVpcIngressConnection", **request_for(absent)).code == "InvalidRequestException"
            create(stage, private)
            await rounds(5)
            error = stage.rejected("CreateVpcIngressConnection", **request_for(private, "more"))
            assert error.code == "ServiceQuotaExceededException"
            other = await stage.private("other")
            assert "already exists" in stage.rejected("CreateVpcIngressConnection", **request_for(other)).message
            stage.call("PauseService", ServiceArn=other)
            error = stage.rejected("CreateVpcIngressConnection", **request_for(other, "more"))
            assert error.code == "InvalidStateException"

    run_virtual(main)


def test_a_service_with_an_ingress_connection_cannot_be_deleted_or_made_public() -> None:
    async def main() -> None:
        async with Stage() as stage:
            service = await stage.private()
            arn = create(stage, service)["VpcIngressConnectionArn"]
            await rounds(5)
            assert stage.rejected("DeleteService", ServiceArn=service).code == "InvalidStateException"
            public = {"IngressConfiguration": {"IsPubliclyAccessible": True}}
            error = stage.rejected("UpdateService", ServiceArn=service, NetworkConfiguration=public)
            assert error.code == "InvalidRequestException"
            stage.call("DeleteVpcIngressConnection", VpcIngressConnectionArn=arn)
            await rounds(5)
            stage.call("UpdateService", ServiceArn=service, NetworkConfiguration=public)
            await stage.settled()
            assert stage.service(service)["ServiceUrl"]
            stage.call("DeleteService", ServiceArn=service)

    run_virtual(main)


def test_the_list_is_filtered_by_service_and_endpoint() -> None:
    async def main() -> None:
        async with Stage() as stage:
            service = await stage.private()
            arn = create(stage, service)["VpcIngressConnectionArn"]
            for wanted, found in (
                ({"ServiceArn": service}, [arn]),
                ({"ServiceArn": service, "VpcEndpointId": "vpce-1"}, [arn]),
                ({"VpcEndpointId": "vpce-2"}, []),
            ):
                listed = stage.call("ListVpcIngressConnections", Filter=wanted)["VpcIngressConnectionSummaryList"]
                assert [each["VpcIngressConnectionArn"] for each in listed] == found

    run_virtual(main)


def test_ids_of_vpc_and_endpoint_are_validated() -> None:
    async def main() -> None:
        async with Stage() as stage:
            service = await stage.private()
            for member in ("VpcId", "VpcEndpointId"):
                request = request_for(service) | {"IngressVpcConfiguration": VPC | {member: "here"}}
                error = stage.rejected("CreateVpcIngressConnection", **request)
                assert f"IngressVpcConfiguration.{member} = 'here', must be an id" in error.message

    run_virtual(main)


def test_a_pending_connection_continues_after_a_crash(tmp_path: Path) -> None:
    async def main() -> None:
        stage = Stage(tmp_path / "state.db", profile=APP_RUNNER)
        arn = create(stage, await stage.private())["VpcIngressConnectionArn"]
        await stage.passes(10)
        await kill(stage)
        async with Stage(tmp_path / "state.db", profile=APP_RUNNER) as again:
            await again.passes(19)
            assert describe(again, arn)["Status"] == "PENDING_CREATION"
            await again.passes(1)
            assert describe(again, arn)["Status"] == "AVAILABLE"

    run_virtual(main)


@pytest.mark.case("P26")
def test_its_service_answers_under_its_name_from_creation_to_deletion(tmp_path: Path) -> None:
    async def main() -> None:
        stage = Stage(tmp_path / "state.db", profile=APP_RUNNER)
        service = await stage.private()
        view = create(stage, service)
        arn, host = view["VpcIngressConnectionArn"], view["DomainName"]
        assert stage.workload.domains == {}
        await stage.passes(30)
        assert stage.workload.domains == {host: service}
        stage.call("UpdateVpcIngressConnection", VpcIngressConnectionArn=arn, IngressVpcConfiguration=VPC)
        assert stage.workload.domains == {host: service}
        await stage.passes(30)
        await kill(stage)
        async with Stage(tmp_path / "state.db", profile=APP_RUNNER) as again:
            await rounds(5)
            assert again.workload.domains == {host: service}
            again.call("DeleteVpcIngressConnection", VpcIngressConnectionArn=arn)
            await again.passes(30)
            assert describe(again, arn)["Status"] == "DELETED"
            assert again.workload.domains == {}

    run_virtual(main)


@pytest.mark.case("P26")
def test_a_name_that_cannot_be_bound_is_reported_and_can_be_retried() -> None:
    async def main() -> None:
        async with Stage() as stage:
            service = await stage.private()
            stage.workload.fail("inside", "bind_domain")
            arn = create(stage, service)["VpcIngressConnectionArn"]
            await rounds(5)
            assert describe(stage, arn)["Status"] == "FAILED_CREATION"
            stage.call("UpdateVpcIngressConnection", VpcIngressConnectionArn=arn, IngressVpcConfiguration=VPC)
            await rounds(5)
            assert describe(stage, arn)["Status"] == "AVAILABLE"
            assert list(stage.workload.domains.values()) == [service]

    run_virtual(main)


CLOUD = Vpcs(
    (
        Vpc(
            "vpc-1",
            (ip_network("10.0.0.0/16"),),
            endpoints={"vpce-1": VpcMember("vpce-1", ip_address("10.0.8.5"))},
        ),
    )
)


def test_the_name_is_bound_at_its_vpc_endpoint() -> None:
    async def main() -> None:
        async with Stage(settings=ApiSettings(vpcs=CLOUD)) as stage:
            service = await stage.private()
            arn = create(stage, service)["VpcIngressConnectionArn"]
            await rounds(5)
            assert stage.workload.endpoints == {describe(stage, arn)["DomainName"]: "vpce-1"}

    run_virtual(main)


@pytest.mark.parametrize(
    ("vpc", "endpoint", "message", "hint"),
    [
        ("vpc-2", "vpce-1", "The vpc ID 'vpc-2' does not exist", "did you mean `vpc-1`?"),
        ("vpc-1", "vpce-2", "The Vpc Endpoint Id 'vpce-2' does not exist", "did you mean `vpce-1`?"),
    ],
)
def test_with_vpcs_vpc_and_endpoint_must_exist(vpc: str, endpoint: str, message: str, hint: str) -> None:
    async def main() -> None:
        async with Stage(settings=ApiSettings(vpcs=CLOUD)) as stage:
            error = stage.rejected(
                "CreateVpcIngressConnection",
                ServiceArn=await stage.private(),
                VpcIngressConnectionName="entry",
                IngressVpcConfiguration={"VpcId": vpc, "VpcEndpointId": endpoint},
            )
            assert (error.code, error.message, error.hint) == ("InvalidRequestException", message, hint)

    run_virtual(main)
