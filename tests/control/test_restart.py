"""The simulator is killed and started again: acknowledged changes are kept, and interrupted operations continue."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from simulator.control.operations.simulated_workload import SimulatedWorkload
from simulator.control.operations.time_profile import APP_RUNNER
from simulator.control.operations.workload import ServiceRevision, WorkloadFailed
from simulator.control.state.registry import Registry
from simulator.control.state.store import Store
from simulator.control.wall_clock import VIRTUAL_START_S, virtual_wall_clock
from simulator.model.resources.api_resources import ConnectionResource
from simulator.model.resources.phase import Phase
from simulator.records.events import MaintenanceChanged
from tests.control import api_stage
from tests.control.api_stage import Stage
from tests.virtual import run_virtual


async def kill(stage: Stage) -> None:
    """End the control plane as `kill -9` does: what is not written yet is lost. The loop continues, so time passes."""
    await stage.tasks.close()
    stage.api.audit._gathered._stop_timer()
    stage.store.close()


def test_running_services_are_restored_with_the_version_that_ran(tmp_path: Path) -> None:
    async def main() -> None:
        stage = Stage(tmp_path / "state.db")
        arn = await stage.running()
        stage.call("StartDeployment", ServiceArn=arn)
        await stage.settled()
        paused = await stage.running("paused")
        stage.call("PauseService", ServiceArn=paused)
        await stage.settled()
        before = stage.service(arn)
        await kill(stage)
        async with Stage(tmp_path / "state.db") as again:
            await again.settled()
            assert again.service(arn) == before
            assert list(again.workload.running) == [arn]
            assert (again.workload.running[arn].number, again.workload.running[arn].version) == (2, "version 2")
            assert again.workload.calls == [("restore", "hello", 2)]

    run_virtual(main)


def test_a_maintenance_that_a_restart_interrupts_is_over(tmp_path: Path) -> None:
    async def main() -> None:
        stage = Stage(tmp_path / "state.db")
        arn = await stage.running()
        stage.registry.journal.publish(MaintenanceChanged("hello", is_active=True))
        assert stage.status(arn) == "OPERATION_IN_PROGRESS"
        await kill(stage)
        async with Stage(tmp_path / "state.db") as again:
            await again.settled()
            assert again.status(arn) == "RUNNING"
            assert list(again.workload.running) == [arn]

    run_virtual(main)


@pytest.mark.parametrize("after_s", [0.5, 50.0, 200.0, 299.0])
def test_a_creation_interrupted_by_a_restart_still_takes_five_minutes(tmp_path: Path, after_s: float) -> None:
    async def main() -> None:
        stage = Stage(tmp_path / "state.db", profile=APP_RUNNER)
        arn = stage.create()
        began = stage.now()
        await stage.passes(after_s)
        await kill(stage)
        async with Stage(tmp_path / "state.db", profile=APP_RUNNER) as again:
            assert again.status(arn) == "OPERATION_IN_PROGRESS"
            await again.settled()
            assert (again.status(arn), round(again.now() - began, 3)) == ("RUNNING", 300.0)
            lines = again.lines(arn)
            assert len(lines) == len(set(lines)) == 10  # nothing is logged twice

    run_virtual(main)


def test_an_update_interrupted_by_a_restart_continues_beside_the_old_revision(tmp_path: Path) -> None:
    async def main() -> None:
        stage = Stage(tmp_path / "state.db", profile=APP_RUNNER)
        arn = await stage.running()
        stage.call("UpdateService", ServiceArn=arn, InstanceConfiguration={"Memory": "4 GB"})
        await stage.passes(150)
        await kill(stage)
        async with Stage(tmp_path / "state.db", profile=APP_RUNNER) as again:
            await again.passes(1)
            assert again.workload.running[arn].number == 1
            await again.settled()
            assert again.operations(arn)[0] == ("UPDATE_SERVICE", "SUCCEEDED")
            assert again.workload.running[arn].number == 2
            assert again.service(arn)["InstanceConfiguration"]["Memory"] == "4096"

    run_virtual(main)


def test_a_rollback_interrupted_by_a_restart_continues(tmp_path: Path) -> None:
    async def main() -> None:
        stage = Stage(tmp_path / "state.db", profile=APP_RUNNER)
        arn = await stage.running()
        stage.workload.fail("hello", "deploy", before=Phase.HEALTHY)
        stage.call("UpdateService", ServiceArn=arn, InstanceConfiguration={"Memory": "4 GB"})
        await stage.passes(400)
        began = stage.now()
        await kill(stage)
        async with Stage(tmp_path / "state.db", profile=APP_RUNNER) as again:
            await again.settled()
            assert again.operations(arn)[0] == ("UPDATE_SERVICE", "ROLLBACK_SUCCEEDED")
            assert again.service(arn)["InstanceConfiguration"]["Memory"] == "2048"
            assert again.now() - began == pytest.approx(126 + 900 - 400, abs=0.01)

    run_virtual(main)


@pytest.mark.parametrize(
    ("operation", "status"), [("PauseService", "PAUSED"), ("DeleteService", "DELETED"), ("StartDeployment", "RUNNING")]
)
def test_other_operations_continue_after_a_restart(tmp_path: Path, operation: str, status: str) -> None:
    async def main() -> None:
        stage = Stage(tmp_path / "state.db", profile=APP_RUNNER)
        arn = await stage.running()
        stage.call(operation, ServiceArn=arn)
        await kill(stage)
        async with Stage(tmp_path / "state.db") as again:
            await again.settled()
            assert (again.status(arn), again.operations(arn)[0][1]) == (status, "SUCCEEDED")

    run_virtual(main)


def test_a_pause_that_fails_after_the_restart_leaves_the_service_running(tmp_path: Path) -> None:
    async def main() -> None:
        stage = Stage(tmp_path / "state.db", profile=APP_RUNNER)
        arn = await stage.running()
        stage.call("PauseService", ServiceArn=arn)
        await stage.passes(10)
        await kill(stage)
        workload = SimulatedWorkload()
        workload.fail("hello", "pause", failure=WorkloadFailed("It goes on."))
        async with Stage(tmp_path / "state.db", profile=APP_RUNNER, workload=workload) as again:
            await again.settled()
            assert (again.status(arn), list(workload.running)) == ("RUNNING", [arn])

    run_virtual(main)


def test_a_service_that_cannot_be_restored_is_logged_and_kept(tmp_path: Path) -> None:
    class Forgetful(SimulatedWorkload):
        async def restore(self, revision: ServiceRevision) -> None:
            raise WorkloadFailed("The image is gone.")

    async def main() -> None:
        stage = Stage(tmp_path / "state.db")
        arn = await stage.running()
        await kill(stage)
        async with Stage(tmp_path / "state.db", workload=Forgetful()) as again:
            await again.settled()
            assert again.status(arn) == "RUNNING"
            assert again.lines(arn)[-1] == "The image is gone."

    run_virtual(main)


def test_a_call_waits_for_a_service_that_is_still_being_restored(tmp_path: Path) -> None:
    async def main() -> None:
        stage = Stage(tmp_path / "state.db")
        arn = await stage.running()
        await kill(stage)
        async with Stage(tmp_path / "state.db", workload=SimulatedWorkload(step_s=5.0)) as again:
            began = again.now()
            again.call("PauseService", ServiceArn=arn)
            await again.settled()
            assert again.workload.calls == [("restore", "hello", 1), ("pause", "hello", 1)]
            assert (again.now() - began, again.workload.running) == (10.0, {})

    run_virtual(main)


def test_a_listing_continues_across_a_restart(tmp_path: Path) -> None:
    async def main() -> None:
        stage = Stage(tmp_path / "state.db")
        for name in ("aaaa", "bbbb"):
            await stage.running(name)
        token = stage.call("ListServices", MaxResults=1)["NextToken"]
        await kill(stage)
        async with Stage(tmp_path / "state.db") as again:
            page = again.call("ListServices", MaxResults=1, NextToken=token)["ServiceSummaryList"]
            assert [each["ServiceName"] for each in page] == ["aaaa"]

    run_virtual(main)


PROGRAM = """
import asyncio, pathlib, sys
from simulator.control.wall_clock import live_wall_clock
from simulator.control.principal import Principal
from simulator.control.wall_clock import VIRTUAL_START_S, virtual_wall_clock
from simulator.control.state.registry import Registry
from simulator.control.service_api import ServiceApi
from simulator.control.operations.simulated_workload import SimulatedWorkload
from simulator.control.state.store import Store
from simulator.model.resources.quotas import Quotas
from simulator.control.api_context import ApiSettings
from simulator.world.tasks import Tasks

