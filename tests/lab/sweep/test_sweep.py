"""A sweep: every point once, in order, despite interruptions; one table and one chart at the end."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from simulator.lab.sweep.grid import Axis, GridPoint
from simulator.lab.sweep.point_run import Row, play_point
from simulator.lab.sweep.sweep import Sweep
from simulator.lab.workers.dask_workers import DaskWorkers
from simulator.lab.workers.in_turn import InTurn
from simulator.lab.workers.kept_results import ResultsConflict
from simulator.lab.workers.local_workers import LocalWorkers
from simulator.lab.workers.worker_pool import completed
from simulator.scenario.scenario import ScenarioText
from tests.lab.scenario_files import small_scenario

AXES = [Axis("max_concurrency", (1, 5)), Axis("min_size", (1, 2))]


class Backwards(InTurn):
    """A worker pool in this process that plays the last point first, and stops after `most` points."""

    def __init__(self, most: int = 1000) -> None:
        self.most = most
        self.played: list[int] = []

    def results(self, work: Any, shared: Any, units: Iterable[Any], files: Sequence[Path] = ()) -> Iterator[Any]:
        for point in list(units)[::-1]:
            if len(self.played) == self.most:
                raise KeyboardInterrupt
            self.played.append(point.number)
            yield point, completed(work, shared, point)


def sweep(folder: Path, axes: list[Axis] = AXES) -> Sweep:
    return Sweep(small_scenario(folder), axes, [3, 4], folder / "out.csv")


def test_rows_come_in_the_grids_order_with_their_values_seed_and_figures(tmp_path: Path) -> None:
    rows = sweep(tmp_path).run(Backwards())
    assert [(row["max_concurrency"], row["min_size"], row["seed"]) for row in rows[:3]] == [
        (1, 1, 3),
        (1, 1, 4),
        (1, 2, 3),
    ]
    assert all(row["requests"] == row["served"] + row["rejected"] + row["failed"] > 300 for row in rows)  # type: ignore[operator]
    assert rows[0]["digest"] != rows[1]["digest"], "another seed is another run"
    by_size = {(row["max_concurrency"], row["min_size"]): row["provisioned_s"] for row in rows}
    assert by_size[5, 2] == 2 * by_size[5, 1], "MinSize stays provisioned"  # type: ignore[operator]


def test_a_resumed_sweep_gives_the_result_of_an_uninterrupted_one(tmp_path: Path) -> None:
    whole = sweep(tmp_path).run(Backwards())
    sweep(tmp_path).forget()
    with pytest.raises(KeyboardInterrupt):
        sweep(tmp_path).run(Backwards(3))
    with sweep(tmp_path).journal.open("a") as journal:
        journal.write('{"digest": "5f0a')  # the crash truncated the line
    rest, told = Backwards(), []
    assert sweep(tmp_path).run(rest, lambda point, _row, before: told.append((point.number, before))) == whole
    assert sorted(rest.played) == [0, 1, 2, 3, 4]
    assert sorted(told) == [(number, number > 4) for number in range(8)]


def test_a_journal_of_another_sweep_is_rejected_and_unchanged(tmp_path: Path) -> None:
    sweep(tmp_path).run(Backwards())
    before = sweep(tmp_path).journal.read_text()
    with pytest.raises(ResultsConflict, match=r"out\.csv\.partial\.jsonl belongs to another sweep"):
        sweep(tmp_path, AXES[:1]).run(Backwards())
    assert sweep(tmp_path).journal.read_text() == before


def test_a_sweep_with_a_larger_grid_plays_only_what_is_missing(tmp_path: Path) -> None:
    sweep(tmp_path).run(Backwards())
    larger = [Axis("max_concurrency", (3, 5, 1)), AXES[1]]
    rest = Backwards()
    rows = sweep(tmp_path, larger).run(rest)
    assert sorted(rest.played) == [0, 1, 2, 3]
    sweep(tmp_path).forget()
    assert rows == sweep(tmp_path, larger).run(Backwards())


def test_a_file_that_is_not_a_journal_is_rejected_and_unchanged(tmp_path: Path) -> None:
    for content in (b"a,b\n1,2\n", b'{"point": 0}\n', b"[]\n", b"\xff\xfe\n", b"text"):
        sweep(tmp_path).journal.write_bytes(content)
        with pytest.raises(ResultsConflict, match="has no results in it"):
            sweep(tmp_path).run(Backwards())
        assert sweep(tmp_path).journal.read_bytes() == content


def test_a_recording_that_has_changed_makes_it_another_sweep(tmp_path: Path) -> None:
    recording = tmp_path / "trace.csv"
    recording.write_text("0\n1\n")
    plan = dataclasses.replace(sweep(tmp_path), inputs=[recording])
    with pytest.raises(KeyboardInterrupt):
        plan.run(Backwards(3))
    recording.write_text("0\n2\n")
    with pytest.raises(ResultsConflict, match="belongs to another sweep"):
        plan.run(Backwards())
    recording.write_text("0\n1\n")
    rest = Backwards()
    plan.run(rest)
    assert len(rest.played) == len(plan) - 3


def test_a_second_sweep_into_the_same_result_is_rejected_during_the_first(tmp_path: Path) -> None:
    class Beside(Backwards):
        def results(self, work: Any, shared: Any, units: Iterable[Any], files: Sequence[Path] = ()) -> Iterator[Any]:
            with pytest.raises(ResultsConflict, match=r"out\.csv\.partial\.jsonl is in use by another process"):
                sweep(tmp_path).run(Backwards())
            return super().results(work, shared, units, files)

    first = Beside()
    sweep(tmp_path).run(first)
    assert sorted(first.played) == list(range(8))


def test_a_failed_point_is_reported_and_retried(tmp_path: Path) -> None:
    bad = sweep(tmp_path, [Axis("max_concurrency", (5, 500))])
    rows = bad.run(Backwards())
    assert ["error" in row for row in rows] == [False, False, True, True]
    assert "max_concurrency = 500, must be at most 200" in str(rows[2]["error"])
    again = Backwards()
    bad.run(again)
    assert sorted(again.played) == [2, 3]


def _die_once(source: ScenarioText, point: GridPoint) -> Row:
    """Kill its worker at the first attempt of point 1."""
    mark = Path(source.file).with_suffix(".mark")
    if point.number == 1 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return play_point(source, point)


def _die_always(source: ScenarioText, point: GridPoint) -> Row:
    if point.number == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return {"requests": point.number}


def test_every_point_uses_the_scenario_that_was_read_even_if_its_file_changes(tmp_path: Path) -> None:
    axes = [Axis("max_concurrency", (1, 5))]
    whole = sweep(tmp_path, axes).run(Backwards())
    sweep(tmp_path, axes).forget()
    plan, worker_pool = sweep(tmp_path, axes), LocalWorkers(2)
    plan.file.unlink()
    assert plan.run(worker_pool) == whole
    worker_pool.close()


@pytest.mark.slow
def test_workers_of_this_machine_give_the_serial_rows_even_if_one_is_killed(tmp_path: Path) -> None:
    serial = sweep(tmp_path).run(Backwards())
    sweep(tmp_path).forget()
    worker_pool = LocalWorkers(2)
    plan = sweep(tmp_path)
    rows = Sweep(plan.file, plan.axes, plan.seeds, plan.out, _die_once).run(worker_pool)
    worker_pool.close()
    assert rows == serial


@pytest.mark.slow
def test_a_point_that_kills_its_workers_fails_and_the_others_do_not(tmp_path: Path) -> None:
    worker_pool, plan = LocalWorkers(2), sweep(tmp_path, [Axis("min_size", (1, 2, 3))])
    rows = Sweep(plan.file, plan.axes, [1, 2, 3, 4], plan.out, _die_always).run(worker_pool)
    worker_pool.close()
    errors = [row.get("error") for row in rows]
    reason = "its worker process died 3 times: it was killed by SIGKILL, as the kernel does when memory runs out"
    assert errors == [None, reason, *[None] * 10]
    assert [row.get("requests") for row in rows if "error" not in row] == [0, *range(2, 12)]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # warnings of distributed while it shuts down
def test_a_dask_cluster_gives_the_serial_rows_even_if_a_worker_is_killed(tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed")
    serial = sweep(tmp_path).run(Backwards())
    sweep(tmp_path).forget()
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1"
    ) as cluster:
        worker_pool = DaskWorkers(cluster.scheduler_address)
        plan = sweep(tmp_path)
        rows = Sweep(plan.file, plan.axes, plan.seeds, plan.out, _die_once).run(worker_pool)
        worker_pool.close()
    assert rows == serial


def test_the_journal_is_one_line_a_point(tmp_path: Path) -> None:
    plan = sweep(tmp_path)
    plan.run(Backwards())
    lines = [json.loads(line) for line in plan.journal.read_text().splitlines()]
    points = [(line["unit"]["changes"]["max_concurrency"], line["unit"]["seed"]) for line in lines]
    assert sorted(points) == [(1, 3), (1, 3), (1, 4), (1, 4), (5, 3), (5, 3), (5, 4), (5, 4)]
    assert all(line["unit"]["scenario"] == "small" and line["result"]["requests"] > 300 for line in lines)
