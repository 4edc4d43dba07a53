from __future__ import annotations

from typing import Any

import pytest

from simulator.control.api_context import ApiSettings
from tests.control.api_stage import IMAGE, Stage
from tests.control.resources.sources import ECR
from tests.virtual import run_virtual

ROLE = {"InstanceRoleArn": "arn:aws:iam::123456789012:role/app"}
NEW = {"ServiceName": "hello", "SourceConfiguration": IMAGE}


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (
            {"InstanceConfiguration": {"Cpu": "0.25 vCPU", "Memory": "4 GB"}},
            "memory = 4 GB, must be 0.5 GB, 1 GB with 0.25 vCPU",
        ),
        ({"InstanceConfiguration": {"Cpu": "4 vCPU"}}, "memory = 2 GB, must be 8 GB, 10 GB, 12 GB with 4 vCPU"),
        ({"HealthCheckConfiguration": {"Protocol": "HTTP", "Path": "up"}}, "Path = 'up', must start with /"),
        ({"NetworkConfiguration": {"EgressConfiguration": {"EgressType": "VPC"}}}, "VpcConnectorArn must be given"),
        (
            {"NetworkConfiguration": {"EgressConfiguration": {"VpcConnectorArn": "arn"}}},
            "must be given only when EgressType is VPC",
        ),
        (
            {"AutoScalingConfigurationArn": "hello"},
            "ARN you specified isn't valid. ARN: 'hello'",
        ),
    ],
)
def test_an_invalid_combination_is_rejected_by_name(request_: dict[str, Any], message: str) -> None:
    async def main() -> None:
        async with Stage() as stage:
            error = stage.rejected("CreateService", **NEW, **request_)
            assert (error.code, message in error.message) == ("InvalidRequestException", True), error.message
            assert stage.call("ListServices")["ServiceSummaryList"] == []

    run_virtual(main)


def test_a_role_that_cannot_be_assumed_yet_is_rejected_in_the_words_that_terraform_retries() -> None:
    async def main() -> None:
        ready: set[str] = set()
        role = "arn:aws:iam::123456789012:role/new"
        async with Stage(settings=ApiSettings(may_assume=lambda arn: arn in ready)) as stage:
            error = stage.rejected("CreateService", **NEW, InstanceConfiguration={"InstanceRoleArn": role})
            assert "Error in assuming instance role" in error.message
            ready.add(role)
            arn = await stage.running(InstanceConfiguration={"InstanceRoleArn": role})
            ready.clear()
            stage.call("UpdateService", ServiceArn=arn, SourceConfiguration=IMAGE)  # the role is not assumed again
            assert stage.service(arn)["InstanceConfiguration"]["InstanceRoleArn"] == role

    run_virtual(main)


@pytest.mark.case("P36")
def test_an_access_role_that_cannot_be_assumed_is_rejected_in_awss_words() -> None:
    async def main() -> None:
        async with Stage(settings=ApiSettings(may_assume=lambda _arn: False)) as stage:
            error = stage.rejected("CreateService", ServiceName="hello", SourceConfiguration=ECR)
            role = ECR["AuthenticationConfiguration"]["AccessRoleArn"]
            assert (error.code, error.message) == (
                "InvalidRequestException",
                f"Error in assuming access role {role}",
            )

    run_virtual(main)


def test_an_update_changes_the_named_settings_only() -> None:
    async def main() -> None:
        async with Stage() as stage:
            arn = await stage.running(
                InstanceConfiguration={"Cpu": "2 vCPU", "Memory": "4 GB"},
                HealthCheckConfiguration={"Protocol": "HTTP", "Path": "/up", "Interval": 7},
                NetworkConfiguration={"IpAddressType": "DUAL_STACK"},
                EncryptionConfiguration={
                    "KmsKey": "arn:aws:kms:us-east-1:123456789012:key/12345678-1234-1234-1234-123456789012"
                },
            )
            before = stage.service(arn)
            for request, block, member, value in (
                ({"InstanceConfiguration": {"Memory": "6 GB"}}, "InstanceConfiguration", "Memory", "6144"),
                ({"HealthCheckConfiguration": {"Timeout": 9}}, "HealthCheckConfiguration", "Timeout", 9),
                (
                    {"NetworkConfiguration": {"IngressConfiguration": {"IsPubliclyAccessible": False}}},
                    "NetworkConfiguration",
                    "IngressConfiguration",
                    {"IsPubliclyAccessible": False},
                ),
            ):
                stage.call("UpdateService", ServiceArn=arn, **request)
                await stage.settled()
                after = stage.service(arn)
                assert after[block] == before[block] | {member: value}
                same = set(before) - {block, "ServiceUrl", "UpdatedAt"}
                assert {name: after[name] for name in same} == {name: before[name] for name in same}
                before = after

    run_virtual(main)


