from __future__ import annotations

import pytest

from simulator.control.operations.operations import KEPT_MAX
from simulator.control.operations.simulated_workload import SimulatedWorkload
from simulator.control.operations.time_profile import APP_RUNNER, INSTANT, profile_named
from simulator.control.operations.workload import ServiceRevision, WorkloadFailed, application_stopped, pull_failed
from simulator.control.state.log_entries import EntryKind
from simulator.model.resources.phase import Phase
from tests.control.api_stage import IMAGE, Stage
from tests.control.resources.sources import CODE
from tests.virtual import run_virtual


def test_a_creation_takes_exactly_the_five_minutes_that_were_measured() -> None:
    async def main() -> None:
        async with Stage(profile=APP_RUNNER) as stage:
            arn = stage.create()
            began = stage.now()
            await stage.passes(299.999)
            assert stage.status(arn) == "OPERATION_IN_PROGRESS"
            await stage.settled()
            assert stage.status(arn) == "RUNNING"
            assert stage.now() - began == 300.0
            summary = stage.call("ListOperations", ServiceArn=arn)["OperationSummaryList"][0]
            assert (summary["EndedAt"] - summary["StartedAt"], summary["UpdatedAt"]) == (300.0, summary["EndedAt"])
            entries = stage.store.entries_after(0, kind=EntryKind.LOG, service=arn)
            lines = [
                (entry.at - began, entry.text.removeprefix("[AppRunner] "))
                for entry in entries
                if entry.stream == "events"
            ]
            assert lines == [  # the order of facts 2.4, the times of R#128 (facts 2.3)
                (0, "Service creation started."),
                (1, "Service status is set to OPERATION_IN_PROGRESS."),
                (1, "Starting to pull your application image."),
                (107, "Successfully pulled your application image from ECR."),
                (116, "Provisioning instances and deploying image for publicly accessible service."),
                (126, "Performing health check on protocol `TCP` [Port: '8080']."),
                (218, "Health check is successful. Routing traffic to application."),
                (289, "Successfully routed incoming traffic to application."),
                (300, "Service creation completed successfully."),
                (300, "Service status is set to RUNNING."),
            ]

    run_virtual(main)


def test_a_factor_scales_the_profile_and_slow_work_prolongs_the_operation() -> None:
    async def main() -> None:
        async with Stage(profile=profile_named("app-runner", 0.1)) as stage:
            began = stage.now()
            await stage.running()
            assert stage.now() - began == pytest.approx(30.0)
        async with Stage(profile=APP_RUNNER, workload=SimulatedWorkload(step_s=500.0)) as stage:
            began = stage.now()
            await stage.running()
            assert stage.now() - began == pytest.approx(501.0)

    run_virtual(main)


def test_a_source_service_logs_its_build() -> None:
    async def main() -> None:
        async with Stage(profile=APP_RUNNER) as stage:
            began = stage.now()
            arn = await stage.running(SourceConfiguration=CODE)
            assert stage.lines(arn)[:7] == [
                "Service creation started.",
                "Service status is set to OPERATION_IN_PROGRESS.",
                "Successfully created pipeline for automatic deployments.",
                "Successfully pulled source code.",
                "Starting source code build.",
                "Successfully built your application source code.",
                "Provisioning instances and deploying image for publicly accessible service.",
            ]
            assert 15 * 60 <= stage.now() - began <= 20 * 60  # facts 2.3

    run_virtual(main)


def test_a_creation_that_fails_its_health_check_leaves_create_failed_after_eighteen_minutes() -> None:
    async def main() -> None:
        async with Stage(profile=APP_RUNNER) as stage:
            stage.workload.fail("hello", "provision", before=Phase.HEALTHY, failure=application_stopped(3))
            arn = stage.create()
            await stage.settled()
            assert (stage.status(arn), stage.operations(arn)) == ("CREATE_FAILED", [("CREATE_SERVICE", "FAILED")])
            operation = stage.call("ListOperations", ServiceArn=arn)["OperationSummaryList"][0]
            assert operation["EndedAt"] - operation["StartedAt"] == 1080.0
            assert stage.lines(arn)[-4:] == [
                ("Your application stopped or failed to start. See logs for more information. Container exit code: 3"),
                f"Deployment with ID : {operation['Id']} failed. Failure reason : Health check failed.",
                "Service creation failed. For details, see service logs.",
                "Service status is set to CREATE_FAILED.",
            ]
            assert stage.lines(arn, f"deployment/{operation['Id']}")[-2:] == [
                "Deployment failed. Failure reason: Health check failed.",
                "Failed to deploy your application image.",
            ]

    run_virtual(main)