async def main():
    registry = Registry(Store(pathlib.Path(sys.argv[1])), seed=3)
    settings = ApiSettings(quotas=Quotas(connections=1_000_000))
    api = ServiceApi(registry, SimulatedWorkload(), now=live_wall_clock, tasks=Tasks("t"), settings=settings)
    principal = Principal("123456789012", "us-east-1", "KEY", "r", "127.0.0.1", "test")
    for number in range(1_000_000):
        request = {"ConnectionName": f"connection-{number}", "ProviderType": "GITHUB"}
        print(api.handle(principal, "CreateConnection", request)["Connection"]["ConnectionArn"], flush=True)

asyncio.run(main())
"""


def test_what_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PROGRAM, str(tmp_path / "state.db")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        acknowledged = [process.stdout.readline().strip() for _ in range(100)]
        process.kill()
        acknowledged += [line.strip() for line in process.stdout if line.endswith("\n")]
    registry = Registry(Store(tmp_path / "state.db"), seed=0)
    kept = [each.arn for each in registry.all(ConnectionResource)]
    assert kept[: len(acknowledged)] == acknowledged
    assert len(kept) <= len(acknowledged) + 1  # one more is possible: it was committed but not yet printed
    registry.store.close()


def test_running_operations_do_not_wait_for_a_clock_that_was_set_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock was set back by a day while the simulator was down: no operation takes longer than from its start."""

    async def main() -> None:
        stage = Stage(tmp_path / "state.db", profile=APP_RUNNER)
        running = await stage.running("good")
        arn = stage.create("young")
        stage.call("AssociateCustomDomain", ServiceArn=running, DomainName="acme.dev")
        stage.workload.fail("good", "deploy", before=Phase.HEALTHY)
        stage.call("StartDeployment", ServiceArn=running)
        await stage.passes(250.0)
        assert stage.operations(running)[0] == ("START_DEPLOYMENT", "ROLLBACK_IN_PROGRESS")
        await kill(stage)
        earlier = VIRTUAL_START_S - 86_400.0
        monkeypatch.setattr(api_stage, "virtual_wall_clock", lambda: virtual_wall_clock(earlier))
        async with Stage(tmp_path / "state.db", profile=APP_RUNNER) as again:
            assert again.now() < again.service(arn)["CreatedAt"]
            await again.passes(30.0 + 300.0 + 120.0)
            [domain] = again.call("DescribeCustomDomains", ServiceArn=running)["CustomDomains"]
            assert (again.status(arn), domain["Status"]) == ("RUNNING", "active")
            await again.passes(450.0)
            assert again.operations(running)[0] == ("START_DEPLOYMENT", "ROLLBACK_SUCCEEDED")

    run_virtual(main)
