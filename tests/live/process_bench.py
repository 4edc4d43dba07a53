"""Helpers for tests of the process driver. Applications are lines of Python."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil

from simulator.fleet.ports import Exchange, InstanceSpec
from simulator.fleet.process.backend import ProcessBackend
from simulator.fleet.process.confinement import sweep as process_sweep
from simulator.fleet.process.confinement.cgroup import NoGroupsError
from simulator.fleet.process.confinement.group_search import find_home
from simulator.fleet.process.confinement.sweep import MARK, owner_name
from simulator.fleet.process.driver import ProcessDriver
from simulator.fleet.process.environment import ProcessApplication
from simulator.fleet.process.settings import ProcessSettings
from simulator.model.health import HealthCheck
from simulator.model.sizes import InstanceSize

SPEC = InstanceSpec("web", 7, InstanceSize(), {"FROM_SPEC": "yes"})
_SETTINGS = ProcessSettings()

LISTEN = """
import os, socket
server = socket.create_server((os.environ["HOST"], int(os.environ["PORT"])))
print("listening", flush=True)
while True:
    server.accept()[0].close()
"""
SLEEP = "import time; print('up', flush=True); time.sleep(60)"
DEAF = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEP}"


class Service:
    """Replaces HttpService: probes by connecting, and records its calls."""

    def __init__(self, host: str, port: int) -> None:
        self.host, self.port = host, port
        self.calls: list[str] = []

    def begin(self, exchange: Exchange) -> None:
        self.calls.append("begin")

    def abort(self, exchange: Exchange) -> None:
        self.calls.append("abort")

    async def probe(self, check: HealthCheck) -> str | None:
        try:
            _, writer = await asyncio.open_connection(self.host, self.port)
        except OSError as error:
            return str(error)
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
        return None

    async def close(self) -> None:
        self.calls.append("close")


class Log:
    def __init__(self) -> None:
        self.lines: list[tuple[str, int, str, str]] = []
        self._changed = asyncio.Event()

    def __call__(self, service: str, number: int, stream: str, line: str) -> None:
        self.lines.append((service, number, stream, line))
        self._changed.set()

    async def until(self, text: str) -> None:
        async with asyncio.timeout(30):
            while not any(line[3] == text for line in self.lines):
                self._changed.clear()
                await self._changed.wait()


class Bench:
    """A process driver, its log and the services that it created."""

    def __init__(self, driver: ProcessDriver, log: Log, services: list[Service]) -> None:
        self.driver, self.log, self.services = driver, log, services

    @property
    def words(self) -> list[str]:
        """Return the lines that applications wrote."""
        return [line[3] for line in self.log.lines]

    async def up(self, word: str = "up", spec: InstanceSpec = SPEC) -> ProcessBackend:
        backend = await self.driver.launch(spec)
        await self.log.until(word)
        return backend


@asynccontextmanager
async def bench(
    code: str, scratch: Path, settings: ProcessSettings = _SETTINGS, **application: Any
) -> AsyncIterator[Bench]:
    """Run a driver whose application's command runs `code`. `application`: further arguments of ProcessApplication."""
    services: list[Service] = []

    def serve(host: str, port: int) -> Service:
        services.append(Service(host, port))
        return services[-1]

    log = Log()
    driver = ProcessDriver(
        ProcessApplication(**{"command": ("python", "-I", "-S", "-c", code), **application}),
        serve,
        log,
        replace(settings, scratch=scratch),
    )
    try:
        yield Bench(driver, log, services)
    finally:
        await driver.close()


def is_alive(pid: int) -> bool:
    """Return whether a process runs. A dead process that its parent has not collected yet does not."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def root_of(scratch: Path) -> Path:
    """Return the driver's folder."""
    (root,) = scratch.glob("apprunner-*")
    return root


async def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition that only /proc shows. Fails after a bounded time."""
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 the kernel sets no asyncio.Event
            await asyncio.sleep(0.002)


def has_groups() -> bool:
    """Return whether this process may create control groups."""
    try:
        find_home()
    except NoGroupsError:
        return False
    return True


KEPT_BY_SESSION = ("multiprocessing.resource_tracker", "tests.golden.play")


def groups_left() -> list[Path]:
    """Return the control groups that drivers of this process have created and not removed."""
    if not has_groups():
        return []
    return [group for root in find_home().roots() for group in root.glob(f"{owner_name(os.getpid())}*")]


def children_of_ours() -> list[psutil.Process]:
    """Return all descendants of this process, except those that the whole session of tests keeps.

    These are the resource tracker of multiprocessing, which continues to run once a test has used it, and the players
    of golden scenarios.
    """
    children = psutil.Process().children(recursive=True)
    return [child for child in children if not any(kept in _command_line(child) for kept in KEPT_BY_SESSION)]


def _command_line(process: psutil.Process) -> str:
    """Return the command line; it is empty if the process has ended."""
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return ""


def guards_of_ours() -> list[psutil.Process]:
    return [child for child in children_of_ours() if process_sweep.__file__ in child.cmdline()]


def processes_of(scratch: Path) -> list[int]:
    """Return the running processes of instances whose folders are in `scratch`."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.environ().get(MARK, "").startswith(f"{scratch}/") and is_alive(process.pid):
                found.append(process.pid)
    return found


def outer_pid(instance: int, inner: int) -> int:
    """Return the PID in this namespace of the process that has the PID `inner` in the instance's namespace."""
    (outer,) = [
        int(child.pid)
        for child in psutil.Process(instance).children(recursive=True)
        if f"NSpid:\t{child.pid}\t{inner}\n" in Path(f"/proc/{child.pid}/status").read_text()
    ]
    return outer


def assert_nothing_is_left(scratch: Path) -> None:
    """Check that no child process, zombie, folder or control group is left."""
    assert children_of_ours() == []
    assert list(scratch.glob("apprunner-*")) == []
    assert groups_left() == []
