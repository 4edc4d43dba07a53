"""`kill -9` of the simulator, at any time of an instance's life, leaves no process, folder or control group."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from simulator.fleet.process.confinement import sweep as process_sweep
from simulator.fleet.process.confinement.group_search import find_home
from simulator.fleet.process.confinement.sweep import owner_name
from tests.live.process_bench import SLEEP, bench, has_groups, is_alive, until

ROOT = Path(__file__).parents[2]

# A simulator that starts two instances, each with a child in a session of its own, and then waits to be killed.
SIMULATOR = """
import asyncio, sys
from pathlib import Path
import uvloop
from simulator.fleet.ports import InstanceSpec
from simulator.fleet.process.driver import ProcessApplication, ProcessDriver, ProcessSettings
from simulator.model.sizes import InstanceSize

APPLICATION = '''
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-I", "-S", "-c", "import time; time.sleep(60)"], start_new_session=True)
print(child.pid, flush=True)
time.sleep(60)
'''

class Service:
    def __init__(self, host, port): pass
    async def close(self): pass

async def main():
    told = asyncio.Event()
    def on_line(service, number, stream, line):
        print(line, flush=True)
    driver = ProcessDriver(
        ProcessApplication(("python", "-I", "-S", "-c", APPLICATION)), Service, on_line,
        ProcessSettings(scratch=Path(sys.argv[1])),
    )
    for number in (1, 2):
        backend = await driver.launch(InstanceSpec("web", number, InstanceSize()))
        print(backend.pid, flush=True)
    print("launched", flush=True)
    await asyncio.Event().wait()

uvloop.run(main())
"""


@dataclass
class Simulator:
    """A simulator in a separate process, and everything that can be left of it."""

    process: subprocess.Popen[str]
    pids: list[int]  # its guard first, then instances and the processes that they started
    name: str  # of its folder and groups, the beginning

    @property
    def guard(self) -> int:
        return self.pids[0]

    def kill(self, *, guard: bool = False) -> None:
        if guard:
            psutil.Process(self.guard).kill()
        self.process.kill()
        self.process.wait(5)
        assert self.process.stdout is not None
        self.process.stdout.close()

    def is_gone(self, scratch: Path) -> bool:
        groups = [group for root in _roots() for group in root.glob(f"{self.name}*")]
        return not groups and not list(scratch.glob(f"{self.name}*")) and not any(map(is_alive, self.pids))


def _start(scratch: Path, words: int = 5) -> Simulator:
    """Start a simulator and wait for its first `words` words; it writes five."""
    process = subprocess.Popen(
        [sys.executable, "-c", SIMULATOR, str(scratch)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=ROOT,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    for _ in range(words):
        process.stdout.readline()
    children = [child.pid for child in psutil.Process(process.pid).children(recursive=True)]
    (guard,) = [pid for pid in children if process_sweep.__file__ in psutil.Process(pid).cmdline()]
    assert len(children) >= 2  # at least the guard and an instance; otherwise the test would prove nothing
    return Simulator(process, [guard, *children], owner_name(process.pid))


def _roots() -> tuple[Path, ...]:
    return find_home().roots() if has_groups() else ()


@pytest.mark.parametrize("words", [1, 5], ids=["during a launch", "while instances run"])
def test_kill_9_of_the_simulator_leaves_nothing(tmp_path: Path, words: int) -> None:
    simulator = _start(tmp_path, words)
    simulator.kill()
    asyncio.run(until(lambda: simulator.is_gone(tmp_path)))


def test_ctrl_c_does_not_reach_instances_or_guard_before_the_simulator_stops_them(tmp_path: Path) -> None:
    simulator = _start(tmp_path)
    groups = {os.getpgid(child.pid) for child in psutil.Process(simulator.process.pid).children()}
    assert groups.isdisjoint({simulator.process.pid})
    simulator.kill()
    asyncio.run(until(lambda: simulator.is_gone(tmp_path)))


def test_leftovers_of_a_killed_simulator_and_guard_are_removed_by_the_next_start(
    tmp_path: Path,
) -> None:
    dead, living = _start(tmp_path), _start(tmp_path)
    dead.kill(guard=True)
    assert not dead.is_gone(tmp_path)

    async def start() -> None:
        async with bench(SLEEP, tmp_path) as b:
            await b.up()
            await until(lambda: dead.is_gone(tmp_path))
            assert all(map(is_alive, living.pids))

    asyncio.run(start())
    living.kill()
    asyncio.run(until(lambda: living.is_gone(tmp_path)))
