"""One operation from its first phase to its result: the workload's steps, the logs, and the change that ends it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from simulator.control.operations.operation_run import OperationRun
from simulator.control.operations.simulated_workload import SimulatedWorkload
from simulator.control.operations.time_profile import APP_RUNNER, INSTANT, TimeProfile
from simulator.control.operations.workload import DeploymentProgress, ServiceRevision, WorkloadFailed
from simulator.model.resources.api_resources import OperationResource, ServiceResource
from simulator.model.resources.operation import OperationStatus, OperationType
from simulator.model.resources.phase import Phase
from simulator.model.resources.service_state import ServiceStatus
from tests.control.api_stage import Stage
from tests.virtual import run_virtual

Deploy = Callable[[DeploymentProgress], Awaitable[str]]


class ScriptedWorkload(SimulatedWorkload):
    """A workload whose deployments execute `script`, once it is set."""

    def __init__(self) -> None:
        super().__init__()
        self.script: Deploy | None = None

    async def deploy(self, revision: ServiceRevision, steps: DeploymentProgress) -> str:
        return await (super().deploy(revision, steps) if self.script is None else self.script(steps))


class Deployment:
    """A running service of a stage, and a deployment of it whose steps the test defines."""

    def __init__(self, stage: Stage, arn: str) -> None:
        self.stage, self.arn = stage, arn
        self.operation_id = ""

    async def run(self, script: Deploy) -> None:
        assert isinstance(self.stage.workload, ScriptedWorkload)
        self.stage.workload.script = script
        self.operation_id = self.stage.call("StartDeployment", ServiceArn=self.arn)["OperationId"]
        await self.stage.settled()

    @property
    def operation(self) -> OperationResource:
        found = self.stage.registry.get(OperationResource, self.operation_id)
        assert found is not None
        return found

    @property
    def service(self) -> ServiceResource:
        found = self.stage.registry.get(ServiceResource, self.arn)
        assert found is not None
        return found

    def lines(self) -> list[str]:
        return self.stage.lines(self.arn, f"deployment/{self.operation_id}")


def in_deployment(test: Callable[[Deployment], Awaitable[None]], profile: TimeProfile = INSTANT) -> None:
    async def main() -> None:
        async with Stage(workload=ScriptedWorkload(), profile=profile) as stage:
            await test(Deployment(stage, await stage.running()))

    run_virtual(main)


def test_a_phase_is_logged_once_in_both_logs() -> None:
    async def script(steps: DeploymentProgress) -> str:
        for _ in range(3):
            await steps.reach(Phase.SOURCE_READY)
        return "v2"

    async def test(deployment: Deployment) -> None:
        line = "Successfully pulled your application image from ECR."
        before = deployment.stage.lines(deployment.arn).count(line)
        await deployment.run(script)
        assert deployment.lines().count(line) == 1
        assert deployment.stage.lines(deployment.arn).count(line) == before + 1

    in_deployment(test)


def test_a_phase_that_was_reached_before_stays_reached() -> None:
    async def test(deployment: Deployment) -> None:
        reached: list[int] = []

        async def script(steps: DeploymentProgress) -> str:
            for phase in (Phase.PROVISIONING, Phase.SOURCE_READY):
                await steps.reach(phase)
                reached.append(deployment.stage.registry.all(OperationResource)[-1].phase)
            return "v2"

        await deployment.run(script)
        assert reached == [Phase.PROVISIONING, Phase.PROVISIONING]

    in_deployment(test)


def test_the_port_of_an_apprunner_yaml_is_in_the_line_of_the_health_check() -> None:
    async def script(steps: DeploymentProgress) -> str:
        steps.listens(9000)
        await steps.reach(Phase.HEALTH_CHECKING)
        return "v2"

    async def test(deployment: Deployment) -> None:
        await deployment.run(script)
        assert "Performing health check on protocol `TCP` [Port: '9000']." in deployment.lines()

    in_deployment(test)


def test_a_line_of_a_build_is_in_the_deployment_log_only() -> None:
    async def script(steps: DeploymentProgress) -> str:
        steps.log("[Build] Step 1/3 : FROM python")
        return "v2"

    async def test(deployment: Deployment) -> None:
        await deployment.run(script)
        assert "[Build] Step 1/3 : FROM python" in deployment.lines()
        assert "[Build] Step 1/3 : FROM python" not in deployment.stage.lines(deployment.arn)

    in_deployment(test)


def test_a_deployment_that_succeeds_sets_what_is_deployed() -> None:
    async def script(steps: DeploymentProgress) -> str:
        return "sha256:new"

    async def test(deployment: Deployment) -> None:
        number = deployment.service.revision_number
        await deployment.run(script)
        deployed = deployment.service.deployed
        assert deployed is not None
        assert (deployed.revision, deployed.version) == (number + 1, "sha256:new")
        assert (deployment.operation.status, deployment.operation.has_ended) == (OperationStatus.SUCCEEDED, True)
        assert deployment.service.status is ServiceStatus.RUNNING

    in_deployment(test)


def test_a_deployment_that_fails_keeps_what_is_deployed_and_logs_its_lines_and_the_reason() -> None:
    async def script(steps: DeploymentProgress) -> str:
        await steps.reach(Phase.PROVISIONING)
        raise WorkloadFailed("It did not start.", ["first line", "second line"])

    async def test(deployment: Deployment) -> None:
        before = deployment.service.deployed
        await deployment.run(script)
        assert deployment.service.deployed == before
        assert deployment.operation.status is OperationStatus.ROLLBACK_SUCCEEDED
        assert deployment.lines()[-4:] == [
            "first line",
            "second line",
            "Deployment failed. Failure reason: It did not start.",
            "Failed to deploy your application image.",
        ]
        reason = f"Deployment with ID : {deployment.operation_id} failed. Failure reason : It did not start."
        assert reason in deployment.stage.lines(deployment.arn)

    in_deployment(test)


def test_work_that_is_faster_than_the_profile_waits_for_it() -> None:
    async def test(deployment: Deployment) -> None:
        times: list[float] = []

        async def script(steps: DeploymentProgress) -> str:
            for phase in (Phase.SOURCE_READY, Phase.HEALTHY):
                await steps.reach(phase)
                times.append(asyncio.get_running_loop().time() - began_s)
            return "v2"

        began_s = asyncio.get_running_loop().time()
        await deployment.run(script)
        assert times == pytest.approx([APP_RUNNER.image[phase] for phase in (Phase.SOURCE_READY, Phase.HEALTHY)])

    in_deployment(test, APP_RUNNER)


def test_a_deletion_calls_back_within_the_change_that_sets_deleted() -> None:
    async def main() -> None:
        async with Stage() as stage:
            arn = await stage.running()
            service = stage.registry.get(ServiceResource, arn)
            assert service is not None
            began = OperationResource(
                "1" * 32,
                arn,
                born=100,
                type=OperationType.DELETE_SERVICE,
                status=OperationStatus.PENDING,
                started_at=stage.now(),
                updated_at=stage.now(),
                began_in=ServiceStatus.RUNNING,
            )
            with stage.registry.change():
                stage.registry.put(replace(service, status=ServiceStatus.OPERATION_IN_PROGRESS))
                stage.registry.put(began)
            seen: list[ServiceStatus] = []

            def on_deleted(deleted: ServiceResource) -> None:
                seen.append(deleted.status)
                stage.registry.remove(began)  # fails unless a change is open

            run = OperationRun(
                began,
                registry=stage.registry,
                workload=stage.workload,
                events=stage.api.operations._events,
                profile=INSTANT,
                now=stage.now,
                on_deleted=on_deleted,
            )
            await run.carry_out()
            assert seen == [ServiceStatus.DELETED]
            assert stage.registry.get(OperationResource, began.operation_id) is None
            deleted = stage.registry.get(ServiceResource, arn)
            assert deleted is not None
            assert (deleted.status, deleted.deleted_at) == (ServiceStatus.DELETED, stage.now())
            assert arn not in stage.workload.running

    run_virtual(main)


def test_a_pull_of_a_large_image_delays_what_comes_after_it() -> None:
    at_s: dict[Phase, float] = {}

    async def play(deployment: Deployment) -> None:
        loop = asyncio.get_running_loop()

        async def script(steps: DeploymentProgress) -> str:
            began_s = loop.time() - APP_RUNNER.phase_s(OperationType.START_DEPLOYMENT, Phase.BEGUN, is_image=True)
            steps.pulls(1_000_000_000)
            for phase in (Phase.SOURCE_READY, Phase.HEALTH_CHECKING):
                await steps.reach(phase)
                at_s[phase] = loop.time() - began_s
            return "version"

        await deployment.run(script)

    in_deployment(play, APP_RUNNER)
    assert at_s == {Phase.SOURCE_READY: pytest.approx(107 + 20), Phase.HEALTH_CHECKING: pytest.approx(126 + 20)}
