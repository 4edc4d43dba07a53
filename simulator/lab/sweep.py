"""A sweep: every point of a grid played once, whatever interrupts it, and one table in the end.

Each finished point is a line in a journal beside the result, written before the next is told. A sweep that is started
again with the same scenario, axes and seeds reads it and plays what is missing or failed; with others it refuses.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

import simulator
from simulator.lab.gangs import Gang, Play
from simulator.lab.grid import Axis, Point, points
from simulator.lab.point_run import Row, play_point


class SweepConflict(Exception):
    """The journal beside the result belongs to another sweep."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """`file`: the scenario. `out`: the result, whose journal stands beside it until the result is written."""

    file: Path
    axes: Sequence[Axis]
    seeds: Sequence[int]
    out: Path
    play: Play = play_point
    _points: list[Point] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_points", list(points(self.axes, self.seeds)))

    def __len__(self) -> int:
        return len(self._points)

    @property
    def journal(self) -> Path:
        return self.out.with_name(self.out.name + ".partial.jsonl")

    def run(self, gang: Gang, on_row: Callable[[Point, Row, bool], None] = lambda *_: None) -> list[Row]:
        """Rows in the grid's order: the axes' values, `seed`, and figures or `error`. The journal stays.

        `on_row` hears of every point, with True for those that an earlier start has played.

        Raises:
            SweepConflict: when the journal is another sweep's.
            OSError: when the scenario cannot be read or the journal not be written.
        """
        done = self._read()
        for point in self._points:
            if point.number in done:
                on_row(point, done[point.number], True)
        with self.journal.open("a", encoding="utf-8") as journal:
            if journal.tell() == 0:
                _write(journal, {"sweep": self._digest()})
            missing = (point for point in self._points if point.number not in done)
            for point, row in gang.rows(self.play, str(self.file), missing):
                _write(journal, {"point": point.number, "row": row})
                done[point.number] = row
                on_row(point, row, False)
        return [self._whole(point, done[point.number]) for point in self._points]

    def forget(self) -> None:
        """The result is written: the journal has served."""
        self.journal.unlink(missing_ok=True)

    def _whole(self, point: Point, row: Row) -> Row:
        values = {name: _cell(value) for name, value in point.changes}
        return {**values, "seed": point.seed, **row}

    def _read(self) -> dict[int, Row]:
        """What an earlier start has played well; a last line that was cut off by a crash does not count."""
        if not self.journal.exists():
            return {}
        lines = self.journal.read_text(encoding="utf-8").split("\n")
        entries = [json.loads(line) for line in lines[:-1]]
        if lines[-1]:  # cut off in the middle: the next entry must not be appended to it
            self.journal.write_text("".join(line + "\n" for line in lines[:-1]), encoding="utf-8")
        if not entries:
            return {}
        if entries[0].get("sweep") != self._digest():
            msg = f"{self.journal} belongs to another sweep; remove it, or choose another result file"
            raise SweepConflict(msg)
        return {entry["point"]: entry["row"] for entry in entries[1:] if "error" not in entry["row"]}

    def _digest(self) -> str:
        told = [simulator.__version__, [[axis.name, list(axis.values)] for axis in self.axes], list(self.seeds)]
        return hashlib.sha256(self.file.read_bytes() + json.dumps(told, sort_keys=True).encode()).hexdigest()


def _write(journal: TextIO, entry: dict[str, Any]) -> None:
    journal.write(json.dumps(entry) + "\n")
    journal.flush()


def _cell(value: Any) -> str | int | float | bool | None:
    """An axis value as a table's cell: plain ones as they are, a mapping as its text."""
    return value if isinstance(value, str | int | float | bool | None) else json.dumps(value)
