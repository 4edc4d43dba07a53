"""The log explains a failed start: while the instance is not healthy, and at the end below App Runner's own line."""

from __future__ import annotations

import copy
import re
import shlex
import socket
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from simulator.assembly.control_plane import ControlPlaneSettings
from simulator.assembly.serving import ServingSettings, open_serving
from simulator.edge.live.live_settings import LiveSettings
from simulator.fleet.applications import Application
from simulator.fleet.docker.config import DockerApplication
from simulator.fleet.process.environment import ProcessApplication
from simulator.platform.applications import ApplicationSettings
from simulator.platform.service_workload import WorkloadSettings
from simulator.world.clock import ClockKind, run
from tests.live.docker_images import python_image
from tests.live.test_serving import IMAGE, Stage

ALLOWANCE_S = 15.0  # listening takes a tenth of a second, on a busy machine many times as long
EVERY = "0.0.0.0"

# Host, port, status and Location of its responses. It uses sockets only, so it listens within milliseconds.
PROGRAM = """
import os, socket, sys
port = sys.argv[2] if sys.argv[2].isdigit() else os.environ["PORT"]
more = "".join(f"Location: {each}\\r\\n" for each in sys.argv[4:])
server = socket.create_server((sys.argv[1], int(port)))
while True:
    connection, _ = server.accept()
    with connection:
        if connection.recv(65536):
            connection.sendall(f"HTTP/1.1 {sys.argv[3]} X\\r\\n{more}Content-Length: 0\\r\\n\\r\\n".encode())
"""


@dataclass(frozen=True, slots=True)
class Case:
    """A service that does not become healthy: start command, health check and port, and the expected explanation."""

    start: str
    protocol: str
    seen: str
    port: int = 8080


def command(python: str, *arguments: str) -> str:
    return f"{python} -I -S -c {shlex.quote(f'exec({PROGRAM!r})')} {' '.join(arguments)}"


def answers(python: str) -> dict[str, Case]:
    """Return cases of services that listen on the right port."""
    rejected, moved = command(python, EVERY, "PORT", "401"), command(python, EVERY, "PORT", "302", "/login")
    return {
        "status-401": Case(rejected, "HTTP", "status 401"),
        "redirect": Case(moved, "HTTP", "status 302, redirect to /login"),
    }


def assert_explained(folder: Path, application: Application, cases: dict[str, Case]) -> None:
    """Create all services at once: each creation fails with a reason in the event log and the deployment log."""

    async def main() -> None:
        settings = ServingSettings(
            ControlPlaneSettings(folder / "state", listener=None),
            LiveSettings(folder / "state"),
            WorkloadSettings(startup_probe_s=0.05, stop_grace_s=5.0, settle_s=1.0, startup_allowance_s=ALLOWANCE_S),
            ApplicationSettings({IMAGE: application}),
        )
        async with await open_serving(settings) as serving:
            stage = Stage(serving)
            arns = {name: created(stage, name, case) for name, case in cases.items()}
            await stage.settled()
            for name, arn in arns.items():
                assert stage.describe(arn)["Status"] == "CREATE_FAILED"
                for stream in ("events", "deployment/"):
                    assert_told(stage.lines(arn, stream), cases[name])

    run(ClockKind.REAL, main)


def created(stage: Stage, name: str, case: Case) -> str:
    source = {
        "AutoDeploymentsEnabled": False,
        "ImageRepository": {
            "ImageIdentifier": IMAGE,
            "ImageRepositoryType": "ECR_PUBLIC",
            "ImageConfiguration": {"Port": str(case.port), "StartCommand": case.start},
        },
    }
    health = {"Protocol": case.protocol, "Path": "/"}
    made = stage.call("CreateService", ServiceName=name, SourceConfiguration=source, HealthCheckConfiguration=health)
    return str(made["Service"]["ServiceArn"])


