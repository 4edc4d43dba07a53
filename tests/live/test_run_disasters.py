"""Failures from outside during a run: `kill -9` of an instance or of the simulator, and a restart of the engine."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path

import aiohttp
import psutil
import pytest

from simulator.assembly.composition import compose_platform
from simulator.edge.live.live_settings import LiveSettings
from simulator.fleet.applications import Application
from simulator.fleet.docker.backend import ContainerBackend
from simulator.fleet.docker.config import DockerApplication
from simulator.fleet.docker.labels import OWNER
from simulator.fleet.instance import Instance
from simulator.fleet.pool.settings import PoolSettings
from simulator.fleet.process.backend import ProcessBackend
from simulator.fleet.process.confinement import sweep as process_sweep
from simulator.fleet.process.environment import ProcessApplication
from simulator.model.health import HealthCheck, HealthProtocol
from simulator.model.scaling import AutoScalingConfiguration
from simulator.platform.platform import Platform
from simulator.platform.revision import ServicePlan
from simulator.rules.policies.fixed import FixedParameters, FixedPolicy
from simulator.world.random_streams import RandomStreams
from simulator.world.tasks import Tasks
from tests.live.arm_docker import left_behind
from tests.live.docker_images import FIRST_LOOK, changed_image, python_image
from tests.live.process_bench import guards_of_ours, is_alive, processes_of
from tests.live.second_engine import second_engine
from tests.live.waiting import until, wait_until

COMMAND = ("python", "-I", "-S", "/app/first_look.py")
CONTAINER = f"container: {{image: 'IMAGE', command: {' '.join(COMMAND)}, environment: {{HOST: 0.0.0.0}}}}"
ENVOY = "upstream connect error or disconnect/reset before headers. reset reason: connection termination"

# --- kill -9 of an instance ---


def application(kind: str) -> Application:
    if kind == "process":
        return ProcessApplication((sys.executable, str(FIRST_LOOK)))
    return DockerApplication(python_image(), COMMAND, {"HOST": "0.0.0.0"})


@contextlib.asynccontextmanager
async def two_instances(kind: str, state: Path) -> AsyncIterator[Platform]:
    scaling = AutoScalingConfiguration(max_concurrency=20, min_size=2, max_size=2)
    check = HealthCheck(HealthProtocol.HTTP, "/health", interval_s=1)
    settings = PoolSettings("web", scaling=scaling, health_check=check, initial_size=2, stop_grace_s=2)
    plan = ServicePlan(settings, FixedPolicy(FixedParameters(2), scaling), application(kind))
    platform = compose_platform([plan], RandomStreams(1), live=LiveSettings(state))
    try:
        await platform.open()
        platform.start()
        yield platform
    finally:
        await platform.close()


def kill_9(instance: Instance) -> None:
    """Kill it as the kernel or a user does, without the simulator's knowledge."""
    os.kill(pid_of(instance), signal.SIGKILL)


def pid_of(instance: Instance) -> int:
    """Return the PID of its first process."""
    backend = instance.backend
    if isinstance(backend, ProcessBackend):
        return backend.pid
    assert isinstance(backend, ContainerBackend)
    told = subprocess.run(
        ["docker", "inspect", "-f", "{{.State.Pid}}", backend.container], capture_output=True, check=True
    )
    return int(told.stdout)


async def asked(platform: Platform, session: aiohttp.ClientSession) -> tuple[int, str]:
    assert platform.front is not None
    host = platform.services["web"].host
    url = f"https://127.0.0.1:{platform.front.https_port}/?io_ms=1000"
    context = platform.front.client_context()
    async with session.get(url, headers={"host": host}, ssl=context, server_hostname=host) as answer:
        return answer.status, await answer.text()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["process", "docker"])
