from __future__ import annotations

from typing import Any

import pytest

from simulator.control.api_context import ApiSettings
from tests.control.api_stage import IMAGE, Stage
from tests.virtual import run_virtual

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
        ({"AutoScalingConfigurationArn": "hello"}, "AutoScalingConfigurationArn = 'hello' is not an ARN"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(request_: dict[str, Any], message: str) -> None:
    async def main() -> None:
        async with Stage() as stage:
            error = stage.refused("CreateService", **NEW, **request_)
            assert (error.code, message in error.message) == ("InvalidRequestException", True), error.message
            assert stage.call("ListServices")["ServiceSummaryList"] == []

    run_virtual(main)


def test_a_role_that_cannot_be_assumed_yet_is_refused_in_the_words_that_terraform_waits_for() -> None:
    async def main() -> None:
        ready: set[str] = set()
        role = "arn:aws:iam::123456789012:role/new"
        async with Stage(settings=ApiSettings(may_assume=lambda arn: arn in ready)) as stage:
            error = stage.refused("CreateService", **NEW, InstanceConfiguration={"InstanceRoleArn": role})
            assert "Error in assuming instance role" in error.message
            ready.add(role)
            arn = await stage.running(InstanceConfiguration={"InstanceRoleArn": role})
            ready.clear()
            stage.call("UpdateService", ServiceArn=arn)  # the role is not asked for again
            assert stage.service(arn)["InstanceConfiguration"]["InstanceRoleArn"] == role

    run_virtual(main)


def test_an_update_changes_what_it_names_and_nothing_else() -> None:
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


def test_an_update_that_is_refused_leaves_the_service_free() -> None:
    async def main() -> None:
        async with Stage() as stage:
            arn = await stage.running()
            before = stage.service(arn)
            stage.refused("UpdateService", ServiceArn=arn, InstanceConfiguration={"Memory": "12 GB"})
            assert stage.service(arn) == before

    run_virtual(main)
