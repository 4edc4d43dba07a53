"""Versions that exit soon after their start, as containers and processes: none replaces a working version."""

from __future__ import annotations

import asyncio
import contextlib
import shlex
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from simulator.assembly.control_plane import ControlPlaneSettings
from simulator.assembly.serving import ServingSettings, open_serving
from simulator.edge.live.live_settings import LiveSettings
from simulator.fleet.applications import Application
from simulator.fleet.docker.config import DockerApplication, DockerSettings
from simulator.fleet.docker.driver import DockerDriver
from simulator.fleet.docker.engine_address import DEFAULT_HOST
from simulator.fleet.http.backend import HttpService
from simulator.fleet.ports import InstanceSpec
from simulator.fleet.process.environment import ProcessApplication
from simulator.model.health import HealthCheck
from simulator.platform.applications import ApplicationSettings
from simulator.platform.scaling.policy_choice import PolicyChoice
from simulator.platform.service_workload import WorkloadSettings
from simulator.world.clock import ClockKind, run
from simulator.world.tasks import Tasks
from tests.live.contract import SIZE, VARIABLE, Behaviour
from tests.live.docker_images import engine_or_skip, python_image
from tests.live.test_contract import ready
from tests.live.test_serving import IMAGE, Stage

EXITED = (
    "[AppRunner] Your application stopped or failed to start. See logs for more information. Container exit code: 3"
)
IN_IMAGE = "/usr/bin/python"

GOOD = """
import http.server, os
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("content-length", "4")
        self.end_headers()
        self.wfile.write(b"good")
    def log_message(self, *_): pass
http.server.ThreadingHTTPServer(("0.0.0.0", int(os.environ["PORT"])), Handler).serve_forever()
"""
AT_ONCE = "raise SystemExit(3)"
AFTER_A_WHILE = "import time; time.sleep(0.5); raise SystemExit(3)"
# As gunicorn whose workers cannot load the application: it listens, and then it exits.
AFTER_IT_LISTENED = """
import os, socket, time
listening = socket.create_server(("0.0.0.0", int(os.environ["PORT"])))
time.sleep(0.4)
os._exit(3)
"""
# It connects to its database after it listens, and the database does not exist.
SOME_SECONDS_AFTER_IT_LISTENED = AFTER_IT_LISTENED.replace("0.4", "2.5")
DEATHS = {
    "at once": AT_ONCE,
    "after a while": AFTER_A_WHILE,
    "after it listened": AFTER_IT_LISTENED,
    "some seconds after": SOME_SECONDS_AFTER_IT_LISTENED,
}


def in_stage(folder: Path, application: Application, test: Callable[[Stage], Awaitable[None]]) -> None:
    async def main() -> None:
        serving = await open_serving(
            ServingSettings(
                ControlPlaneSettings(folder / "state", listener=None),
                LiveSettings(folder / "state"),
                WorkloadSettings(startup_probe_s=0.02, policy=PolicyChoice(start_lag_s=0.0), stop_grace_s=5.0),
                ApplicationSettings({IMAGE: application}),
            )
        )
        async with serving:
            await test(Stage(serving))

    run(ClockKind.REAL, main)


def source(program: str, python: str) -> dict[str, Any]:
    """Return an image that runs the program, or source code; a start command has a single line."""
    command = f"{python} -I -S -c {shlex.quote(f'exec({program!r})')}"
    return {
        "AutoDeploymentsEnabled": False,
        "ImageRepository": {
            "ImageIdentifier": IMAGE,
            "ImageRepositoryType": "ECR_PUBLIC",
            "ImageConfiguration": {"Port": "8080", "StartCommand": command},
        },
    }


def create(stage: Stage, name: str, program: str, python: str) -> str:
    """Create a service and return its ARN."""
    made = stage.call("CreateService", ServiceName=name, SourceConfiguration=source(program, python))
    return str(made["Service"]["ServiceArn"])