async def test_kill_9_of_an_instance_fails_its_own_requests_and_a_replacement_comes(kind: str, tmp_path: Path) -> None:
    async with two_instances(kind, tmp_path) as platform, aiohttp.ClientSession() as session, Tasks("clients") as tasks:
        service = platform.services["web"]
        ready = service.pool.ready
        requests = [tasks.spawn(asked(platform, session), f"client {number}") for number in range(10)]
        await until(lambda: sum(instance.outstanding for instance in ready.values()) == 10)
        victim = ready[1]
        lost = victim.outstanding
        assert lost == 5
        kill_9(victim)
        await asyncio.wait(requests)
        answers = [request.result() for request in requests]
        assert [body for status, body in answers if status == 503] == [ENVOY] * lost
        assert [status for status, _ in answers if status != 503] == [200] * (10 - lost)
        await until(lambda: list(ready) == [2, 3])
        assert (await asked(platform, session))[0] == 200


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["process", "docker"])
async def test_a_stopped_instance_is_replaced(kind: str, tmp_path: Path) -> None:
    """SIGSTOP: it keeps its connections and its port, and does not respond any more."""
    async with two_instances(kind, tmp_path) as platform, aiohttp.ClientSession() as session:
        ready = platform.services["web"].pool.ready
        victim = ready[1]
        pid = pid_of(victim)
        os.killpg(os.getpgid(pid), signal.SIGSTOP)
        await until(lambda: list(ready) == [2, 3])
        for _ in range(4):
            assert (await asked(platform, session))[0] == 200
        await until(lambda: not is_alive(pid))
        assert not platform.tasks.failed.done()


@pytest.mark.slow
async def test_a_guard_killed_under_load_fails_no_request_and_is_started_again(tmp_path: Path) -> None:
    async with two_instances("process", tmp_path) as platform, aiohttp.ClientSession() as session:
        ready = platform.services["web"].pool.ready
        statuses: list[int] = []

        def is_dead(process: psutil.Process) -> bool:
            return not is_alive(process.pid)

        def has_more(count: int) -> bool:
            return len(statuses) > count

        def has(numbers: list[int]) -> bool:
            return sorted(ready) == numbers

        async def client() -> None:
            while True:
                statuses.append((await asked(platform, session))[0])

        async with Tasks("clients") as tasks:
            clients = [tasks.spawn(client(), f"client {number}") for number in range(4)]
            for _ in range(3):
                statuses.clear()
                # all clients have finished the requests that failed with an instance
                await until(lambda: len(statuses) > 8)
                statuses.clear()
                (guard,) = guards_of_ours()
                guard.kill()
                await until(partial(is_dead, guard))
                before = len(statuses)
                await until(partial(has_more, before + 8))
                assert set(statuses) == {200}
                expected = [min(ready), max(ready) + 1]
                os.killpg(os.getpgid(pid_of(ready[max(ready)])), signal.SIGTERM)  # its replacement needs a guard
                await until(partial(has, expected))
            for each in clients:
                each.cancel()
        assert not platform.tasks.failed.done()
    assert guards_of_ours() == []
    assert not processes_of(tmp_path)


# --- kill -9 of the simulator ---


TWO_KINDS = f"""
duration: DURATION
services:
  contained:
    health_check: {{interval: 1s}}
    stop_grace: 1s
    application: {{{CONTAINER.replace("{image", "{egress: NONE, image")}}}
  processed:
    health_check: {{interval: 1s}}
    stop_grace: 1s
    application: {{process: {{command: python first_look.py}}}}
traffic:
  - {{service: contained, clock: {{rate: 5/s}}}}
  - {{service: processed, clock: {{rate: 5/s}}}}
"""


