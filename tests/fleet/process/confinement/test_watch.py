"""Child processes: inherited files, their state, and their exit."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys

import pytest

from simulator.fleet.process.confinement.watch import ExitWatch, innermost, is_waiting, seal_files


def test_files_beyond_the_standard_ones_are_not_inherited() -> None:
    reading, writing = os.pipe()
    try:
        os.set_inheritable(reading, True)
        seal_files()
        assert not os.get_inheritable(reading)
        assert os.get_inheritable(0) or os.get_inheritable(1) or os.get_inheritable(2)
    finally:
        os.close(reading)
        os.close(writing)


@pytest.mark.parametrize(("code", "returned"), [("raise SystemExit(7)", 7), ("import os; os.abort()", -signal.SIGABRT)])
async def test_the_end_of_a_child_is_reported_as_unix_does(code: str, returned: int) -> None:
    loop = asyncio.get_running_loop()
    _, watch = await loop.subprocess_exec(ExitWatch, sys.executable, "-c", code, stdin=None, stdout=None, stderr=None)
    assert watch.pid > 0
    assert await asyncio.wait_for(watch.returned, 60) == returned


def test_the_innermost_child_is_found() -> None:
    with subprocess.Popen(["sh", "-c", "read line; exit 0"], stdin=subprocess.PIPE) as child:
        assert innermost(child.pid, 3) == child.pid  # it has no child
        assert innermost(child.pid, 0) == child.pid
        child.communicate(b"\n")
    assert not is_waiting(child.pid)  # it has ended
