"""The GitHub Action amazon-app-runner-deploy (facts 15.5): create or update, then wait and check the result."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.control.operations.simulated_workload import SimulatedWorkload
from simulator.control.operations.time_profile import APP_RUNNER, INSTANT, TimeProfile
from simulator.model.resources.phase import Phase
from tests.api.replayed import Aws, GaveUp, polled
from tests.control.api_stage import PUBLIC_IMAGE
from tests.virtual import run_virtual

NAME = "shop"
SOURCE = {
    "ImageRepository": {
        "ImageIdentifier": PUBLIC_IMAGE,
        "ImageRepositoryType": "ECR_PUBLIC",
        "ImageConfiguration": {"Port": "80"},
    }
}
SENT: dict[str, Any] = {
    "SourceConfiguration": SOURCE,
    "InstanceConfiguration": {"Cpu": "1 vCPU", "Memory": "2 GB"},
}
WAIT_S = 600.0
DELETION_S = 900.0
BOTH = pytest.mark.parametrize("profile", [INSTANT, APP_RUNNER], ids=lambda profile: profile.name)


def existing(aws: Aws) -> dict[str, Any] | None:
    """Return the service with the action's name, from any page of the list; None if there is none."""
    token: dict[str, str] = {}
    while True:
        page = aws.call("ListServices", **token)
        for each in page["ServiceSummaryList"]:
            if each["ServiceName"] == NAME:
                summary: dict[str, Any] = each
                return summary
        if "NextToken" not in page:
            return None
        token = {"NextToken": page["NextToken"]}


async def action(aws: Aws, *, tags: bool = False) -> str:
    """Run the action once and return the service's ARN. Raises GaveUp if it ends with a failure."""
    there = existing(aws)
    if there is not None and there["Status"] == "CREATE_FAILED":
        aws.call("DeleteService", ServiceArn=there["ServiceArn"])
        failed: str = there["ServiceArn"]
        await polled(1.0, lambda: aws.status(failed) == "DELETED", within_s=DELETION_S)
        there = None
    if there is None:
        answer = aws.call("CreateService", ServiceName=NAME, **SENT)
    else:
        if tags:
            aws.call("TagResource", ResourceArn=there["ServiceArn"], Tags=[{"Key": "team", "Value": "shop"}])
        answer = aws.call("UpdateService", ServiceArn=there["ServiceArn"], **SENT)
    arn: str = answer["Service"]["ServiceArn"]
    await polled(1.0, lambda: aws.status(arn) != "OPERATION_IN_PROGRESS", within_s=WAIT_S)
    ended = aws.operation(arn, answer["OperationId"])
    if ended != "SUCCEEDED":
        msg = f"operation {ended}"
        raise GaveUp(msg)
    return arn


@BOTH
def test_the_first_run_creates_and_the_next_updates(profile: TimeProfile) -> None:
    async def main() -> None:
        async with Aws(profile) as aws:
            arn = await action(aws)
            assert await action(aws, tags=True) == arn
            service = aws.call("DescribeService", ServiceArn=arn)["Service"]
            assert service["Status"] == "RUNNING"
            assert service["ServiceUrl"]  # the output of the action
            assert aws.call("ListTagsForResource", ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "shop"}]
            types = [each["Type"] for each in aws.call("ListOperations", ServiceArn=arn)["OperationSummaryList"]]
            assert types == ["UPDATE_SERVICE", "CREATE_SERVICE"]

    run_virtual(main)


def test_a_creation_that_failed_is_replaced_by_the_next_run() -> None:
    async def main() -> None:
        workload = SimulatedWorkload()
        workload.fail(NAME, "provision", before=Phase.SOURCE_READY)
        async with Aws(APP_RUNNER, workload=workload) as aws:
            with pytest.raises(GaveUp, match="operation FAILED"):
                await action(aws)
            failed = existing(aws)
            assert failed is not None
            assert failed["Status"] == "CREATE_FAILED"
            again = await action(aws)
            assert again != failed["ServiceArn"]
            assert aws.status(again) == "RUNNING"

    run_virtual(main)


def test_a_rolled_back_update_is_reported_although_the_service_runs() -> None:
    async def main() -> None:
        workload = SimulatedWorkload()
        async with Aws(workload=workload) as aws:
            arn = await action(aws)
            workload.fail(NAME, "deploy", before=Phase.HEALTHY)
            with pytest.raises(GaveUp, match="operation ROLLBACK_SUCCEEDED"):
                await action(aws)
            assert aws.status(arn) == "RUNNING"

    run_virtual(main)


def test_a_health_check_that_fails_for_18_minutes_outlasts_the_actions_timeout() -> None:
    async def main() -> None:
        workload = SimulatedWorkload()
        workload.fail(NAME, "provision", before=Phase.HEALTHY)
        async with Aws(APP_RUNNER, workload=workload) as aws:
            with pytest.raises(GaveUp, match="not within 600 s"):
                await action(aws)
            there = existing(aws)
            assert there is not None
            assert there["Status"] == "OPERATION_IN_PROGRESS"

    run_virtual(main)