def newest(stage: Stage, arn: str) -> tuple[str, str]:
    operation = stage.call("ListOperations", ServiceArn=arn)["OperationSummaryList"][0]
    return stage.describe(arn)["Status"], operation["Status"]


async def never_takes_over(stage: Stage, python: str = IN_IMAGE, times: int = 1) -> None:
    """Test each kind of exit `times` times, in a creation and in an update of a service that serves."""
    good = create(stage, "good", GOOD, python)
    deaths = [(how, program) for how, program in DEATHS.items() for _ in range(times)]
    dead = {
        create(stage, f"dies-{how.replace(' ', '-')}-{number}", program, python): how
        for number, (how, program) in enumerate(deaths)
    }
    await stage.settled()
    assert newest(stage, good) == ("RUNNING", "SUCCEEDED"), stage.lines(good, "")
    for arn, how in dead.items():
        assert newest(stage, arn) == ("CREATE_FAILED", "FAILED"), how
        assert EXITED in stage.lines(arn, "events"), how
    host = stage.describe(good)["ServiceUrl"]
    for how, program in deaths:
        stage.call("UpdateService", ServiceArn=good, SourceConfiguration=source(program, python))
        await stage.settled()
        assert newest(stage, good) == ("RUNNING", "ROLLBACK_SUCCEEDED"), how
        assert await stage.get(host) == (200, "good"), how
    assert sum(line == EXITED for line in stage.lines(good, "events")) == len(deaths)


@pytest.mark.slow
@pytest.mark.case("P1")
def test_a_container_that_exits_never_replaces_a_working_version(tmp_path: Path) -> None:
    in_stage(tmp_path, DockerApplication(python_image()), never_takes_over)


@pytest.mark.slow
@pytest.mark.case("P1")
@pytest.mark.parametrize("egress", ["DEFAULT", "NONE"])
def test_a_container_that_exits_repeatedly_never_replaces_a_working_version(tmp_path: Path, egress: str) -> None:
    in_stage(tmp_path, DockerApplication(python_image(), egress=egress), partial(never_takes_over, times=3))


@pytest.mark.slow
@pytest.mark.case("P1")
def test_a_process_that_exits_never_replaces_a_working_version(tmp_path: Path) -> None:
    in_stage(tmp_path, ProcessApplication(("python3",)), partial(never_takes_over, python="python3"))


# --- an engine whose processes cannot be seen from this machine -------------------------------------------------------


@contextlib.asynccontextmanager
async def over_tcp() -> AsyncIterator[str]:
    """Make this machine's engine reachable by TCP, as the engine of another machine is."""
    engine_or_skip()

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        writer.close()

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        theirs, ours = await asyncio.open_unix_connection(DEFAULT_HOST.removeprefix("unix://"))
        async with Tasks("relay") as tasks:
            await asyncio.wait((tasks.spawn(pump(reader, ours), "there"), tasks.spawn(pump(theirs, writer), "back")))

    server = await asyncio.start_server(relay, "127.0.0.1", 0)
    try:
        yield f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


@pytest.mark.case("P1")
async def test_a_remote_engine_is_queried_for_the_container() -> None:
    async with over_tcp() as host:
        for program, passes in ((GOOD, True), (AT_ONCE, False), ("import time; time.sleep(60)", False)):
            application = DockerApplication(python_image(), ("/usr/bin/python", "-I", "-S", "-c", program))
            driver = DockerDriver(application, HttpService, lambda *_: None, DockerSettings(host=host))
            try:
                backend = await driver.launch(InstanceSpec("web", 1, SIZE, {VARIABLE: Behaviour.READY.value}))
                if passes:
                    await ready(backend)
                else:
                    for _ in range(20):
                        assert await backend.probe(HealthCheck(timeout_s=1)) is not None, program
                        await asyncio.sleep(0.02)
            finally:
                await driver.close()
