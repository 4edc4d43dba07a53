"""`simulator serve` with many services and many instances: all of them run, are restored, and respond."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from simulator.assembly.control_plane import ControlPlaneSettings
from simulator.assembly.serving import ServingSettings, open_serving
from simulator.control.api_context import ApiSettings
from simulator.edge.live.live_settings import LiveSettings
from simulator.fleet.applications import Application
from simulator.fleet.process.environment import ProcessApplication
from simulator.fleet.simulated.application import SimulatedApplication
from simulator.model.resources.api_resources import ServiceResource
from simulator.model.resources.quotas import Quotas
from simulator.model.resources.service_state import ServiceStatus
from simulator.platform.applications import ApplicationSettings
from simulator.platform.scaling.policy_choice import PolicyChoice
from simulator.platform.service_workload import WorkloadSettings
from simulator.world.clock import ClockKind, run, wall_s
from simulator.world.distributions import Constant
from tests.live.test_serving import IMAGE, Stage

SERVICES = 1000
INSTANCES, OF_A_SERVICE = 200, 25
PATIENCE_S = 300.0
# A hundred times the usual time: the test detects only quadratic growth and blocking.
KIB_OF_A_SERVICE_MAX = 500

PROGRAM = """
import os, socket
server = socket.create_server((os.environ["HOST"], int(os.environ["PORT"])))
while True:
    connection, _ = server.accept()
    with connection:
        if connection.recv(65536):
            connection.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok")
"""


def in_stage(folder: Path, application: Application, test: Callable[[Stage], Awaitable[None]]) -> None:
    quotas = Quotas(services=2 * SERVICES, auto_scaling_names=10)

    async def main() -> None:
        settings = ServingSettings(
            ControlPlaneSettings(folder / "state", listener=None, api=ApiSettings(quotas=quotas)),
            LiveSettings(folder / "state"),
            WorkloadSettings(
                startup_probe_s=0.1,
                policy=PolicyChoice(start_lag_s=0.0),
                stop_grace_s=5.0,
                settle_s=1.0,
                startup_allowance_s=PATIENCE_S,
            ),
            ApplicationSettings({IMAGE: application}),
        )
        began_s = wall_s()
        async with await open_serving(settings) as serving:
            stage = Stage(serving)
            await serving.plane.api.operations.settled()
            print(f"open and settled after {wall_s() - began_s:.1f} s")  # noqa: T201 a figure of this run
            await test(stage)
            assert not serving.platform.tasks.failed.done()

    run(ClockKind.REAL, main)


def statuses(stage: Stage) -> list[str]:
    return [service.status for service in stage.serving.plane.registry.all(ServiceResource)]


@pytest.mark.slow
def test_a_thousand_services_run_and_are_restored(tmp_path: Path) -> None:
    names: list[str] = []
    arns: list[str] = []

    async def first(stage: Stage) -> None:
        before = psutil.Process().memory_info().rss
        began_s = wall_s()
        for number in range(SERVICES):
            made = stage.call("CreateService", ServiceName=f"service-{number:04d}", SourceConfiguration=stage.source())
            names.append(made["Service"]["ServiceUrl"])
            arns.append(made["Service"]["ServiceArn"])
        await stage.serving.plane.api.operations.settled()
        used = (psutil.Process().memory_info().rss - before) / 1024 / SERVICES
        print(f"{SERVICES} services in {wall_s() - began_s:.1f} s, {used:.0f} KiB each")  # noqa: T201
        assert statuses(stage) == [ServiceStatus.RUNNING] * SERVICES
        assert used < KIB_OF_A_SERVICE_MAX

    async def again(stage: Stage) -> None:
        assert statuses(stage) == [ServiceStatus.RUNNING] * SERVICES
        pages, token = 0, None
        while pages == 0 or token:
            more: dict[str, Any] = {"NextToken": token} if token else {}
            page = stage.call("ListServices", MaxResults=20, **more)
            pages, token = pages + 1, page.get("NextToken")
        assert pages == SERVICES / 20
        began_s = wall_s()
        for arn in arns:
            assert stage.describe(arn)["Status"] == "RUNNING"
        print(f"DescribeService {1000 * (wall_s() - began_s) / SERVICES:.2f} ms")  # noqa: T201
        for host in (names[0], names[-1]):
            assert (await stage.get(host))[0] == 200

    in_stage(tmp_path, SimulatedApplication(cpu=Constant(0.001)), first)
    in_stage(tmp_path, SimulatedApplication(cpu=Constant(0.001)), again)


@pytest.mark.slow
def test_two_hundred_processes_run_serve_and_end(tmp_path: Path) -> None:
    before = {process.pid for process in psutil.process_iter()}
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "app.py").write_text(PROGRAM, encoding="utf-8")

    async def test(stage: Stage) -> None:
        made = stage.call(
            "CreateAutoScalingConfiguration",
            AutoScalingConfigurationName="many",
            MinSize=OF_A_SERVICE,
            MaxSize=OF_A_SERVICE,
        )
        scaling = made["AutoScalingConfiguration"]["AutoScalingConfigurationArn"]
        began_s = wall_s()
        hosts = []
        for number in range(INSTANCES // OF_A_SERVICE):
            service = stage.call(
                "CreateService",
                ServiceName=f"service-{number}",
                SourceConfiguration=stage.source(),
                AutoScalingConfigurationArn=scaling,
            )["Service"]
            hosts.append(service["ServiceUrl"])
        await stage.serving.plane.api.operations.settled()
        print(f"{INSTANCES} instances in {wall_s() - began_s:.1f} s")  # noqa: T201
        assert set(statuses(stage)) == {ServiceStatus.RUNNING}
        ready = [len(service.pool.ready) for service in stage.serving.platform.services.values()]
        assert ready == [OF_A_SERVICE] * len(hosts)
        for host in hosts:
            assert await stage.get(host) == (200, "ok")

    in_stage(tmp_path, ProcessApplication(("python3", "-I", "-S", "app.py"), working_directory=tmp_path / "app"), test)
    own = psutil.Process()
    assert [child for child in own.children(recursive=True) if child.pid not in before] == []
