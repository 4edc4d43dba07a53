"""The outcomes of settings on days: each is played once and kept in a file, so that a benchmark can go on."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from simulator.lab.tune.days import Day
from simulator.lab.tune.plan import TunePlan
from simulator.lab.tune.play_setting import Asked, DayFigures, PlayedDay
from simulator.lab.tune.played import WorkerBatches
from simulator.lab.workers.worker_pool import WorkerPool

_KEPT_TOGETHER: Final = 200


class Outcomes:
    """Implements Batches: plays what no earlier method of the same space has played."""

    def __init__(self, plan: TunePlan, pool: WorkerPool, file: Path, runs: int) -> None:
        self.plan = plan
        self.asked = 0  # outcomes that were asked for, played now or before
        asked = Asked(plan.sources, plan.slo.parts, plan.objective.check, plan.backend, runs)
        self._batches = WorkerBatches(pool, asked, plan.scenarios[0].files)
        self._known: dict[tuple[int, Day], DayFigures] = {}
        if file.exists():
            for line in file.read_text(encoding="utf-8").splitlines():
                place, seed, figures = json.loads(line)
                self._known[place, Day(0, seed)] = DayFigures(figures[0], tuple(figures[1]), *figures[2:])
        self._file = file.open("a", encoding="utf-8")

    def figures(self, units: Sequence[PlayedDay]) -> Mapping[PlayedDay, DayFigures]:
        missing = [unit for unit in units if (unit.place, unit.day) not in self._known]
        self.asked += len(units)
        for first in range(0, len(missing), _KEPT_TOGETHER):
            for unit, figures in self._batches.figures(missing[first : first + _KEPT_TOGETHER]).items():
                self._known[unit.place, unit.day] = figures
                self._file.write(json.dumps([unit.place, unit.day.seed, figures]) + "\n")
            self._file.flush()
        return {unit: self._known[unit.place, unit.day] for unit in units}

    def of(self, places: Sequence[int], seeds: Sequence[int]) -> list[list[DayFigures]]:
        """Return the figures of settings (rows) on days given by their seeds."""
        space = self.plan.space
        units = [
            PlayedDay(place, tuple(space.changes(space.settings[place]).items()), Day(0, seed))
            for place in places
            for seed in seeds
        ]
        found = self.figures(units)
        return [[found[unit] for unit in units[n : n + len(seeds)]] for n in range(0, len(units), len(seeds))]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
