"""A sweep: plays every point of a grid once, despite interruptions, and writes one table at the end.

Each finished point is a line of a file beside the result (workers/kept_results.py). A sweep that is started again reads
it and plays only the missing and failed points; its grid may have grown in the meantime. If the file has results that
are not of this sweep, or another process uses it, the sweep raises ResultsConflict.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from simulator.lab.sweep.grid import Axis, GridPoint, points
from simulator.lab.sweep.point_run import Row, play_point
from simulator.lab.workers.batch import played
from simulator.lab.workers.code_version import files_digest
from simulator.lab.workers.kept_results import Description, KeptResults, ResultsConflict
from simulator.lab.workers.worker_pool import WorkerDied, WorkerPool
from simulator.scenario.scenario import ScenarioText

Play = Callable[[ScenarioText, GridPoint], Row]


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
    inputs: list[Path] = field(default_factory=list)
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
        self,
        worker_pool: WorkerPool,
        on_row: Callable[[GridPoint, Row, bool], None] = lambda *_: None,
        on_note: Callable[[str], None] = lambda _: None,
    ) -> list[Row]:
        """Play the points and return their rows in the grid's order: the axes' values, `seed`, and figures or `error`.

        `on_row` is called for every point, with True for points that an earlier start has played; `on_note` for damaged
        lines of the journal. The journal is kept.

        Raises:
            ResultsConflict: if the journal belongs to another sweep, or another process uses it.
            OSError: if the journal cannot be written.
            NoWorkers: if no worker is left.
        """
        done: dict[int, Row] = {}
        with self._kept() as kept:
            if kept.foreign or kept.others(self._points):
                msg = f"{self.journal} belongs to another sweep; remove it, or choose another result file"
                raise ResultsConflict(msg)
            for note in kept.notes:
                on_note(note)
            each = played(worker_pool, self.play, self._source, self._points, self.inputs, kept)
            for point, future, before in each:
                done[point.number] = row_of(future)
                on_row(point, done[point.number], before)
        return [self._whole(point, done[point.number]) for point in self._points]

    def forget(self) -> None:
        """Delete the journal. Call after the result has been written."""
        self.journal.unlink(missing_ok=True)

    def _whole(self, point: GridPoint, row: Row) -> Row:
        values = {name: _cell(value) for name, value in point.changes}
        return {**values, "seed": point.seed, **row}

    def _kept(self) -> KeptResults[GridPoint, Row]:
        inputs = files_digest(self.inputs)
        text = hashlib.sha256(self._source.text.encode()).hexdigest()

        def described(point: GridPoint) -> Description:
            changes = dict(point.changes)
            return {"scenario": self.file.stem, "text": text, "inputs": inputs, "changes": changes, "seed": point.seed}

        return KeptResults(self.journal, Row, described, lambda row: "error" not in row)


def row_of(future: Future[Row]) -> Row:
    """Return the worker's result, or the error that prevented it; `play` itself never raises."""
    error = future.exception()
    if error is None:
        return future.result()
    return {"error": str(error) if isinstance(error, WorkerDied) else f"{type(error).__name__}: {error}"}


def _cell(value: Any) -> str | int | float | bool | None:
    """Return an axis value as a table cell: a scalar unchanged, a mapping as text."""
    return value if isinstance(value, str | int | float | bool | None) else json.dumps(value)