def test_a_pull_that_fails_ends_a_creation_at_once() -> None:
    async def main() -> None:
        async with Stage(profile=APP_RUNNER) as stage:
            why = pull_failed("Invalid Access Role in AuthenticationConfiguration.")
            stage.workload.fail("hello", "provision", before=Phase.SOURCE_READY, failure=why)
            arn = stage.create()
            began = stage.now()
            await stage.settled()
            assert (stage.status(arn), stage.now() - began) == ("CREATE_FAILED", 1.0)
            assert (
                "Failed to pull your application image. "
                "Reason: Invalid Access Role in AuthenticationConfiguration." in stage.lines(arn)
            )

    run_virtual(main)


def test_a_failed_service_is_rebuilt_by_an_update_without_a_change() -> None:
    async def main() -> None:
        async with Stage() as stage:
            stage.workload.fail("hello", "provision")
            arn = stage.create()
            await stage.settled()
            stage.workload.fail("hello", "provision")
            stage.call("UpdateService", ServiceArn=arn, SourceConfiguration=IMAGE)
            await stage.settled()
            assert stage.status(arn) == "CREATE_FAILED"
            stage.call("UpdateService", ServiceArn=arn, SourceConfiguration=IMAGE)
            await stage.settled()
            assert stage.status(arn) == "RUNNING"
            assert [status for _, status in stage.operations(arn)] == ["SUCCEEDED", "FAILED", "FAILED"]

    run_virtual(main)


def test_an_update_that_fails_is_rolled_back_to_what_ran() -> None:
    async def main() -> None:
        async with Stage(profile=APP_RUNNER) as stage:
            arn = await stage.running()
            stage.workload.fail("hello", "deploy", before=Phase.HEALTHY)
            stage.call("UpdateService", ServiceArn=arn, InstanceConfiguration={"Memory": "4 GB"})
            assert stage.service(arn)["InstanceConfiguration"]["Memory"] == "4096"
            await stage.passes(127)
            assert stage.operations(arn)[0] == ("UPDATE_SERVICE", "ROLLBACK_IN_PROGRESS")
            assert stage.status(arn) == "OPERATION_IN_PROGRESS"
            await stage.settled()
            assert stage.operations(arn)[0] == ("UPDATE_SERVICE", "ROLLBACK_SUCCEEDED")
            assert stage.service(arn)["InstanceConfiguration"]["Memory"] == "2048"
            assert stage.workload.running[arn].number == 1
            assert stage.lines(arn)[-2:] == [
                "Service update failed. For details, see service logs.",
                "Service status is set to RUNNING.",
            ]
            operation = stage.call("ListOperations", ServiceArn=arn)["OperationSummaryList"][0]
            assert operation["EndedAt"] - operation["StartedAt"] > 15 * 60  # R#147

    run_virtual(main)


def test_a_failed_rollback_is_logged() -> None:
    async def main() -> None:
        async with Stage() as stage:
            arn = await stage.running()
            stage.workload.fail("hello", "deploy")
            stage.workload.fail("hello", "roll_back", failure=WorkloadFailed("The old image is gone."))
            stage.call("UpdateService", ServiceArn=arn, SourceConfiguration=IMAGE)
            await stage.settled()
            assert (stage.operations(arn)[0], stage.status(arn)) == (("UPDATE_SERVICE", "ROLLBACK_FAILED"), "RUNNING")

    run_virtual(main)


