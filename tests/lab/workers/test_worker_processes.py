"""Worker processes ignore interrupts of the terminal; their master handles these."""

from __future__ import annotations

import _thread
import contextlib
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest

from simulator.lab.workers.worker_processes import WorkerProcesses, _sigint_blocked
from tests.live.waiting import wait_until

TEXT = """
duration: 10h
services: {web: {application: {simulated: {io: 50ms}}}}
traffic: [{poisson: {rate: 9000000/s}}]
"""


def _is_deaf() -> bool:
    return signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ())


def _never() -> None:
    threading.Event().wait()


@pytest.mark.case("L16")
def test_workers_ignore_interrupts_and_their_parent_does_not() -> None:
    with WorkerProcesses(1) as pool:
        assert pool.submit(_is_deaf).result()
    assert not _is_deaf()


def _workers() -> list[psutil.Process]:
    """Return the workers that have executed their program; until then, a process has its parent's command line."""
    found = []
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.NoSuchProcess):
            if "spawn_main" in " ".join(child.cmdline()):
                found.append(child)
    return found


@pytest.mark.case("L16", "L20")
def test_workers_end_at_once_when_the_parent_raises() -> None:
    with pytest.raises(KeyboardInterrupt), WorkerProcesses(2) as pool:  # noqa: PT012
        for _ in range(5):
            pool.submit(_never)
        assert pool.submit(os.getpid) is not None
        wait_until(lambda: len(_workers()) >= 2)
        children = _workers()
        raise KeyboardInterrupt
    assert len(children) == 2
    gone, _ = psutil.wait_procs(children, timeout=30)
    assert len(gone) == 2


MASTER = """
import threading
from simulator.lab.workers.worker_processes import WorkerProcesses

if __name__ == "__main__":
    pool = WorkerProcesses(2)
    print(sum(future.result() > 0 for future in [pool.submit(pow, 2, 3), pool.submit(pow, 2, 2)]), flush=True)
    threading.Event().wait()
"""


def test_workers_end_with_a_killed_parent(tmp_path: Path) -> None:
    (tmp_path / "master.py").write_text(MASTER)
    master = subprocess.Popen(
        [sys.executable, "master.py"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        assert master.stdout is not None
        assert master.stdout.readline() == "2\n"
        children = psutil.Process(master.pid).children()
    finally:
        master.kill()
        master.communicate()
    assert len([child for child in children if child.pid != master.pid]) >= 2
    gone, _ = psutil.wait_procs(children, timeout=30)
    assert len(gone) == len(children)


@pytest.mark.case("L16")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_while_a_worker_is_started_waits_until_it_is(number: signal.Signals) -> None:
    """Another thread sends the signal to the main thread, because the mask belongs to a thread."""
    came: list[str] = []

    def interrupt(*_: object) -> None:
        came.append("interrupt")

    before = signal.signal(number, interrupt)
    try:
        with _sigint_blocked():
            _thread.interrupt_main(number)
            came += ["started"]
    finally:
        signal.signal(number, before)
    assert came == ["started", "interrupt"]


def _most_cpu_s(process: psutil.Process) -> float:
    """Return the largest CPU time of the process or one of its workers."""
    return max(float(each.cpu_times().user) for each in (process, *process.children()))


@pytest.mark.slow
@pytest.mark.case("L16", "L20", "R19")
@pytest.mark.parametrize(
    "verb",
    [
        ["run", "F"],
        ["run", "F", "--backend", "event-loop"],
        ["compare", "F", "--policy", "knative", "--workers", "2"],
        ["sweep", "F", "--vary", "min_size=1,2,3", "--workers", "2", "--out", "o.csv"],
    ],
)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_endless_work_ends_on_an_interrupt_of_the_process_group(
    tmp_path: Path, verb: list[str], number: signal.Signals
) -> None:
    """Exit code 130, one word, no traceback and no process left, while workers start and while they work."""
    (tmp_path / "F").write_text(TEXT)
    running = subprocess.Popen(
        [sys.executable, "-m", "simulator", *verb],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    process = psutil.Process(running.pid)
    wanted = 2 if "--workers" in verb else 0  # in addition to multiprocessing's resource tracker
    try:
        while len(process.children()) < wanted or _most_cpu_s(process) < 1.0:
            assert running.poll() is None
        children = process.children()
        os.killpg(running.pid, number)
        _, told = running.communicate(timeout=60)
    finally:
        if running.poll() is None:
            os.killpg(running.pid, signal.SIGKILL)
            running.communicate()
    assert running.returncode == 130
    assert "Traceback" not in told
    gone, _ = psutil.wait_procs(children, timeout=30)
    assert len(gone) == len(children)
