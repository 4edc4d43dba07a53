from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator.fleet.process.confinement import sweep as process_sweep
from simulator.fleet.process.confinement.sweep import (
    MARK,
    end_processes,
    groups_of,
    is_orphan,
    owner_name,
    remove,
    sweep_orphans,
)

# Writes a line when it runs, so that a test can wait for that; then sleeps much longer than the test takes.
_SLEEPER = "import sys, time; print('up', flush=True); time.sleep(60)"


@pytest.fixture
def started() -> Iterator[list[subprocess.Popen[bytes]]]:
    children: list[subprocess.Popen[bytes]] = []
    yield children
    for child in children:
        child.kill()
        child.communicate()


def _start(
    started: list[subprocess.Popen[bytes]], environment: dict[str, str], *, session: bool = False
) -> subprocess.Popen[bytes]:
    child = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", _SLEEPER],
        env=environment,
        stdout=subprocess.PIPE,
        start_new_session=session,
    )
    started.append(child)
    assert child.stdout is not None
    assert child.stdout.readline() == b"up\n"
    return child


def test_a_marked_process_is_ended_and_an_unmarked_one_is_not(
    started: list[subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    ours = _start(started, {MARK: f"{tmp_path}/1-1"})
    stranger = _start(started, {MARK: f"{tmp_path}-of-another/1-1"})
    assert end_processes(str(tmp_path), ()) == 1
    assert ours.wait(2) == -9
    assert stranger.poll() is None


def test_a_process_of_a_session_is_ended_without_a_mark(started: list[subprocess.Popen[bytes]], tmp_path: Path) -> None:
    ours = _start(started, {}, session=True)
    stranger = _start(started, {}, session=True)
    assert end_processes(str(tmp_path), {ours.pid}) == 1
    assert ours.wait(2) == -9
    assert stranger.poll() is None


def test_a_folder_with_read_only_folders_in_it_is_removed(tmp_path: Path) -> None:
    inner = tmp_path / "folder" / "cache"
    inner.mkdir(parents=True)
    (inner / "file").write_text("x")
    inner.chmod(0o500)
    remove(str(tmp_path / "folder"))
    assert not (tmp_path / "folder").exists()


def test_the_guard_sweeps_when_its_input_ends(started: list[subprocess.Popen[bytes]], tmp_path: Path) -> None:
    folder = tmp_path / "root"
    folder.mkdir()
    marked = _start(started, {MARK: str(folder)})
    led = _start(started, {}, session=True)
    over = _start(started, {}, session=True)
    guard = subprocess.Popen(
        [sys.executable, "-I", "-S", process_sweep.__file__, str(folder)], stdin=subprocess.PIPE, env={}
    )
    guard.communicate(f"+{led.pid}\n+{over.pid}\n-{over.pid}\n".encode(), timeout=60)
    assert (marked.wait(2), led.wait(2)) == (-9, -9)
    assert over.poll() is None  # the guard was informed that this session had ended
    assert not folder.exists()


def test_what_this_process_created_is_not_an_orphan() -> None:
    assert not is_orphan(f"{owner_name(os.getpid())}abc")


def test_what_an_ended_process_created_is_an_orphan(started: list[subprocess.Popen[bytes]]) -> None:
    child = _start(started, {})
    name = f"{owner_name(child.pid)}abc-1-1"
    assert not is_orphan(name)
    child.kill()
    child.wait(2)
    assert is_orphan(name)


def test_a_process_with_a_reused_pid_does_not_own_the_orphans() -> None:
    prefix, namespace, pid, start, rest = f"{owner_name(os.getpid())}abc".split("-")
    assert is_orphan("-".join((prefix, namespace, pid, str(int(start) - 1), rest)))


@pytest.mark.parametrize(
    "name", ["apprunner-abc", "apprunner-1-2-3", "other-1-2-3-4", "apprunner-a-2-3-4", "apprunner-1-999999999-3-abc"]
)
def test_a_name_of_another_kind_or_namespace_is_not_an_orphan(name: str) -> None:
    assert not is_orphan(name)


def _of_ended_process(rest: str) -> str:
    """Return the name of an object of an ended simulator: no process has that number."""
    prefix, namespace, _, start, _ = owner_name(os.getpid()).split("-")
    return f"{prefix}-{namespace}-999999999-{start}-{rest}"


def test_folders_and_groups_of_ended_simulators_are_removed_and_others_are_not(
    started: list[subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    scratch, home = tmp_path / "scratch", tmp_path / "home"
    dead, living = _of_ended_process("abc"), f"{owner_name(os.getpid())}abc"
    for folder in (scratch / dead / "1-1", scratch / living, home / f"{dead}-1-1", home / living, home / "other"):
        folder.mkdir(parents=True)
    marked = _start(started, {MARK: str(scratch / dead / "1-1")})
    assert sweep_orphans(str(scratch), (str(home),)) == [dead]
    assert marked.wait(2) == -9
    assert [folder.name for folder in scratch.iterdir()] == [living]
    assert sorted(folder.name for folder in home.iterdir()) == sorted([living, "other"])


def test_a_symbolic_link_with_the_name_of_an_orphan_is_not_swept(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.mkdir(mode=0o500)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    (scratch / _of_ended_process("abc")).symlink_to(target)
    assert sweep_orphans(str(scratch), ()) == []
    assert target.stat().st_mode & 0o777 == 0o500


def test_the_groups_of_a_folder_are_found_in_every_home(tmp_path: Path) -> None:
    for group in ("cpu/apprunner-a-1", "cpu/apprunner-b-1", "memory/apprunner-a-1"):
        (tmp_path / group).mkdir(parents=True)
    homes = (str(tmp_path / "cpu"), str(tmp_path / "memory"))
    assert groups_of("apprunner-a", homes) == [f"{home}/apprunner-a-1" for home in homes]