@contextlib.contextmanager
def running(folder: Path, scenario: str, *more: str) -> Iterator[subprocess.Popen[str]]:
    """Run a scenario in a separate process; yield it when its instances are ready."""
    shutil.copy(FIRST_LOOK, folder)
    (folder / "run.yaml").write_text(scenario, encoding="utf-8")
    (folder / "tmp").mkdir(exist_ok=True)
    words = [sys.executable, "-m", "simulator", "run", "run.yaml", "--clock", "real", "--state", "state", *more]
    environment = {**os.environ, "TMPDIR": str(folder / "tmp")}  # noqa: TID251 the tests' own door
    with subprocess.Popen(
        words, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as run:
        assert run.stdout is not None
        try:
            told = ""
            for line in iter(run.stdout.readline, ""):
                told += line
                if line.lstrip().startswith("curl "):
                    break
            else:
                pytest.fail(f"the run did not begin: {told}")
            yield run
        finally:
            run.kill()


@pytest.mark.slow
def test_after_kill_9_of_the_simulator_the_next_start_removes_its_leftovers_only(tmp_path: Path) -> None:
    scenario = TWO_KINDS.replace("IMAGE", changed_image("VOLUME /data"))
    stranger = subprocess.run(
        ["docker", "create", python_image(), "true"], capture_output=True, text=True, check=True
    ).stdout.strip()
    try:
        with running(tmp_path, scenario.replace("DURATION", "120s")) as dead:
            wait_until(lambda: len(left_behind(dead.pid).splitlines()) == 2 and bool(volumes_of(dead.pid)))
            wait_until(lambda: bool(guards_of(dead.pid)))
            children = psutil.Process(dead.pid).children(recursive=True)
            (guard,) = guards_of(dead.pid)
            guard.kill()  # the worst case: no process is left that could remove anything
            dead.kill()
            dead.wait()
        left = left_behind(dead.pid)
        assert len(left.splitlines()) == 2, "a container and a network, or the test would prove nothing"
        assert volumes_of(dead.pid)
        assert list((tmp_path / "tmp").glob("apprunner-*"))
        with running(tmp_path, scenario.replace("DURATION", "1s")) as alive:
            assert alive.stdout is not None
            told = alive.stdout.read()
            assert alive.wait(60) == 0, told
        for pid in (dead.pid, alive.pid):
            assert left_behind(pid) == ""
            assert volumes_of(pid) == []
        assert list((tmp_path / "tmp").glob("apprunner-*")) == []
        assert not any(is_alive(child.pid) for child in children)
        subprocess.run(["docker", "inspect", stranger], capture_output=True, check=True)
    finally:
        subprocess.run(["docker", "rm", stranger], capture_output=True, check=True)


def guards_of(pid: int) -> list[psutil.Process]:
    """Return the guards of the simulator with this PID. A process that has just been forked has no own command yet."""
    found = []
    for child in psutil.Process(pid).children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if process_sweep.__file__ in child.cmdline():
                found.append(child)
    return found


def volumes_of(pid: int) -> list[str]:
    """Return the volumes that the engine has of the simulator with this PID."""
    show = f'{{{{.Name}}}} {{{{.Label "{OWNER}"}}}}'
    told = subprocess.run(
        ["docker", "volume", "ls", "--filter", f"label={OWNER}", "--format", show],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    return [line for line in told.splitlines() if f"-{pid}-" in line]


# --- an engine that is restarted ---


RESTARTED = f"""
duration: 14s
services:
  web:
    max_concurrency: 10
    min_size: 2
    max_size: 2
    health_check: {{protocol: HTTP, path: /health, interval: 1s}}
    policy: {{name: fixed, instances: 2}}
    stop_grace: 2s
    application: {{{CONTAINER}}}
traffic:
  - {{clock: {{rate: 20/s}}, requests: [{{path: "/?io_ms=20"}}]}}
"""


@pytest.mark.slow
@pytest.mark.parametrize("how", ["stopped", "killed"])
def test_after_a_restart_of_the_engine_the_pool_recovers(tmp_path: Path, how: str) -> None:
    with second_engine() as engine:
        scenario = RESTARTED.replace("IMAGE", python_image(engine.url))
        more = ("--engine", engine.url, "--json", "report.json", "--requests", "rows.csv")
        with running(tmp_path, scenario, *more) as run:
            (engine.stop if how == "stopped" else engine.kill)()
            engine.start()
            assert run.stdout is not None
            told = run.stdout.read()
            assert run.wait(60) == 0, told
        assert engine.given("ps", "--all", "--quiet") == ""
    service = json.loads((tmp_path / "report.json").read_text())["services"][0]
    assert service["instances"]["crashed"] >= 2
    assert service["series"]["ready"][-1] == 2
    head, *rows = (line.split(",") for line in (tmp_path / "rows.csv").read_text().splitlines())
    statuses = [row[head.index("status")] for row in rows]
    assert set(statuses) > {"200"}, "it was away"
    assert set(statuses[-100:]) == {"200"}, "the last five seconds"
