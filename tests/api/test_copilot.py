"""AWS Copilot's direct calls (facts 15.4) and its custom domain function (facts 10.3)."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.control.operations.simulated_workload import SimulatedWorkload
from simulator.control.operations.time_profile import APP_RUNNER, INSTANT, TimeProfile
from simulator.model.resources.api_error import ApiError
from simulator.model.resources.phase import Phase
from tests.api.replayed import MINUTE_S, Aws, GaveUp, polled
from tests.control.api_stage import IMAGE
from tests.virtual import run_virtual

LOOKS_EVERY_S = 3.0
BOTH = pytest.mark.parametrize("profile", [INSTANT, APP_RUNNER], ids=lambda profile: profile.name)


# Copilot's template always has a port
SOURCE = {"ImageRepository": IMAGE["ImageRepository"] | {"ImageConfiguration": {"Port": "8080"}}}


async def deployed(aws: Aws, name: str = "app-env-shop") -> str:
    arn: str = aws.call("CreateService", ServiceName=name, SourceConfiguration=SOURCE)["Service"]["ServiceArn"]
    await aws.stage.settled()
    return arn


def found_by_name(aws: Aws, name: str) -> str:
    services = aws.call("ListServices")["ServiceSummaryList"]
    arn: str = next(each["ServiceArn"] for each in services if each["ServiceName"] == name)
    assert len(arn.split(":")[5].split("/")) == 3  # service/name/id, otherwise Copilot does not recognize the ARN
    return arn


async def operation_waited_for(aws: Aws, arn: str, operation_id: str, *, within_s: float) -> None:
    """Wait until SUCCEEDED or FAILED; for Copilot, no other status ends an operation."""
    await polled(LOOKS_EVERY_S, lambda: aws.operation(arn, operation_id) in {"SUCCEEDED", "FAILED"}, within_s=within_s)
    if aws.operation(arn, operation_id) == "FAILED":
        raise GaveUp("operation failed")


@BOTH
def test_a_service_is_described_paused_resumed_and_deployed(profile: TimeProfile) -> None:
    async def main() -> None:
        async with Aws(profile) as aws:
            await deployed(aws)
            arn = found_by_name(aws, "app-env-shop")
            service = aws.call("DescribeService", ServiceArn=arn)["Service"]
            # Copilot reads them without a nil check
            for member in ("CreatedAt", "UpdatedAt", "ServiceId", "ServiceUrl", "Status"):
                assert service[member]
            assert service["InstanceConfiguration"].keys() >= {"Cpu", "Memory"}
            image = service["SourceConfiguration"]["ImageRepository"]
            assert image["ImageIdentifier"]
            assert image["ImageConfiguration"]["Port"]
            for operation, status in (("PauseService", "PAUSED"), ("ResumeService", "RUNNING")):
                answer = aws.call(operation, ServiceArn=arn)
                await operation_waited_for(aws, arn, answer["OperationId"], within_s=20 * MINUTE_S)
                assert aws.status(arn) == status
                again = aws.call(operation, ServiceArn=arn)
                assert "OperationId" not in again  # so Copilot does not wait
                assert again["Service"]["Status"] == status
            deployment = aws.call("StartDeployment", ServiceArn=arn)["OperationId"]
            await operation_waited_for(aws, arn, deployment, within_s=20 * MINUTE_S)

    run_virtual(main)


def test_copilot_waits_forever_for_a_deployment_that_is_rolled_back() -> None:
    async def main() -> None:
        workload = SimulatedWorkload()
        async with Aws(APP_RUNNER, workload=workload) as aws:
            arn = await deployed(aws)
            workload.fail("app-env-shop", "deploy", before=Phase.HEALTHY)
            deployment = aws.call("StartDeployment", ServiceArn=arn)["OperationId"]
            with pytest.raises(GaveUp, match="not within"):
                await operation_waited_for(aws, arn, deployment, within_s=120 * MINUTE_S)
            assert aws.operation(arn, deployment) == "ROLLBACK_SUCCEEDED"

    run_virtual(main)


def test_the_private_url_is_that_of_the_ingress_connection() -> None:
    async def main() -> None:
        async with Aws() as aws:
            arn = await aws.stage.private()
            made = aws.call(
                "CreateVpcIngressConnection",
                ServiceArn=arn,
                VpcIngressConnectionName="door",
                IngressVpcConfiguration={"VpcId": "vpc-0123", "VpcEndpointId": "vpce-0123"},
            )["VpcIngressConnection"]
            handler = aws.call("DescribeVpcIngressConnection", VpcIngressConnectionArn=made["VpcIngressConnectionArn"])
            assert handler["VpcIngressConnection"]["DomainName"].endswith(".us-east-1.awsapprunner.com")

    run_virtual(main)


def test_the_built_in_observability_configuration_is_described() -> None:
    async def main() -> None:
        async with Aws() as aws:
            arn = f"arn:aws:apprunner:us-east-1:123456789012:observabilityconfiguration/DefaultConfiguration/1/{1:032d}"
            found = aws.call("DescribeObservabilityConfiguration", ObservabilityConfigurationArn=arn)
            assert found["ObservabilityConfiguration"]["TraceConfiguration"] == {"Vendor": "AWSXRAY"}

    run_virtual(main)


# --- the custom domain function --------------------------------------------------------------------------------------


def linked(aws: Aws, arn: str, name: str) -> None:
    """Associate a domain; one that is associated already is a success."""
    try:
        aws.call("AssociateCustomDomain", ServiceArn=arn, DomainName=name)
    except ApiError as error:
        if error.code != "InvalidRequestException" or f"{name} is already associated with" not in error.message:
            raise


def domain_of(aws: Aws, arn: str, name: str) -> dict[str, Any] | None:
    domains = aws.call("DescribeCustomDomains", ServiceArn=arn)["CustomDomains"]
    return next((each for each in domains if each["DomainName"] == name), None)


async def records_waited_for(aws: Aws, arn: str, name: str) -> list[dict[str, Any]]:
    """Poll ten times, three seconds apart, until the domain is pending validation, or active with all three records."""

    def are_there() -> bool:
        domain = domain_of(aws, arn, name)
        if domain is None:
            return False
        if domain["Status"] == "active":
            return len(domain["CertificateValidationRecords"]) == 3
        return bool(domain["Status"] == "pending_certificate_dns_validation")

    await polled(3.0, are_there, within_s=30.0)
    domain = domain_of(aws, arn, name)
    assert domain is not None
    records: list[dict[str, Any]] = domain["CertificateValidationRecords"]
    return records


def unlinked(aws: Aws, arn: str, name: str) -> None:
    try:
        aws.call("DisassociateCustomDomain", ServiceArn=arn, DomainName=name)
    except ApiError as error:
        if f"No custom domain {name} found for the provided service" not in error.message:
            raise


@BOTH
def test_a_domain_is_linked_validated_and_unlinked(profile: TimeProfile) -> None:
    async def main() -> None:
        async with Aws(profile) as aws:
            arn = await deployed(aws)
            linked(aws, arn, "shop.acme.dev")
            records = await records_waited_for(aws, arn, "shop.acme.dev")
            assert len(records) == 3
            assert all(each["Value"].endswith(".acm-validations.aws.") for each in records)
            linked(aws, arn, "shop.acme.dev")  # the stack is updated
            await aws.stage.passes(20 * MINUTE_S)
            assert await records_waited_for(aws, arn, "shop.acme.dev")
            domain = domain_of(aws, arn, "shop.acme.dev")
            assert domain is not None
            assert domain["Status"] == "active"
            unlinked(aws, arn, "shop.acme.dev")
            await aws.stage.passes(2 * MINUTE_S)
            unlinked(aws, arn, "shop.acme.dev")  # twice, because the function is called again after a time-out
            assert domain_of(aws, arn, "shop.acme.dev") is None

    run_virtual(main)
