from __future__ import annotations

import json
from typing import Any

from simulator.control.operations.service_events import log_group
from simulator.control.operations.simulated_workload import SimulatedWorkload
from simulator.control.operations.workload import DeploymentProgress, ServiceRevision
from simulator.control.state.log_entries import EntryKind
from simulator.model.resources.api_resources import ServiceResource
from simulator.model.resources.phase import Phase
from tests.control.api_stage import IMAGE, Stage
from tests.virtual import run_virtual

STATUS = "AppRunner Service Status Change"
OPERATION = "AppRunner Service Operation Status Change"


def events(stage: Stage, kind: str) -> list[dict[str, Any]]:
    entries = stage.store.entries_after(0, kind=EntryKind.EVENT)
    return [json.loads(entry.text) for entry in entries if entry.stream == kind]


def test_an_event_has_eventbridges_envelope() -> None:
    async def main() -> None:
        async with Stage() as stage:
            arn = await stage.running()
            event = events(stage, STATUS)[-1]
            assert event == {
                "version": "0",
                "id": event["id"],
                "detail-type": STATUS,
                "source": "aws.apprunner",
                "account": "123456789012",
                "time": "2026-01-01T00:00:00Z",
                "region": "us-east-1",
                "resources": [arn],
                "detail": {
                    "previousServiceStatus": "OPERATION_IN_PROGRESS",
                    "currentServiceStatus": "RUNNING",
                    "serviceName": "hello",
                    "serviceId": arn.rsplit("/", 1)[1],
                    "message": "Service status is set to RUNNING.",
                    "severity": "INFO",
                },
            }
            every = [*events(stage, STATUS), *events(stage, OPERATION)]
            assert len({each["id"] for each in every}) == len(every)

    run_virtual(main)


def test_every_operation_has_its_events() -> None:
    async def main() -> None:
        async with Stage() as stage:
            arn = await stage.running()
            source = {"SourceConfiguration": IMAGE}
            for operation, request in (
                ("UpdateService", {"InstanceConfiguration": {"Memory": "4 GB"}}),
                ("UpdateService", source),
                ("StartDeployment", {}),
                ("PauseService", {}),
                ("ResumeService", {}),
            ):
                stage.call(operation, ServiceArn=arn, **request)
                await stage.settled()
            stage.workload.fail("hello", "deploy")
            stage.call("StartDeployment", ServiceArn=arn)
            await stage.settled()
            stage.call("DeleteService", ServiceArn=arn)
            await stage.settled()
            told = [(each["detail"]["operationStatus"], each["detail"]["message"]) for each in events(stage, OPERATION)]
            update = "Service update completed successfully. New"
            assert told == [
                ("CreateServiceStarted", "Service creation started."),
                ("CreateServiceCompletedSuccessfully", "Service creation completed successfully."),
                ("UpdateServiceStarted", "Service update started."),
                ("UpdateServiceCompletedSuccessfully", f"{update} configuration is deployed."),
                ("UpdateServiceStarted", "Service update started."),
                ("UpdateServiceCompletedSuccessfully", f"{update} application and configuration is deployed."),
                ("DeploymentStarted", "Deployment started."),
                ("DeploymentCompletedSuccessfully", "Deployment completed successfully."),
                ("PauseServiceStarted", "Service pause started."),
                ("PauseServiceCompletedSuccessfully", "Service pause completed successfully."),
                ("ResumeServiceStarted", "Service resume started."),
                ("ResumeServiceCompletedSuccessfully", "Service resume completed successfully."),
                ("DeploymentStarted", "Deployment started."),
                ("DeploymentFailed", "Deployment failed. For details, see service logs."),
                ("DeleteServiceStarted", "Service deletion started."),
                ("DeleteServiceCompletedSuccessfully", "Service deletion completed successfully."),
            ]

    run_virtual(main)


def test_the_first_event_of_a_service_has_no_previous_status() -> None:
    async def main() -> None:
        async with Stage() as stage:
            await stage.running()
            first = events(stage, STATUS)[0]["detail"]
            assert first["currentServiceStatus"] == "OPERATION_IN_PROGRESS"
            assert "previousServiceStatus" not in first

    run_virtual(main)


def test_the_deployment_log_has_the_operations_name_and_the_workloads_lines() -> None:
    class Talkative(SimulatedWorkload):
        async def provision(self, revision: ServiceRevision, steps: DeploymentProgress) -> str:
            await steps.reach(Phase.SOURCE_READY)
            steps.log("[Build] Step 1/3 : FROM scratch")
            steps.log("a line without a prefix")
            return ""

    async def main() -> None:
        async with Stage(workload=Talkative()) as stage:
            arn = await stage.running()
            operation = stage.call("ListOperations", ServiceArn=arn)["OperationSummaryList"][0]["Id"]
            entries = stage.store.entries_after(0, kind=EntryKind.LOG, service=arn)
            assert [entry.text for entry in entries if entry.stream == f"deployment/{operation}"] == [
                "[AppRunner] Starting to deploy your application image.",
                "[AppRunner] Starting to pull your application image.",
                "[AppRunner] Successfully pulled your application image from ECR.",
                "[Build] Step 1/3 : FROM scratch",
                "[AppRunner] a line without a prefix",
            ]
            service = stage.registry.get(ServiceResource, arn)
            assert service is not None
            assert log_group(service) == f"/aws/apprunner/hello/{service.resource_id}/service"

    run_virtual(main)
