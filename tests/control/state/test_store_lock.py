from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from simulator.control.state.store_lock import StateHeld, StateLock


def test_a_second_process_gets_the_pid_of_the_lock_owner(tmp_path: Path) -> None:
    held = pytest.raises(StateHeld, match=f"the simulator with process id {os.getpid()} uses it")
    with StateLock(tmp_path / "state"), held:
        StateLock(tmp_path / "state")
    with StateLock(tmp_path / "state"):
        pass  # free again


def test_the_lock_of_a_killed_process_is_released(tmp_path: Path) -> None:
    program = (
        "import pathlib, sys\n"
        "from simulator.control.state.store_lock import StateLock\n"
        "lock = StateLock(pathlib.Path(sys.argv[1]))\n"
        "print('held', flush=True)\n"
        "sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(StateHeld, match=str(holder.pid)):
            StateLock(tmp_path)
        holder.kill()
        holder.wait()
        StateLock(tmp_path).release()
