"""`serve` as a whole, with simulated applications: what is opened is closed, also when opening fails."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from simulator.api.api_listener import ApiListener
from simulator.assembly.control_plane import ControlPlaneSettings
from simulator.assembly.serving import Serving, ServingSettings, open_serving
from simulator.control.principal import Principal
from simulator.control.state.store_lock import StateHeld
from simulator.edge.live.live_settings import LiveSettings
from simulator.fleet.simulated.application import SimulatedApplication
from simulator.platform.applications import ApplicationSettings
from simulator.platform.service_workload import WorkloadSettings
from simulator.telemetry.exporters import NO_EXPORTS, ExportSettings
from simulator.world.clock import ClockKind, run
from simulator.world.distributions import Constant

IMAGE = "public.ecr.aws/aws-containers/hello-app-runner:latest"
ALICE = Principal("123456789012", "us-east-1", "AKIDEXAMPLE", "request-1", "127.0.0.1", "pytest")
SOURCE = {"ImageRepository": {"ImageIdentifier": IMAGE, "ImageRepositoryType": "ECR_PUBLIC"}}


def settings(
    state: Path, *, https_port: int = 0, listener: ApiListener | None = None, exports: ExportSettings = NO_EXPORTS
) -> ServingSettings:
    application = SimulatedApplication(start_up=Constant(0.01))
    return ServingSettings(
        ControlPlaneSettings(state, listener=listener),
        LiveSettings(state, https_port),
        WorkloadSettings(startup_probe_s=0.01, settle_s=0.0, stop_grace_s=1.0),
        ApplicationSettings({IMAGE: application}),
        exports=exports,
    )


def opened(given: ServingSettings, test: Callable[[Serving], Awaitable[None]]) -> None:
    async def main() -> None:
        async with await open_serving(given) as serving:
            await test(serving)

    run(ClockKind.REAL, main)


async def created(serving: Serving) -> dict[str, Any]:
    request = {"ServiceName": "hello", "SourceConfiguration": SOURCE}
    arn = serving.plane.api.handle(ALICE, "CreateService", request)["Service"]["ServiceArn"]
    async with asyncio.timeout(60):
        await serving.plane.api.operations.settled()
    described: dict[str, Any] = serving.plane.api.handle(ALICE, "DescribeService", {"ServiceArn": arn})["Service"]
    return described


def test_a_created_service_runs_on_the_platform_and_is_there_again_after_a_restart(tmp_path: Path) -> None:
    numbers: list[str] = []

    async def first(serving: Serving) -> None:
        service = await created(serving)
        assert service["Status"] == "RUNNING"
        assert service["ServiceUrl"] in next(iter(serving.platform.services.values())).hosts
        numbers.append(serving.workload.instance_id(service["ServiceArn"], 1))

    async def second(serving: Serving) -> None:
        (listed,) = serving.plane.api.handle(ALICE, "ListServices", {})["ServiceSummaryList"]
        async with asyncio.timeout(60):
            await serving.plane.api.operations.settled()
        assert serving.workload.service(listed["ServiceArn"]) is not None
        numbers.append(serving.workload.instance_id(listed["ServiceArn"], 1))

    opened(settings(tmp_path), first)
    opened(settings(tmp_path), second)
    assert numbers[0] != numbers[1], "instances of another start have other ids"


def test_a_port_that_is_taken_leaves_the_state_free(tmp_path: Path) -> None:
    async def test(_: Serving) -> None: ...

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match=str(port)):
            opened(settings(tmp_path, https_port=port), test)
        with pytest.raises(OSError, match=str(port)):
            opened(settings(tmp_path, listener=ApiListener(port=port)), test)
    opened(settings(tmp_path), test)


def test_a_state_in_use_closes_what_was_opened(tmp_path: Path) -> None:
    async def test(serving: Serving) -> None:
        with pytest.raises(StateHeld):
            await open_serving(settings(tmp_path))
        assert (await created(serving))["Status"] == "RUNNING", "the first one goes on"

    opened(settings(tmp_path), test)


def test_metrics_count_what_runs(tmp_path: Path) -> None:
    async def test(serving: Serving) -> None:
        await created(serving)
        assert serving.exporters is not None
        assert serving.platform.metrics is not None
        assert "hello" in serving.platform.services

    opened(settings(tmp_path, exports=ExportSettings(0)), test)


def test_a_failure_in_the_background_ends_the_wait(tmp_path: Path) -> None:
    async def fail() -> None:
        raise RuntimeError("a bug")

    async def main() -> None:
        serving = await open_serving(settings(tmp_path))
        serving.platform.tasks.spawn(fail(), "failing")
        with pytest.raises(RuntimeError, match="a bug"):
            async with asyncio.timeout(60):
                await serving.until_broken()
        await serving.close()

    run(ClockKind.REAL, main)


def test_without_builds_there_are_no_branches_to_watch(tmp_path: Path) -> None:
    async def test(serving: Serving) -> None:
        assert (serving.trees, serving.exporters, serving.platform.metrics) == (None, None, None)

    opened(settings(tmp_path), test)
