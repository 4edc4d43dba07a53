"""No operation raises an error outside of its list in the service model, with any input in any state."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from simulator.control.api_context import ApiSettings
from simulator.control.operations.time_profile import APP_RUNNER
from simulator.control.operations.workload import WorkloadFailed
from simulator.model.resources.api_error import ApiError
from simulator.model.resources.quotas import Quotas
from tests.control.api_stage import ALICE, IMAGE, Stage, model
from tests.virtual import run_virtual

Request = dict[str, Any]

HEAD = "arn:aws:apprunner:us-east-1:123456789012:"
VPC = {"VpcId": "vpc-0123", "VpcEndpointId": "vpce-0123"}
KINDS = (
    "service",
    "connection",
    "autoscalingconfiguration",
    "observabilityconfiguration",
    "vpcconnector",
    "vpcingressconnection",
)
# Valid values of members; ARNs are varied.
VALUES: Request = {
    "ServiceName": "hello",
    "SourceConfiguration": IMAGE,
    "DomainName": "shop.acme.dev",
    "AutoScalingConfigurationName": "busy",
    "ObservabilityConfigurationName": "tracing",
    "ConnectionName": "github",
    "ProviderType": "GITHUB",
    "VpcConnectorName": "inner",
    "Subnets": ["subnet-0123"],
    "VpcIngressConnectionName": "door",
    "IngressVpcConfiguration": VPC,
    "Tags": [{"Key": "a", "Value": "b"}],
    "TagKeys": ["a"],
    "InstanceConfiguration": {"Memory": "4 GB"},
}


def foreign_arns() -> Iterator[str]:
    """Yield ARNs of every kind that do not exist, ARNs of another account, and texts that are no ARN."""
    for kind in KINDS:
        yield f"{HEAD}{kind}/none/{'0' * 32}"
        yield f"{HEAD}{kind}/none/1/{'0' * 32}"
        yield f"{HEAD}{kind}/none"
        yield f"{HEAD.replace('123456789012', '999999999999')}{kind}/none/{'0' * 32}"
    yield from ("", "hello", f"{HEAD}service", "arn:aws:s3:::bucket")


def requests(operation: str, arns: list[str]) -> Iterator[Request]:
    shape = model().operation_model(operation).input_shape
    names = [name for name in shape.members if name.endswith("Arn")]
    values = {name: VALUES[name] for name in shape.members if name in VALUES}
    if set(shape.required_members) <= set(values):
        yield values
        yield values | ({"NextToken": "no such token"} if "NextToken" in shape.members else {})
    first = {name: arns[0] for name in shape.required_members if name not in values}
    for name in names:
        for arn in arns:
            yield values | first | {name: arn}


async def service_in(stage: Stage, status: str) -> str:
    name = status.lower().replace("_", "-")[:20]
    if status == "CREATE_FAILED":
        stage.workload.fail(name, "provision")
        arn = stage.create(name)
        await stage.settled()
        return arn
    arn = await stage.running(name)
    if status == "DELETE_FAILED":
        stage.workload.fail(name, "delete", failure=WorkloadFailed("No."))
    operation = {"PAUSED": "PauseService", "DELETED": "DeleteService", "DELETE_FAILED": "DeleteService"}.get(status)
    if operation is not None:
        stage.call(operation, ServiceArn=arn)
        await stage.settled()
    assert stage.status(arn) == status
    return arn


@pytest.mark.case("P37")
def test_every_error_is_declared_by_its_operation() -> None:
    raised: Counter[tuple[str, str]] = Counter()

    async def main() -> None:
        one = Quotas(
            services=8,
            connections=1,
            auto_scaling_names=1,
            auto_scaling_revisions=1,
            observability_names=1,
            observability_revisions=1,
            vpc_connectors=1,
            vpc_ingress_connections=1,
            custom_domains=1,
        )
        async with Stage(profile=APP_RUNNER, settings=ApiSettings(quotas=one)) as stage:
            statuses = ("RUNNING", "PAUSED", "CREATE_FAILED", "DELETE_FAILED", "DELETED")
            arns = [await service_in(stage, status) for status in statuses]
            # the last one stays in progress, because no time passes
            arns += [await stage.private(), stage.create("busy")]
            arns += foreign_arns()
            for _ in range(2):  # the second time with the resources that the first pass has created
                for operation in stage.api.names:
                    for request in requests(operation, arns):
                        try:
                            answer = stage.api.handle(ALICE, operation, request)
                        except ApiError as error:
                            raised[operation, error.code] += 1
                        else:
                            arns += [each for each in named_in(answer) if each not in arns]

    run_virtual(main)
    declared = {
        name: {each.name for each in model().operation_model(name).error_shapes} for name in model().operation_names
    }
    assert not [(operation, code) for operation, code in raised if code not in declared[operation]]
    # The pass must provoke an error of nearly every operation, and every kind of error.
    assert {code for _, code in raised} == {
        "InvalidRequestException",
        "InvalidStateException",
        "ResourceNotFoundException",
        "ServiceQuotaExceededException",
    }
    assert {operation for operation, _ in raised} == set(declared)


def named_in(answer: Any) -> Iterator[str]:
    """Yield the ARNs in a response, so that resources that a call has created are tried with the others."""
    if isinstance(answer, dict):
        for value in answer.values():
            yield from named_in(value)
    elif isinstance(answer, list):
        for value in answer:
            yield from named_in(value)
    elif isinstance(answer, str) and answer.startswith("arn:aws:apprunner"):
        yield answer
