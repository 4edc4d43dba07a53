from __future__ import annotations

import pytest

from simulator.control.api_context import ApiSettings
from simulator.control.operations.time_profile import APP_RUNNER
from simulator.control.wall_clock import VIRTUAL_START_S
from simulator.model.resources.quotas import Quotas
from tests.control.api_stage import ALICE, IMAGE, PUBLIC_IMAGE, Stage, principal
from tests.control.resources.sources import ECR
from tests.virtual import run_virtual

ARN = "arn:aws:apprunner:us-east-1:123456789012:service/absent/0123456789abcdef0123456789abcdef"


def test_a_service_from_the_mandatory_input_alone_has_every_default_in_plain_units() -> None:
    async def main() -> None:
        async with Stage() as stage:
            answer = stage.call("CreateService", ServiceName="hello", SourceConfiguration=IMAGE)
            service = answer["Service"]
            assert service["Status"] == "OPERATION_IN_PROGRESS"
            assert len(answer["OperationId"]) == len(service["ServiceId"]) == 32
            assert service["ServiceArn"] == (
                f"arn:aws:apprunner:us-east-1:123456789012:service/hello/{service['ServiceId']}"
            )
            label, _, domain = service["ServiceUrl"].partition(".")
            assert (len(label), domain) == (10, "us-east-1.awsapprunner.com")
            assert service["CreatedAt"] == service["UpdatedAt"] == VIRTUAL_START_S
            assert service["SourceConfiguration"] == {
                "ImageRepository": {
                    "ImageIdentifier": PUBLIC_IMAGE,
                    "ImageRepositoryType": "ECR_PUBLIC",
                },
                "AutoDeploymentsEnabled": False,
            }
            assert service["InstanceConfiguration"] == {"Cpu": "1024", "Memory": "2048"}
            assert service["HealthCheckConfiguration"] == {
                "Protocol": "TCP",
                "Path": "/",
                "Interval": 5,
                "Timeout": 2,
                "HealthyThreshold": 1,
                "UnhealthyThreshold": 5,
            }
            assert service["NetworkConfiguration"] == {
                "IpAddressType": "IPV4",
                "EgressConfiguration": {"EgressType": "DEFAULT"},
                "IngressConfiguration": {"IsPubliclyAccessible": True},
            }
            assert "ObservabilityConfiguration" not in service
            scaling = service["AutoScalingConfigurationSummary"]
            assert scaling["AutoScalingConfigurationArn"].endswith(f"/DefaultConfiguration/1/{1:032d}")
            assert (scaling["IsDefault"], scaling["HasAssociatedService"], scaling["Status"]) == (True, True, "active")

    run_virtual(main)


def test_sizes_are_answered_in_plain_units_whatever_was_sent() -> None:
    async def main() -> None:
        async with Stage() as stage:
            arn = await stage.running(InstanceConfiguration={"Cpu": "0.25 vCPU", "Memory": "1 GB"})
            assert stage.service(arn)["InstanceConfiguration"] == {"Cpu": "256", "Memory": "1024"}

    run_virtual(main)


def test_a_service_goes_through_all_operations() -> None:
    async def main() -> None:
        async with Stage() as stage:
            arn = await stage.running()
            url = stage.service(arn)["ServiceUrl"]
            stage.call("PauseService", ServiceArn=arn)
            assert stage.status(arn) == "OPERATION_IN_PROGRESS"
            await stage.settled()
            assert (stage.status(arn), stage.workload.running) == ("PAUSED", {})
            stage.call("ResumeService", ServiceArn=arn)
            await stage.settled()
            stage.call("UpdateService", ServiceArn=arn, InstanceConfiguration={"Memory": "4 GB"})
            assert stage.service(arn)["InstanceConfiguration"]["Memory"] == "4096"
            await stage.settled()
            stage.call("StartDeployment", ServiceArn=arn)
            await stage.settled()
            assert (stage.status(arn), stage.service(arn)["ServiceUrl"]) == ("RUNNING", url)
            assert stage.workload.running[arn].number == 3
            stage.call("DeleteService", ServiceArn=arn)
            await stage.settled()
            assert (stage.status(arn), stage.workload.running) == ("DELETED", {})
            assert stage.service(arn)["DeletedAt"] == stage.now()
            assert stage.call("ListServices")["ServiceSummaryList"] == []
            assert stage.operations(arn) == [
                ("DELETE_SERVICE", "SUCCEEDED"),
                ("START_DEPLOYMENT", "SUCCEEDED"),
                ("UPDATE_SERVICE", "SUCCEEDED"),
                ("RESUME_SERVICE", "SUCCEEDED"),
                ("PAUSE_SERVICE", "SUCCEEDED"),
                ("CREATE_SERVICE", "SUCCEEDED"),
            ]

    run_virtual(main)


def test_creating_an_existing_service_again_starts_no_operation() -> None:
    async def main() -> None:
        async with Stage() as stage:
            arn = await stage.running()
            resumed = stage.call("ResumeService", ServiceArn=arn)
            assert (resumed["Service"]["Status"], "OperationId" in resumed) == ("RUNNING", False)
            stage.call("PauseService", ServiceArn=arn)
            await stage.settled()
            paused = stage.call("PauseService", ServiceArn=arn)
            assert (paused["Service"]["Status"], "OperationId" in paused) == ("PAUSED", False)

    run_virtual(main)


