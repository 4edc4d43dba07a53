"""The CloudFormation handlers of App Runner types (facts 15.2): create, update, delete, read, list."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.control.operations.simulated_workload import SimulatedWorkload
from simulator.control.operations.time_profile import APP_RUNNER, INSTANT, TimeProfile
from simulator.model.resources.api_error import ApiError
from simulator.model.resources.phase import Phase
from tests.api.replayed import MINUTE_S, Aws, polled
from tests.control.api_stage import IMAGE
from tests.control.resources.sources import ECR
from tests.virtual import run_virtual

LOOKS_EVERY_S = 10.0
STACK_S_MAX = 120 * MINUTE_S  # maximum time for which CloudFormation waits for a handler of this type


class NotStabilized(Exception):
    """For CloudFormation, the resource's operation has failed."""


class NotFound(Exception):
    """For CloudFormation, the resource does not exist."""


async def stabilized(aws: Aws, arn: str) -> None:
    """Call DescribeService every 10 s while the status is OPERATION_IN_PROGRESS; afterwards only RUNNING is success."""
    await polled(LOOKS_EVERY_S, lambda: aws.status(arn) != "OPERATION_IN_PROGRESS", within_s=STACK_S_MAX)
    if aws.status(arn) != "RUNNING":
        raise NotStabilized(str(aws.status(arn)))


async def create(aws: Aws, **request: Any) -> str:
    arn: str = aws.call("CreateService", **request)["Service"]["ServiceArn"]
    await stabilized(aws, arn)
    return arn


async def delete(aws: Aws, arn: str) -> None:
    read(aws, arn)
    aws.call("DeleteService", ServiceArn=arn)
    await polled(LOOKS_EVERY_S, lambda: aws.status(arn) in {"DELETED", None}, within_s=STACK_S_MAX)


def read(aws: Aws, arn: str) -> dict[str, Any]:
    service: dict[str, Any] = aws.call("DescribeService", ServiceArn=arn)["Service"]
    if service["Status"] == "DELETED":
        raise NotFound(arn)
    return service


def listed(aws: Aws) -> list[str]:
    arns: list[str] = []
    token: dict[str, str] = {}
    while True:
        page = aws.call("ListServices", MaxResults=2, **token)
        arns += [each["ServiceArn"] for each in page["ServiceSummaryList"]]
        if "NextToken" not in page:
            return arns
        token = {"NextToken": page["NextToken"]}


@pytest.mark.parametrize("profile", [INSTANT, APP_RUNNER], ids=lambda profile: profile.name)
def test_a_stack_with_a_service(profile: TimeProfile) -> None:
    async def main() -> None:
        async with Aws(profile) as aws:
            arns = [await create(aws, ServiceName=f"shop-{each}", SourceConfiguration=IMAGE) for each in range(5)]
            assert sorted(listed(aws)) == sorted(arns)
            # read-only properties to which other resources of a stack refer
            assert {"ServiceArn", "ServiceId", "ServiceUrl", "Status"} <= set(read(aws, arns[0]))
            aws.call("UpdateService", ServiceArn=arns[0], HealthCheckConfiguration={"Protocol": "HTTP", "Path": "/up"})
            await stabilized(aws, arns[0])
            await delete(aws, arns[0])
            with pytest.raises(NotFound):
                read(aws, arns[0])
            assert sorted(listed(aws)) == sorted(arns[1:])

    run_virtual(main)


def test_a_failed_creation_rolls_the_stack_back_and_its_service_is_deleted() -> None:
    async def main() -> None:
        workload = SimulatedWorkload()
        workload.fail("shop", "provision", before=Phase.HEALTHY)
        async with Aws(APP_RUNNER, workload=workload) as aws:
            with pytest.raises(NotStabilized, match="CREATE_FAILED"):
                await create(aws, ServiceName="shop", SourceConfiguration=IMAGE)
            await delete(aws, listed(aws)[0])
            assert listed(aws) == []

    run_virtual(main)


