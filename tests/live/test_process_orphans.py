"""`kill -9` of the simulator leaves no process and no folder, at any moment of an instance's life."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).parents[2]

# A simulator that starts two instances, each with a child in a session of its own, and then waits to be killed.
SIMULATOR = """
import asyncio, sys
from pathlib import Path
import uvloop
from simulator.fleet.driver import InstanceSpec
from simulator.fleet.process import ProcessApplication, ProcessDriver, ProcessSettings
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


def _wait_for_death(pids: list[int], folder: Path) -> None:
    processes = []
    for pid in pids:
        try:
            processes.append(psutil.Process(pid))
        except psutil.NoSuchProcess:
            continue
    _, alive = psutil.wait_procs(processes, timeout=10)
    # A dead process whose new parent has not collected it is dead all the same.
    assert [p for p in alive if p.status() != psutil.STATUS_ZOMBIE] == []
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("words", [1, 5], ids=["in the midst of a launch", "while instances run"])
def test_kill_9_of_the_simulator_leaves_nothing(tmp_path: Path, words: int) -> None:
    simulator = subprocess.Popen(
        [sys.executable, "-c", SIMULATOR, str(tmp_path)], stdout=subprocess.PIPE, cwd=ROOT, text=True
    )
    assert simulator.stdout is not None
    told = [simulator.stdout.readline().strip() for _ in range(words)]
    everything = psutil.Process(simulator.pid).children(recursive=True)  # the guard too
    simulator.send_signal(signal.SIGKILL)
    simulator.wait(5)
    simulator.stdout.close()
    assert len(everything) >= 2  # the guard and an instance at least, or the test would prove nothing
    _wait_for_death([p.pid for p in everything] + [int(word) for word in told if word.isdigit()], tmp_path)


def test_ctrl_c_does_not_reach_instances_or_guard_before_the_simulator_says_so(tmp_path: Path) -> None:
    simulator = subprocess.Popen(
        [sys.executable, "-c", SIMULATOR, str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=ROOT,
        text=True,
        start_new_session=True,
    )
    assert simulator.stdout is not None
    for _ in range(5):
        simulator.stdout.readline()
    children = psutil.Process(simulator.pid).children()
    assert {os.getpgid(child.pid) for child in children}.isdisjoint({simulator.pid})
    simulator.kill()
    simulator.wait(5)
    simulator.stdout.close()
    _wait_for_death([child.pid for child in children], tmp_path)
