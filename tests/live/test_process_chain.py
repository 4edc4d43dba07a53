"""The processes that start an application may end at any system call and leave no mount and no process behind."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from simulator.fleet.process.confinement.isolation import Way, find_namespaces, mount_plan_for
from simulator.fleet.process.confinement.sweep import MARK
from tests.live.process_bench import processes_of

# System calls with a lasting effect: on namespaces, processes, mounts, and folders to mount on.
CALLS = "unshare,clone,clone3,fork,vfork,execve,mount,mount_setattr,mkdir,symlink"


@pytest.mark.case("R26")
@pytest.mark.slow
@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
@pytest.mark.skipif(find_namespaces().way is Way.FOLDER, reason=find_namespaces().why)
def test_a_kill_at_any_system_call_leaves_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "apprunner" / "1-1"
    for name in ("app", "tmp"):
        (folder / name).mkdir(parents=True)
    program = ("/bin/sh", "-c", "echo up")
    command = find_namespaces().command(mount_plan_for(folder, program, {}, ()), program)
    ends = []
    for number in range(1, 100):
        kill = ("strace", "-f", "-o", "/dev/null", "-e", f"inject={CALLS}:signal=SIGKILL:when={number}")
        done = subprocess.run(
            [*kill, *command],
            cwd=folder / "app",
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", MARK: str(folder)},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        ends.append(done.stdout)
        assert processes_of(tmp_path) == []
        assert str(tmp_path) not in Path("/proc/self/mountinfo").read_text()
        if done.stdout == "up\n":
            break
    assert ends[-1] == "up\n"
    assert len(ends) > 20  # otherwise the processes ended at few points only
    assert {path.name for path in (folder / "app").iterdir()} == set()