def test_an_update_that_app_runner_rolled_back_is_success_for_the_handler() -> None:
    async def main() -> None:
        workload = SimulatedWorkload()
        async with Aws(APP_RUNNER, workload=workload) as aws:
            arn = await create(aws, ServiceName="shop", SourceConfiguration=IMAGE)
            workload.fail("shop", "deploy", before=Phase.HEALTHY)
            operation = aws.call("UpdateService", ServiceArn=arn, SourceConfiguration=IMAGE)["OperationId"]
            await stabilized(aws, arn)
            assert aws.operation(arn, operation) == "ROLLBACK_SUCCEEDED"

    run_virtual(main)


def test_a_replacement_under_the_same_name_collides() -> None:
    """A change of tags replaces the service.

    The new one is created before the old one is deleted, so its explicit name is taken.
    """

    async def main() -> None:
        async with Aws() as aws:
            request = {"ServiceName": "shop", "SourceConfiguration": IMAGE}
            await create(aws, **request)
            with pytest.raises(ApiError, match="Service with the provided name already exists: shop") as caught:
                await create(aws, **request, Tags=[{"Key": "team", "Value": "new"}])
            assert caught.value.code == "InvalidRequestException"

    run_virtual(main)


def test_connectors_and_observability_configurations_exist_at_once_and_are_gone_when_inactive() -> None:
    async def main() -> None:
        async with Aws() as aws:
            made = aws.call("CreateVpcConnector", VpcConnectorName="network", Subnets=["subnet-1"])["VpcConnector"]
            key = {"VpcConnectorArn": made["VpcConnectorArn"]}
            assert aws.call("DescribeVpcConnector", **key)["VpcConnector"]["Status"] == "ACTIVE"
            assert aws.call("DeleteVpcConnector", **key)["VpcConnector"]  # the handler rejects a response without it
            assert aws.call("DescribeVpcConnector", **key)["VpcConnector"]["Status"] == "INACTIVE"
            made = aws.call("CreateObservabilityConfiguration", ObservabilityConfigurationName="traced")
            key = {"ObservabilityConfigurationArn": made["ObservabilityConfiguration"]["ObservabilityConfigurationArn"]}
            found = aws.call("DescribeObservabilityConfiguration", **key)["ObservabilityConfiguration"]
            assert found["Status"] == "ACTIVE"
            assert aws.call("DeleteObservabilityConfiguration", **key)["ObservabilityConfiguration"]
            found = aws.call("DescribeObservabilityConfiguration", **key)["ObservabilityConfiguration"]
            assert found["Status"] == "INACTIVE"

    run_virtual(main)


def test_the_resources_of_copilots_template_are_created() -> None:
    """rd-web's cf.yml (facts 15.4): the built-in observability configuration, and scaling by a partial ARN."""

    async def main() -> None:
        async with Aws() as aws:
            prefix = "arn:aws:apprunner:us-east-1:123456789012:"
            tracing = f"{prefix}observabilityconfiguration/DefaultConfiguration/1/{1:032d}"
            aws.call("CreateAutoScalingConfiguration", AutoScalingConfigurationName="count", MaxSize=5)
            arn = await create(
                aws,
                ServiceName="app-env-shop",
                SourceConfiguration={
                    **ECR,
                    "AutoDeploymentsEnabled": False,
                    "ImageRepository": {
                        **ECR["ImageRepository"],
                        "ImageConfiguration": {
                            "Port": "80",
                            "RuntimeEnvironmentVariables": {"COPILOT_APPLICATION_NAME": "app"},
                        },
                    },
                },
                InstanceConfiguration={
                    "Cpu": "1024",
                    "Memory": "2048",
                    "InstanceRoleArn": "arn:aws:iam::123456789012:role/app-env-shop-InstanceRole",
                },
                HealthCheckConfiguration={"Protocol": "HTTP", "Path": "/", "HealthyThreshold": 3},
                ObservabilityConfiguration={
                    "ObservabilityEnabled": True,
                    "ObservabilityConfigurationArn": tracing,
                },
                AutoScalingConfigurationArn=f"{prefix}autoscalingconfiguration/count",
            )
            service = read(aws, arn)
            assert service["AutoScalingConfigurationSummary"]["AutoScalingConfigurationRevision"] == 1

    run_virtual(main)
