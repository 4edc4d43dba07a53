"""A sweep: plays every point of a grid once, despite interruptions, and writes one table at the end.

Each finished point is a line in a journal file beside the result, written before the point is reported. A sweep that is
started again with the same scenario, recordings, axes and seeds reads the journal and plays only the missing and failed
points. With other inputs, or while another process uses the journal, it raises SweepConflict.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

import simulator
from simulator.lab.sweep.grid import Axis, GridPoint, points
from simulator.lab.sweep.point_run import Row, play_point
from simulator.lab.workers.worker_pool import WorkerDied, WorkerPool
from simulator.scenario.scenario import ScenarioText

Play = Callable[[ScenarioText, GridPoint], Row]


class SweepConflict(Exception):
    """The journal file beside the result belongs to another sweep, or another process uses it."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """A sweep. `file`: the scenario. `out`: the result; the journal is beside it until the result is written.

    `inputs`: other files that the points depend on, such as recordings and the user's policies. A sweep with a changed
    input is another sweep.

    Raises:
        ScenarioError: if the scenario file cannot be read.
    """

    file: Path
    axes: Sequence[Axis]
    seeds: Sequence[int]
    out: Path
    play: Play = play_point
    inputs: Sequence[Path] = ()
    _points: list[GridPoint] = field(init=False)
    _source: ScenarioText = field(init=False)  # read once, for the points of every worker

    def __post_init__(self) -> None:
        object.__setattr__(self, "_points", list(points(self.axes, self.seeds)))
        object.__setattr__(self, "_source", ScenarioText.of(self.file))

    def __len__(self) -> int:
        return len(self._points)

    @property
    def journal(self) -> Path:
        return self.out.with_name(self.out.name + ".partial.jsonl")

    def run(
        self, worker_pool: WorkerPool, on_row: Callable[[GridPoint, Row, bool], None] = lambda *_: None
    ) -> list[Row]:
        """Play the points and return their rows in the grid's order: the axes' values, `seed`, and figures or `error`.

        `on_row` is called for every point, with True for points that an earlier start has played. The journal is kept.

        Raises:
            SweepConflict: if the journal belongs to another sweep, or another process uses it.
            OSError: if the journal cannot be written.
            NoWorkers: if no worker is left.
        """
        with self._opened() as journal:
            done = self._read(journal)
            for point in self._points:
                if point.number in done:
                    on_row(point, done[point.number], True)
            missing = (point for point in self._points if point.number not in done)
            for point, future in worker_pool.results(self.play, self._source, missing, self.inputs):
                row = row_of(future)
                _write(journal, {"point": point.number, "row": row})
                done[point.number] = row
                on_row(point, row, False)
        return [self._whole(point, done[point.number]) for point in self._points]

    def forget(self) -> None:
        """Delete the journal. Call after the result has been written."""
        self.journal.unlink(missing_ok=True)

    def _whole(self, point: GridPoint, row: Row) -> Row:
        values = {name: _cell(value) for name, value in point.changes}
        return {**values, "seed": point.seed, **row}

    @contextlib.contextmanager
    def _opened(self) -> Iterator[TextIO]:
        """Open and lock the journal: two processes with one journal would play every point twice."""
        with self.journal.open("a+", encoding="utf-8") as journal:
            try:
                fcntl.flock(journal, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                msg = f"{self.journal} is in use by another process; wait for it, or choose another result file"
                raise SweepConflict(msg) from error
            yield journal

    def _read(self, journal: TextIO) -> dict[int, Row]:
        """Return the rows that an earlier start played without error; remove a last line that a crash has truncated."""
        journal.seek(0)
        whole: list[str] = []
        try:
            whole += [line for line in journal if line.endswith("\n")]
            entries = [json.loads(line) for line in whole]
            digests = [entry["sweep"] for entry in entries[:1]]
            done = {entry["point"]: entry["row"] for entry in entries[1:] if "error" not in entry["row"]}
        except (ValueError, KeyError, TypeError):
            digests, done = [""], {}  # not a journal
        if digests not in ([], [self._digest()]):
            msg = f"{self.journal} belongs to another sweep; remove it, or choose another result file"
            raise SweepConflict(msg)
        os.truncate(journal.fileno(), sum(len(line.encode()) for line in whole))
        journal.seek(0, os.SEEK_END)
        if not digests:
            _write(journal, {"sweep": self._digest()})
        return done

    def _digest(self) -> str:
        given = [simulator.__version__, [[axis.name, list(axis.values)] for axis in self.axes], list(self.seeds)]
        digest = hashlib.sha256(self._source.text.encode() + json.dumps(given, sort_keys=True).encode())
        for path in self.inputs:
            with path.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
        return digest.hexdigest()


def _write(journal: TextIO, entry: dict[str, Any]) -> None:
    journal.write(json.dumps(entry) + "\n")
    journal.flush()


def row_of(future: Future[Row]) -> Row:
    """Return the worker's result, or the error that prevented it; `play` itself never raises."""
    error = future.exception()
    if error is None:
        return future.result()
    return {"error": str(error) if isinstance(error, WorkerDied) else f"{type(error).__name__}: {error}"}


def _cell(value: Any) -> str | int | float | bool | None:
    """Return an axis value as a table cell: a scalar unchanged, a mapping as text."""
    return value if isinstance(value, str | int | float | bool | None) else json.dumps(value)
