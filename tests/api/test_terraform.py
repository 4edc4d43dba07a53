"""Terraform's provider for AWS (facts 15.3): each resource's calls and waits end as on AWS."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from simulator.control.api_context import ApiSettings
from simulator.control.operations.simulated_workload import SimulatedWorkload
from simulator.control.operations.time_profile import APP_RUNNER, INSTANT, TimeProfile
from simulator.model.resources.api_error import ApiError
from simulator.model.resources.phase import Phase
from tests.api.replayed import MINUTE_S, Aws, GaveUp, terraform_waits
from tests.control.api_stage import IMAGE
from tests.virtual import run_virtual

BOTH = pytest.mark.parametrize("profile", [INSTANT, APP_RUNNER], ids=lambda profile: profile.name)

# what the provider sends for a service with only a source: its own defaults, explicitly
SENT: dict[str, Any] = {
    "SourceConfiguration": IMAGE | {"AutoDeploymentsEnabled": False},
    "HealthCheckConfiguration": {
        "HealthyThreshold": 1,
        "Interval": 5,
        "Path": "/",
        "Protocol": "TCP",
        "Timeout": 2,
        "UnhealthyThreshold": 5,
    },
    "NetworkConfiguration": {
        "EgressConfiguration": {"EgressType": "DEFAULT"},
        "IngressConfiguration": {"IsPubliclyAccessible": True},
    },
}


async def service_created(aws: Aws, name: str = "shop", **request: Any) -> str:
    """Create a service: retry for two minutes while IAM rejects the role; then wait up to 20 minutes for RUNNING."""
    end_s = asyncio.get_running_loop().time() + 2 * MINUTE_S
    arn: str | None = None
    while arn is None:
        try:
            arn = aws.call("CreateService", ServiceName=name, **SENT | request)["Service"]["ServiceArn"]
        except ApiError as error:
            is_young = error.code == "InvalidRequestException" and "Error in assuming instance role" in error.message
            if not is_young or asyncio.get_running_loop().time() > end_s:
                raise
            await asyncio.sleep(5.0)
    await service_settled(aws, arn)
    aws.call("ListTagsForResource", ResourceArn=arn)
    return arn


async def service_settled(aws: Aws, arn: str) -> None:
    await terraform_waits(
        lambda: aws.status(arn), pending={"OPERATION_IN_PROGRESS"}, target={"RUNNING"}, timeout_s=20 * MINUTE_S
    )


async def service_destroyed(aws: Aws, arn: str) -> None:
    aws.call("DeleteService", ServiceArn=arn)
    await terraform_waits(
        lambda: aws.status(arn),
        pending={"RUNNING", "OPERATION_IN_PROGRESS"},
        target={"DELETED"},
        timeout_s=20 * MINUTE_S,
    )


@BOTH
def test_a_service_is_created_updated_and_destroyed(profile: TimeProfile) -> None:
    async def main() -> None:
        async with Aws(profile) as aws:
            arn = await service_created(aws, Tags=[{"Key": "team", "Value": "shop"}])
            service = aws.call("DescribeService", ServiceArn=arn)["Service"]
            # Sizes are compared with the plan in plain units, and blocks with what was sent.
            assert service["InstanceConfiguration"] == {"Cpu": "1024", "Memory": "2048"}
            assert service["HealthCheckConfiguration"] == SENT["HealthCheckConfiguration"]
            assert service["NetworkConfiguration"].items() >= SENT["NetworkConfiguration"].items()
            aws.call("UpdateService", ServiceArn=arn, InstanceConfiguration={"Cpu": "2048", "Memory": "4096"})
            await service_settled(aws, arn)
            await service_destroyed(aws, arn)
            listed = aws.call("ListServices")["ServiceSummaryList"]
            assert listed == []

    run_virtual(main)


def test_a_creation_takes_the_measured_five_minutes_and_terraform_sees_it_at_its_next_poll() -> None:
    async def main() -> None:
        async with Aws(APP_RUNNER) as aws:
            await service_created(aws)
            assert 300.0 <= aws.took_s <= 310.0

    run_virtual(main)


def test_terraform_retries_while_a_new_iam_role_cannot_be_assumed() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        begun_s = loop.time()
        settings = ApiSettings(may_assume=lambda _role: loop.time() >= begun_s + 40.0)
        async with Aws(settings=settings) as aws:
            role = {"InstanceRoleArn": "arn:aws:iam::123456789012:role/shop"}
            await service_created(aws, InstanceConfiguration=role)
            assert 40.0 <= aws.took_s < 60.0

    run_virtual(main)


def test_a_creation_that_fails_is_an_unexpected_state() -> None:
    async def main() -> None:
        workload = SimulatedWorkload()
        workload.fail("shop", "provision", before=Phase.HEALTHY)
        async with Aws(APP_RUNNER, workload=workload) as aws:
            with pytest.raises(GaveUp, match="unexpected state 'CREATE_FAILED'"):
                await service_created(aws)
            assert aws.took_s >= 18 * MINUTE_S

    run_virtual(main)


def test_terraform_considers_a_rolled_back_update_a_success() -> None:
    async def main() -> None:
        workload = SimulatedWorkload()
        async with Aws(APP_RUNNER, workload=workload) as aws:
            arn = await service_created(aws)
            workload.fail("shop", "deploy", before=Phase.HEALTHY)
            answer = aws.call("UpdateService", ServiceArn=arn, InstanceConfiguration={"Cpu": "256", "Memory": "512"})
            await service_settled(aws, arn)
            assert aws.operation(arn, answer["OperationId"]) == "ROLLBACK_SUCCEEDED"
            back = aws.call("DescribeService", ServiceArn=arn)["Service"]["InstanceConfiguration"]
            assert back == {"Cpu": "1024", "Memory": "2048"}  # the next plan shows it as drift

    run_virtual(main)


def test_a_service_that_is_being_paused_is_destroyed_after_the_pause() -> None:
    async def main() -> None:
        async with Aws(APP_RUNNER) as aws:
            arn = await service_created(aws)
            aws.call("PauseService", ServiceArn=arn)
            with pytest.raises(ApiError, match="OPERATION_IN_PROGRESS"):
                aws.call("DeleteService", ServiceArn=arn)
            await aws.stage.passes(180.0)
            assert aws.status(arn) == "PAUSED"
            await service_destroyed(aws, arn)

    run_virtual(main)


@BOTH
def test_an_auto_scaling_configuration_version(profile: TimeProfile) -> None:
    async def main() -> None:
        async with Aws(profile) as aws:
            made = aws.call("CreateAutoScalingConfiguration", AutoScalingConfigurationName="busy", MaxConcurrency=50)
            arn = made["AutoScalingConfiguration"]["AutoScalingConfigurationArn"]

            def status() -> str | None:
                try:
                    told = aws.call("DescribeAutoScalingConfiguration", AutoScalingConfigurationArn=arn)
                except ApiError as error:
                    assert error.code == "ResourceNotFoundException"  # noqa: PT017 the provider's own reading
                    return None
                return str(told["AutoScalingConfiguration"]["Status"])

            await terraform_waits(status, pending=(), target={"active"}, timeout_s=2 * MINUTE_S)
            aws.call("UpdateDefaultAutoScalingConfiguration", AutoScalingConfigurationArn=arn)
            listed = aws.call("ListAutoScalingConfigurations")["AutoScalingConfigurationSummaryList"]
            assert [each["AutoScalingConfigurationArn"] for each in listed if each["IsDefault"]] == [arn]
            built_in = next(each for each in listed if not each["IsDefault"])["AutoScalingConfigurationArn"]
            aws.call("UpdateDefaultAutoScalingConfiguration", AutoScalingConfigurationArn=built_in)
            aws.call("DeleteAutoScalingConfiguration", AutoScalingConfigurationArn=arn)
            await terraform_waits(status, pending={"active"}, target={"inactive"}, timeout_s=2 * MINUTE_S)
            # It was deleted by another client before: the provider accepts this text as success.
            with pytest.raises(ApiError, match="The auto scaling configuration you specified has been deleted") as told:
                aws.call("DeleteAutoScalingConfiguration", AutoScalingConfigurationArn=arn)
            assert told.value.code == "InvalidRequestException"

    run_virtual(main)


def test_a_connection_is_found_by_its_name_alone() -> None:
    async def main() -> None:
        async with Aws() as aws:
            aws.call("CreateConnection", ConnectionName="hub1", ProviderType="GITHUB")
            aws.call("CreateConnection", ConnectionName="hub1-too", ProviderType="GITHUB")

            def found() -> list[dict[str, Any]]:
                listed: list[dict[str, Any]] = aws.call("ListConnections", ConnectionName="hub1")[
                    "ConnectionSummaryList"
                ]
                return listed

            assert [each["ConnectionName"] for each in found()] == ["hub1"]  # exactly one, otherwise it is an error
            aws.call("DeleteConnection", ConnectionArn=found()[0]["ConnectionArn"])
            await terraform_waits(
                lambda: str(found()[0]["Status"]) if found() else None,
                pending={"PENDING_HANDSHAKE", "AVAILABLE"},
                target=(),
                timeout_s=5 * MINUTE_S,
            )

    run_virtual(main)


@BOTH
def test_a_custom_domain_association(profile: TimeProfile) -> None:
    async def main() -> None:
        async with Aws(profile) as aws:
            arn = await service_created(aws)
            answer = aws.call("AssociateCustomDomain", ServiceArn=arn, DomainName="acme.dev")
            assert answer["CustomDomain"]["Status"] == "creating"

            def status() -> str | None:
                domains = aws.call("DescribeCustomDomains", ServiceArn=arn)["CustomDomains"]
                return next((str(each["Status"]) for each in domains if each["DomainName"] == "acme.dev"), None)

            reached = await terraform_waits(
                status,
                pending={"creating"},
                target={"pending_certificate_dns_validation", "binding_certificate"},
                timeout_s=5 * MINUTE_S,
            )
            assert reached == "pending_certificate_dns_validation"
            domain = aws.call("DescribeCustomDomains", ServiceArn=arn)["CustomDomains"][0]
            assert domain["CertificateValidationRecords"]  # used by the user's DNS resources
            await aws.stage.passes(10 * MINUTE_S)
            assert status() == "active"
            aws.call("DisassociateCustomDomain", ServiceArn=arn, DomainName="acme.dev")
            await terraform_waits(status, pending={"active", "deleting"}, target=(), timeout_s=5 * MINUTE_S)

    run_virtual(main)


@BOTH
def test_a_deployment(profile: TimeProfile) -> None:
    async def main() -> None:
        async with Aws(profile) as aws:
            arn = await service_created(aws)
            operation_id = aws.call("StartDeployment", ServiceArn=arn)["OperationId"]
            await terraform_waits(
                lambda: aws.operation(arn, operation_id),
                pending={"PENDING", "IN_PROGRESS"},
                target={"SUCCEEDED"},
                timeout_s=20 * MINUTE_S,
                poll_s=30.0,
            )

    run_virtual(main)


def test_a_deployment_that_is_rolled_back_is_an_unexpected_state() -> None:
    async def main() -> None:
        workload = SimulatedWorkload()
        async with Aws(APP_RUNNER, workload=workload) as aws:
            arn = await service_created(aws)
            workload.fail("shop", "deploy", before=Phase.HEALTHY)
            operation_id = aws.call("StartDeployment", ServiceArn=arn)["OperationId"]
            with pytest.raises(GaveUp, match="unexpected state 'ROLLBACK_IN_PROGRESS'"):
                await terraform_waits(
                    lambda: aws.operation(arn, operation_id),
                    pending={"PENDING", "IN_PROGRESS"},
                    target={"SUCCEEDED"},
                    timeout_s=20 * MINUTE_S,
                    poll_s=30.0,
                )

    run_virtual(main)


def test_a_vpc_connector_and_an_observability_configuration() -> None:
    async def main() -> None:
        async with Aws() as aws:
            made = aws.call("CreateVpcConnector", VpcConnectorName="network", Subnets=["subnet-1", "subnet-2"])
            arn = made["VpcConnector"]["VpcConnectorArn"]

            def connector() -> str | None:
                return str(aws.call("DescribeVpcConnector", VpcConnectorArn=arn)["VpcConnector"]["Status"])

            await terraform_waits(connector, pending=(), target={"ACTIVE"}, timeout_s=2 * MINUTE_S)
            aws.call("DeleteVpcConnector", VpcConnectorArn=arn)
            await terraform_waits(connector, pending={"ACTIVE"}, target={"INACTIVE"}, timeout_s=2 * MINUTE_S)

            request = {"ObservabilityConfigurationName": "traced", "TraceConfiguration": {"Vendor": "AWSXRAY"}}
            traced = aws.call("CreateObservabilityConfiguration", **request)["ObservabilityConfiguration"]
            key = {"ObservabilityConfigurationArn": traced["ObservabilityConfigurationArn"]}

            def observability() -> str | None:
                found = aws.call("DescribeObservabilityConfiguration", **key)
                return str(found["ObservabilityConfiguration"]["Status"])

            await terraform_waits(observability, pending=(), target={"ACTIVE"}, timeout_s=2 * MINUTE_S)
            aws.call("DeleteObservabilityConfiguration", **key)
            await terraform_waits(observability, pending={"ACTIVE"}, target={"INACTIVE"}, timeout_s=2 * MINUTE_S)

    run_virtual(main)


@BOTH
def test_a_vpc_ingress_connection(profile: TimeProfile) -> None:
    async def main() -> None:
        async with Aws(profile) as aws:
            private = {"IngressConfiguration": {"IsPubliclyAccessible": False}}
            arn = await service_created(aws, NetworkConfiguration=private)
            vpc = {"VpcId": "vpc-0123", "VpcEndpointId": "vpce-0123"}
            made = aws.call(
                "CreateVpcIngressConnection",
                ServiceArn=arn,
                VpcIngressConnectionName="door",
                IngressVpcConfiguration=vpc,
            )
            handler = made["VpcIngressConnection"]["VpcIngressConnectionArn"]

            def status() -> str | None:
                found = aws.call("DescribeVpcIngressConnection", VpcIngressConnectionArn=handler)[
                    "VpcIngressConnection"
                ]
                return None if found["Status"] == "DELETED" else str(found["Status"])

            await terraform_waits(status, pending={"PENDING_CREATION"}, target={"AVAILABLE"}, timeout_s=2 * MINUTE_S)
            aws.call("DeleteVpcIngressConnection", VpcIngressConnectionArn=handler)
            await terraform_waits(status, pending={"AVAILABLE", "PENDING_DELETION"}, target=(), timeout_s=2 * MINUTE_S)
            await service_destroyed(aws, arn)

    run_virtual(main)