@pytest.mark.case("P37")
def test_during_an_operation_no_other_may_start() -> None:
    async def main() -> None:
        async with Stage() as stage:
            arn = stage.create()
            done = {
                "UpdateService": "updated",
                "StartDeployment": "deployed",
                "PauseService": "paused",
                "ResumeService": "resumed",
                "DeleteService": "deleted",
            }
            for operation, word in done.items():
                error = stage.rejected(operation, ServiceArn=arn)
                invalid = operation == "StartDeployment"  # its list of errors has no InvalidStateException
                assert error.code == ("InvalidRequestException" if invalid else "InvalidStateException")
                assert error.message == f"Service cannot be {word} in the current state: OPERATION_IN_PROGRESS."

    run_virtual(main)


def test_a_name_is_reserved_until_its_service_is_deleted() -> None:
    async def main() -> None:
        async with Stage() as stage:
            arn = await stage.running()
            error = stage.rejected("CreateService", ServiceName="hello", SourceConfiguration=IMAGE)
            assert (error.code, error.message) == (
                "InvalidRequestException",
                "Service with the provided name already exists: hello",
            )
            stage.call("DeleteService", ServiceArn=arn)
            stage.rejected("CreateService", ServiceName="hello", SourceConfiguration=IMAGE)
            await stage.settled()
            again = await stage.running()
            assert again != arn
            assert stage.service(again)["ServiceUrl"] != stage.service(arn)["ServiceUrl"]

    run_virtual(main)


def test_the_quota_of_services_counts_failed_and_not_deleted_ones() -> None:
    async def main() -> None:
        async with Stage(settings=ApiSettings(quotas=Quotas(services=2))) as stage:
            stage.workload.fail("failed", "provision")
            failed = stage.create("failed")
            await stage.running("works")
            assert stage.status(failed) == "CREATE_FAILED"
            error = stage.rejected("CreateService", ServiceName="more", SourceConfiguration=IMAGE)
            assert error.code == "ServiceQuotaExceededException"
            stage.call("DeleteService", ServiceArn=failed)
            await stage.settled()
            await stage.running("more")

    run_virtual(main)


def test_accounts_and_regions_do_not_see_each_other() -> None:
    async def main() -> None:
        async with Stage() as stage:
            arn = await stage.running()
            for other in (principal(account="210987654321"), principal(region="eu-west-1")):
                assert stage.call("ListServices", other)["ServiceSummaryList"] == []
                for operation in ("DescribeService", "DeleteService", "ListOperations"):
                    assert stage.rejected(operation, other, ServiceArn=arn).code == "ResourceNotFoundException"
                stage.call("CreateService", other, ServiceName="hello", SourceConfiguration=IMAGE)
            assert len(stage.call("ListServices", ALICE)["ServiceSummaryList"]) == 1

    run_virtual(main)


def test_an_unknown_service_is_not_found_and_an_invalid_arn_is_rejected() -> None:
    async def main() -> None:
        async with Stage() as stage:
            assert stage.rejected("DescribeService", ServiceArn=ARN).code == "ResourceNotFoundException"
            for text in ("hello", ARN.replace("service/", "connection/"), f"{ARN}/more"):
                assert stage.rejected("DescribeService", ServiceArn=text).code == "InvalidRequestException"

    run_virtual(main)


def test_a_deleted_service_is_described_for_an_hour() -> None:
    async def main() -> None:
        async with Stage() as stage:
            arn = await stage.running()
            stage.call("DeleteService", ServiceArn=arn)
            await stage.settled()
            await stage.passes(3599)
            assert stage.status(arn) == "DELETED"
            assert stage.rejected("DeleteService", ServiceArn=arn).code == "InvalidStateException"
            await stage.passes(1)
            assert stage.rejected("DescribeService", ServiceArn=arn).code == "ResourceNotFoundException"
            await stage.running("next")  # a change removes expired resources
            assert [key for kind, key, _ in stage.store.documents() if arn in key] == []

    run_virtual(main)


def test_services_are_listed_newest_first() -> None:
    async def main() -> None:
        async with Stage() as stage:
            for name in ("aaaa", "cccc", "bbbb"):
                await stage.running(name)
            page = stage.call("ListServices", MaxResults=2)
            rest = stage.call("ListServices", MaxResults=2, NextToken=page["NextToken"])
            names = [each["ServiceName"] for each in page["ServiceSummaryList"] + rest["ServiceSummaryList"]]
            assert (names, "NextToken" in rest) == (["bbbb", "cccc", "aaaa"], False)

    run_virtual(main)


def test_a_private_service_shows_no_url() -> None:
    async def main() -> None:
        async with Stage() as stage:
            assert stage.service(await stage.private())["ServiceUrl"] == ""

    run_virtual(main)


def test_a_push_deploys_a_running_service_with_automatic_deployments() -> None:
    async def main() -> None:
        async with Stage() as stage:
            pushed = await stage.running("pushed", SourceConfiguration=ECR)
            manual = await stage.running("manual")
            assert stage.api.deploy_automatically(manual) is None
            operation = stage.api.deploy_automatically(pushed)
            assert stage.api.deploy_automatically(pushed) is None  # an operation is in progress
            await stage.settled()
            assert stage.operations(pushed)[0] == ("START_DEPLOYMENT", "SUCCEEDED")
            assert stage.call("ListOperations", ServiceArn=pushed)["OperationSummaryList"][0]["Id"] == operation
            stage.call("PauseService", ServiceArn=pushed)
            await stage.settled()
            assert stage.api.deploy_automatically(pushed) is None

    run_virtual(main)


def test_service_ids_have_dashes_if_configured() -> None:
    async def main() -> None:
        async with Stage(settings=ApiSettings(dashed_operation_ids=True), profile=APP_RUNNER) as stage:
            answer = stage.call("CreateService", ServiceName="hello", SourceConfiguration=IMAGE)
            assert [len(part) for part in answer["OperationId"].split("-")] == [8, 4, 4, 4, 12]

    run_virtual(main)