def test_a_rejected_update_leaves_the_service_unlocked() -> None:
    async def main() -> None:
        async with Stage() as stage:
            arn = await stage.running()
            before = stage.service(arn)
            stage.rejected("UpdateService", ServiceArn=arn, InstanceConfiguration={"Memory": "12 GB"})
            assert stage.service(arn) == before

    run_virtual(main)


def with_secret(**block: Any) -> dict[str, Any]:
    settings = {"ImageConfiguration": {"RuntimeEnvironmentSecrets": {"KEY": "/shop/key"}}} | block
    return {"ImageRepository": IMAGE["ImageRepository"] | settings}


@pytest.mark.case("P3")
def test_secrets_need_an_instance_role() -> None:
    async def main() -> None:
        async with Stage() as stage:
            text = "Instance Role have to be provided if passing in RuntimeEnvironmentSecrets."
            error = stage.rejected("CreateService", ServiceName="hello", SourceConfiguration=with_secret())
            assert (error.code, error.message) == ("InvalidRequestException", text)
            arn = await stage.running()
            error = stage.rejected("UpdateService", ServiceArn=arn, SourceConfiguration=with_secret())
            assert (error.code, error.message) == ("InvalidRequestException", text)
            # The role may be in the same update, or have been set before.
            stage.call("UpdateService", ServiceArn=arn, SourceConfiguration=with_secret(), InstanceConfiguration=ROLE)
            await stage.settled()
            stage.call("UpdateService", ServiceArn=arn, SourceConfiguration=with_secret())
            await stage.settled()
            assert stage.status(arn) == "RUNNING"

    run_virtual(main)


@pytest.mark.case("P35")
@pytest.mark.parametrize("given", [{}, {"InstanceConfiguration": {}}, {"NetworkConfiguration": {}}])
def test_an_empty_update_is_rejected(given: dict[str, Any]) -> None:
    async def main() -> None:
        async with Stage() as stage:
            stage.workload.fail("hello", "provision")
            failed = stage.create()
            running = await stage.running("other")
            for arn in (failed, running):
                before = stage.operations(arn)
                error = stage.rejected("UpdateService", ServiceArn=arn, **given)
                assert error.code == "InvalidRequestException"
                assert error.message == "No configurations provided in the UpdateService request."
                assert stage.operations(arn) == before

    run_virtual(main)


@pytest.mark.case("P35")
def test_an_empty_update_of_an_ingress_connection_is_rejected() -> None:
    async def main() -> None:
        async with Stage() as stage:
            arn = await stage.private()
            vpc = {"VpcId": "vpc-0123", "VpcEndpointId": "vpce-0123"}
            made = stage.call(
                "CreateVpcIngressConnection",
                ServiceArn=arn,
                VpcIngressConnectionName="door",
                IngressVpcConfiguration=vpc,
            )["VpcIngressConnection"]
            await stage.passes(300)
            handler = made["VpcIngressConnectionArn"]
            error = stage.rejected(
                "UpdateVpcIngressConnection", VpcIngressConnectionArn=handler, IngressVpcConfiguration={}
            )
            assert (error.code, "at least one" in error.message) == ("InvalidRequestException", True)

    run_virtual(main)


@pytest.mark.case("P34")
def test_an_ingress_block_without_its_member_is_a_private_service() -> None:
    """The Go SDK, and so Terraform, sends `is_publicly_accessible = false` in this way."""

    async def main() -> None:
        async with Stage() as stage:
            private = {"IngressConfiguration": {"IsPubliclyAccessible": False}}
            arn = await stage.running(
                "one1", NetworkConfiguration={"IngressConfiguration": {}, "IpAddressType": "IPV4"}
            )
            assert stage.service(arn)["NetworkConfiguration"].items() >= private.items()
            other = await stage.running("two2", NetworkConfiguration={"IpAddressType": "IPV4"})
            assert stage.service(other)["NetworkConfiguration"]["IngressConfiguration"] == {
                "IsPubliclyAccessible": True
            }
            stage.call("UpdateService", ServiceArn=other, NetworkConfiguration={"IngressConfiguration": {}})
            await stage.settled()
            assert stage.service(other)["NetworkConfiguration"].items() >= private.items()
            stage.call("UpdateService", ServiceArn=other, NetworkConfiguration={"IpAddressType": "DUAL_STACK"})
            await stage.settled()
            assert stage.service(other)["NetworkConfiguration"].items() >= private.items()

    run_virtual(main)
