"""A sweep in Python: a row for every point of a grid."""

from __future__ import annotations

import html
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simulator.lab.sweep.grid import Axis, GridPoint, points
from simulator.lab.sweep.point_run import Row, play_point
from simulator.lab.sweep.sweep import row_of
from simulator.lab.workers.opening import worker_pool
from simulator.scenario.document import Document
from simulator.scenario.scenario import ScenarioText
from simulator.sdk.frames import Library, frame_of_rows
from simulator.sdk.progress import NotebookProgress, Progress
from simulator.sdk.run_in_thread import run_in_thread
from simulator.sdk.scenario_file import write_scenario


@dataclass(frozen=True, slots=True)
class SweepResult:
    """The result of a sweep. `rows`, in the grid's order: the varied values, `seed`, and figures or `error`."""

    rows: Sequence[Row]
    notes: Sequence[str] = ()
    """Notes about the scenario's recordings to read before the figures, as `simulator sweep` prints them."""

    def frame(self, library: Library = "pandas") -> Any:
        """Return the rows as a data frame."""
        names = list(dict.fromkeys(name for row in self.rows for name in row))
        return frame_of_rows(self.rows, names, library)

    def _repr_html_(self) -> str:
        table: str = self.frame()._repr_html_()
        return "".join(f"<p><strong>{html.escape(text)}</strong></p>" for text in self.notes) + table


def swept(
    document: Document,
    folder: Path,
    vary: Mapping[str, Sequence[Any]],
    seeds: Sequence[int],
    workers: int,
    progress: Progress = None,
    notes: Sequence[str] = (),
) -> SweepResult:
    """Run every point of the grid. Raises ValueError for an axis without values, or more than a million points."""
    for name, values in vary.items():
        if not values:
            msg = f"vary = {name} without values, must have at least one"
            raise ValueError(msg)
    grid = list(points([Axis(name, tuple(values)) for name, values in vary.items()], seeds))
    with tempfile.TemporaryDirectory(prefix="simulator-") as made:
        file = write_scenario(document, folder, Path(made) / "scenario.yaml", "scenario", seeds[0])
        source = ScenarioText.of(file)
        with NotebookProgress(progress, "sweep", len(grid), _name(grid[0])) as given:

            def rows() -> dict[int, Row]:
                found = {}
                with worker_pool(workers, units=len(grid)) as pool:
                    for point, future in pool.results(play_point, source, grid):
                        found[point.number] = row_of(future)
                        given.advance(_name(point))
                return found

            found = run_in_thread(rows, given.stop)
    return SweepResult([{**_point_label(point), "seed": point.seed, **found[point.number]} for point in grid], notes)


def _name(point: GridPoint) -> str:
    return ", ".join(f"{name} = {value}" for name, value in (*_point_label(point).items(), ("seed", point.seed)))


def _point_label(point: GridPoint) -> Row:
    return {name: value if isinstance(value, str | int | float | bool) else str(value) for name, value in point.changes}
