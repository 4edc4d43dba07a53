"""Worker processes that die: because of their work, or killed from outside, while working or idle."""

from __future__ import annotations

import functools
import os
import signal
from pathlib import Path

import pytest
from typer.testing import CliRunner

from simulator.cli import app
from simulator.lab.workers.resilient_workers import ResilientWorkers
from simulator.lab.workers.worker_pool import WorkerDied

UNITS = range(12)


def _squared(unit: int) -> int:
    return unit * unit


def _killed_once(mark: Path, unit: int) -> int:
    if unit == 3 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return _squared(unit)


def _dies(how: str, unit: int) -> int:
    if unit == 3:
        if how == "exit":
            os._exit(7)
        os.kill(os.getpid(), signal.SIGKILL)
    if unit == 4:
        raise ValueError("four")
    return _squared(unit)


def test_a_unit_whose_worker_is_killed_is_worked_on_again(tmp_path: Path) -> None:
    with ResilientWorkers(2) as workers:
        work = functools.partial(_killed_once, tmp_path / "mark")
        results = {unit: future.result() for unit, future in workers.results(work, UNITS)}
    assert results == {unit: unit * unit for unit in UNITS}


@pytest.mark.parametrize(("how", "reason"), [("kill", "it was killed by SIGKILL"), ("exit", "it exited with 7")])
def test_a_unit_that_ends_its_workers_fails_with_the_reason_and_no_other_does(how: str, reason: str) -> None:
    with ResilientWorkers(2) as workers:
        futures = dict(workers.results(functools.partial(_dies, how), UNITS))
    errors = {unit: future.exception() for unit, future in futures.items() if future.exception() is not None}
    assert set(futures) == set(UNITS)
    assert set(errors) == {3, 4}
    assert isinstance(errors[3], WorkerDied)
    assert f"its worker process died 3 times: {reason}" in str(errors[3])
    assert repr(errors[4]) == "ValueError('four')"
    assert all(futures[unit].result() == unit * unit for unit in UNITS if unit not in errors)


def test_workers_that_are_killed_while_idle_are_replaced() -> None:
    with ResilientWorkers(2) as workers:
        results = {}
        for unit, future in workers.results(_squared, range(40)):
            results[unit] = future.result()
            if len(results) in {1, 20, 40}:
                for process in workers._pool.processes:
                    process.kill()
        assert results == {unit: unit * unit for unit in range(40)}
        assert [future.result() for _, future in workers.results(_squared, [5])] == [25]


SCENARIO = """
duration: 5s
services: {web: {application: {simulated: {io: 50ms}}}}
traffic: [{poisson: {rate: 20/s}}]
"""
POLICY = """
import multiprocessing, os, signal
from pathlib import Path

class Mortal:
    tick_s = 5.0

    def decide(self, observation):
        mark = Path(__file__).with_name("mark")
        if multiprocessing.parent_process() is not None and not (mark.exists() and mark.read_text() == "once"):
            if mark.exists():
                mark.write_text("once")
            os.kill(os.getpid(), signal.SIGKILL)
        return 2
"""


@pytest.mark.slow
@pytest.mark.parametrize("is_killed_once", [True, False])
def test_a_comparison_keeps_the_other_runs_when_a_worker_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_killed_once: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.yaml").write_text(SCENARIO)
    (tmp_path / "mortal.py").write_text(POLICY)
    if is_killed_once:
        (tmp_path / "mark").write_text("")
    command = "compare a.yaml --policy configured --policy mortal.py:Mortal --seeds 2 --no-oracle --json c.json"
    done = CliRunner().invoke(app, [*command.split(), "--workers", "2"])
    if is_killed_once:
        assert done.exit_code == 0, done.output
        alone = CliRunner().invoke(app, [*command.split(), "--workers", "1"])
        assert done.stdout == alone.stdout
    else:
        assert done.exit_code == 3, done.output
        assert "its worker process died 3 times: it was killed by SIGKILL" in done.output
        assert "configured" in done.stdout