def assert_told(log: list[str], case: Case) -> None:
    """Check both explanations: during the start, with the remaining time, and at the end below App Runner's line."""
    seen = re.escape(case.seen).replace("GIVEN", r"\d+")
    starting = rf"\[AppRunner\] Instance 1 is not healthy yet: {seen}\. It has [0-9.]+m?s more\."
    at_last = rf"\[AppRunner\] Instance 1 did not become healthy\. The last health check saw: {seen}\."
    assert any(re.fullmatch(starting, line) for line in log), log
    ended = next(number for number, line in enumerate(log) if re.fullmatch(at_last, line))
    assert log[ended - 1].startswith(f"[AppRunner] Health check failed on protocol `{case.protocol}`"), log


@pytest.mark.slow
@pytest.mark.case("P7", "P8")
def test_containers_that_are_not_healthy_are_explained(tmp_path: Path) -> None:
    python, rejected = "/usr/bin/python", "connection refused; it listens on"
    elsewhere = f"{rejected} 8000 and not on 8080: set the service's port to 8000, or let it listen on $PORT"
    inside = f"{rejected} 127.0.0.1 only (port 8080), unreachable from outside: let it listen on 0.0.0.0"
    cases = answers(python) | {
        "another-port": Case(command(python, EVERY, "8000", "200"), "TCP", elsewhere),
        "asked-over-http": Case(command(python, EVERY, "8000", "200"), "HTTP", elsewhere),
        "inside-only": Case(command(python, "127.0.0.1", "PORT", "200"), "TCP", inside),
    }
    assert_explained(tmp_path, DockerApplication(python_image()), cases)


@pytest.mark.slow
@pytest.mark.case("P5", "P7", "P8")
def test_processes_that_are_not_healthy_are_explained(tmp_path: Path) -> None:
    other, configured = free_ports()
    elsewhere = (
        f"connection refused; it listens on {other}, neither on the service's port {configured} nor on $PORT, which is "
        f"GIVEN for this instance: set the service's port to {other}, or let it listen on $PORT"
    )
    cases = answers(sys.executable) | {
        "another-port": Case(command(sys.executable, EVERY, str(other), "200"), "TCP", elsewhere, configured),
        "silent": Case("sleep 60", "TCP", "connection refused"),
    }
    assert_explained(tmp_path, ProcessApplication(("true",)), cases)


@pytest.mark.case("P5")
def test_a_process_on_the_fixed_port_of_its_service_serves_there_and_is_deployed_in_place(tmp_path: Path) -> None:
    _, port = free_ports()
    start = command(sys.executable, EVERY, str(port), "200")

    async def main() -> None:
        settings = ServingSettings(
            ControlPlaneSettings(tmp_path / "state", listener=None),
            LiveSettings(tmp_path / "state"),
            WorkloadSettings(startup_probe_s=0.05, stop_grace_s=5.0, settle_s=1.0),
            ApplicationSettings({IMAGE: ProcessApplication(("true",))}),
        )
        async with await open_serving(settings) as serving:
            stage = Stage(serving)
            arn = created(stage, "fixed", Case(start, "HTTP", "", port))
            await stage.settled()
            host = stage.describe(arn)["ServiceUrl"]
            assert (await stage.get(host))[0] == 200
            assert any(
                f"it listens on its fixed port {port} and not on $PORT" in each for each in stage.lines(arn, "events")
            )
            for program, status in ((start.replace(" 200", " 201"), 201), ("false", 201), (start, 200)):
                source = copy.deepcopy(stage.describe(arn)["SourceConfiguration"])
                source["ImageRepository"]["ImageConfiguration"]["StartCommand"] = program
                stage.call("UpdateService", ServiceArn=arn, SourceConfiguration=source)
                await stage.settled()
                assert (await stage.get(host))[0] == status, "one that fails leads back to the version before"
            assert stage.describe(arn)["Status"] == "RUNNING"

    run(ClockKind.REAL, main)


def free_ports() -> tuple[int, int]:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as two:
        return one.getsockname()[1], two.getsockname()[1]
