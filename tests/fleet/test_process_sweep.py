from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator.fleet import process_sweep
from simulator.fleet.process_sweep import MARK, end_processes, remove

# Writes a line once it runs, so that nobody has to wait for a guess, then sleeps far longer than the test.
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
    guard.communicate(f"+{led.pid}\n+{over.pid}\n-{over.pid}\n".encode(), timeout=10)
    assert (marked.wait(2), led.wait(2)) == (-9, -9)
    assert over.poll() is None  # it was told that this session had ended
    assert not folder.exists()