@pytest.mark.parametrize(("before", "status"), [(Phase.SOURCE_READY, "FAILED"), (Phase.HEALTHY, "ROLLBACK_SUCCEEDED")])
def test_a_deployment_is_rolled_back_only_when_something_was_rolled_out(before: Phase, status: str) -> None:
    async def main() -> None:
        async with Stage() as stage:
            arn = await stage.running()
            stage.workload.fail("hello", "deploy", before=before)
            stage.call("StartDeployment", ServiceArn=arn)
            await stage.settled()
            assert stage.operations(arn)[0] == ("START_DEPLOYMENT", status)
            assert (stage.status(arn), stage.workload.running[arn].number) == ("RUNNING", 1)

    run_virtual(main)


@pytest.mark.parametrize(
    ("operation", "step", "before", "after"),
    [
        ("PauseService", "pause", "RUNNING", "RUNNING"),
        ("ResumeService", "resume", "PAUSED", "PAUSED"),
        ("DeleteService", "delete", "PAUSED", "DELETE_FAILED"),
    ],
)
def test_a_failed_pause_resume_or_deletion_has_its_status(operation: str, step: str, before: str, after: str) -> None:
    async def main() -> None:
        async with Stage() as stage:
            arn = await stage.running()
            if before == "PAUSED":
                stage.call("PauseService", ServiceArn=arn)
                await stage.settled()
            stage.workload.fail("hello", step, failure=WorkloadFailed("There is no strength left."))
            stage.call(operation, ServiceArn=arn)
            await stage.settled()
            assert (stage.status(arn), stage.operations(arn)[0][1]) == (after, "FAILED")
            assert "There is no strength left." in stage.lines(arn)
            if after == "DELETE_FAILED":
                assert stage.rejected("UpdateService", ServiceArn=arn).code == "InvalidStateException"
                stage.call("DeleteService", ServiceArn=arn)
                await stage.settled()
                assert stage.status(arn) == "DELETED"

    run_virtual(main)


def test_an_internal_error_unlocks_the_service_and_is_logged() -> None:
    class Broken(SimulatedWorkload):
        async def pause(self, revision: ServiceRevision) -> None:
            raise ZeroDivisionError

    async def main() -> None:
        stage = Stage(workload=Broken())
        arn = await stage.running()
        stage.call("PauseService", ServiceArn=arn)
        await stage.settled()
        assert (stage.status(arn), stage.operations(arn)[0][1]) == ("RUNNING", "FAILED")
        with pytest.raises(ZeroDivisionError):
            async with stage:
                pass

    run_virtual(main)


def test_the_workload_gets_the_configuration_of_the_service() -> None:
    async def main() -> None:
        async with Stage() as stage:
            connector = stage.call("CreateVpcConnector", VpcConnectorName="inside", Subnets=["subnet-1", "subnet-2"])
            scaling = stage.call("CreateAutoScalingConfiguration", AutoScalingConfigurationName="busy", MinSize=3)
            egress = {"EgressType": "VPC", "VpcConnectorArn": connector["VpcConnector"]["VpcConnectorArn"]}
            arn = await stage.running(
                NetworkConfiguration={"EgressConfiguration": egress},
                ObservabilityConfiguration={"ObservabilityEnabled": True},
                AutoScalingConfigurationArn=scaling["AutoScalingConfiguration"]["AutoScalingConfigurationArn"],
            )
            revision = stage.workload.running[arn]
            service = stage.service(arn)
            assert (revision.service_arn, revision.service_id) == (arn, service["ServiceId"])
            assert (revision.name, revision.host) == ("hello", service["ServiceUrl"])
            assert (revision.account, revision.region) == ("123456789012", "us-east-1")
            assert revision.scaling.min_size == 3
            assert (revision.subnets, revision.tracing) == (("subnet-1", "subnet-2"), "AWSXRAY")
            stage.call("PauseService", ServiceArn=arn)
            await stage.settled()
            stage.call("ResumeService", ServiceArn=arn)
            await stage.settled()
            assert (revision.version, stage.workload.running[arn].version) == ("", "version 1")

    run_virtual(main)


def test_the_oldest_operations_are_forgotten() -> None:
    async def main() -> None:
        async with Stage(profile=INSTANT) as stage:
            arn = await stage.running()
            for _ in range(KEPT_MAX):
                stage.call("StartDeployment", ServiceArn=arn)
                await stage.settled()
            assert [kind for kind, _ in stage.operations(arn)] == ["START_DEPLOYMENT"] * KEPT_MAX

    run_virtual(main)
