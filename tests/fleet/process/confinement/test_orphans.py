"""Orphans of ended simulators: removed once per process, concurrently with launches, and cancelled at the end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

import pytest

from simulator.fleet.process.confinement import orphans as process_orphans
from simulator.fleet.process.confinement import sweep as process_sweep
from simulator.fleet.process.confinement.orphans import OrphanSweeps
from simulator.fleet.process.confinement.sweep import owner_name, sweep_orphans


class Sweep:
    """Replaces the sweep; it lasts until it is cancelled or `finish` is called."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.given_up = threading.Event()
        self._begun = threading.Semaphore(0)
        self._may_end = threading.Event()

    def __call__(self, scratch: str, _homes: Collection[str], is_given_up: Callable[[], bool]) -> list[str]:
        self.calls.append(scratch)
        self._begun.release()
        while not self._may_end.wait(0.001):
            if is_given_up():
                self.given_up.set()
                break
        return []

    def until_begun(self) -> None:
        assert self._begun.acquire(timeout=60)

    def finish(self) -> None:
        self._may_end.set()
        (thread,) = [thread for thread in threading.enumerate() if thread.name == "orphans"]
        thread.join(60)


@pytest.fixture
def sweep(monkeypatch: pytest.MonkeyPatch) -> Sweep:
    sweep = Sweep()
    monkeypatch.setattr(process_orphans, "sweep_orphans", sweep)
    return sweep


@pytest.mark.case("R5")
def test_a_folder_is_swept_once_per_process_in_the_background(sweep: Sweep) -> None:
    sweeps = OrphanSweeps()
    sweeps.begin("a", ())  # returns while the sweep runs
    sweep.until_begun()
    sweeps.begin("a", ())
    sweep.finish()
    sweeps.end("a", ())
    sweeps.end("a", ())
    sweeps.begin("a", ())
    assert sweep.calls == ["a"]


@pytest.mark.case("R5")
def test_the_last_user_cancels_a_sweep_and_the_next_starts_it_again(sweep: Sweep) -> None:
    sweeps = OrphanSweeps()
    for _ in range(2):
        sweeps.begin("a", ())
    sweep.until_begun()
    sweeps.end("a", ())
    assert not sweep.given_up.wait(0.02)  # it still has a user
    sweeps.end("a", ())
    assert sweep.given_up.wait(5)
    sweeps.begin("a", ())
    sweep.until_begun()
    sweeps.end("a", ())


@pytest.mark.case("R5")
def test_proc_is_read_a_constant_number_of_times(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    passes: list[int] = []
    read = process_sweep._all_processes

    def counted() -> Iterator[int]:
        passes.append(1)
        return read()

    monkeypatch.setattr(process_sweep, "_all_processes", counted)

    def passes_for(count: int) -> int:
        passes.clear()
        for number in range(count):
            (tmp_path / _of_ended_process(f"n{number}") / "1-1" / "app").mkdir(parents=True)
        assert len(sweep_orphans(str(tmp_path), ())) == count
        assert list(tmp_path.iterdir()) == []
        return len(passes)

    assert passes_for(1) == passes_for(100) == 1


def test_a_cancelled_sweep_leaves_the_rest_to_the_next(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / _of_ended_process(f"n{number}")).mkdir()
    answers = iter([False, True, True])
    sweep_orphans(str(tmp_path), (), lambda: next(answers))
    assert len(list(tmp_path.iterdir())) == 2
    sweep_orphans(str(tmp_path), ())
    assert list(tmp_path.iterdir()) == []


def _of_ended_process(rest: str) -> str:
    """Return the name of an object of an ended simulator: no process has that number."""
    prefix, namespace, _, start, _ = owner_name(1).split("-")
    return f"{prefix}-{namespace}-999999999-{start}-{rest}"
