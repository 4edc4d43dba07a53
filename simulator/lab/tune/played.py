"""What has been played: the figures of each setting on each day, and what they say about the setting.

Every setting is played on the first days in the same order, so that two settings can be compared day by day on the same
random numbers. A part of the SLO holds on nearly all days if its mean excess (slo.py) is below 0 by a multiple of what
days differ by. A setting with few days borrows that spread from the others.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from simulator.lab.tune.days import Day, Days
from simulator.lab.tune.play_setting import Asked, DayFigures, PlayedDay, failed_day, play_day
from simulator.lab.tune.slo import EXCESS_MAX, Slo, excesses, holds
from simulator.lab.tune.space import Space
from simulator.lab.workers.batch import played
from simulator.lab.workers.kept_results import KeptResults
from simulator.lab.workers.worker_pool import WorkerPool

Floats = NDArray[np.float64]

# How many standard deviations of a day the mean excess must be below 0: a normal distribution then holds on 99.6 % of
# the days, and on all of 36 days with 88 %. The days that judge decide; this only selects what is worth judging.
DAYS_MARGIN: Final = 2.7
# The spread of a setting counts as much as so many of its own days are others' spread.
_SPREAD_DAYS: Final = 4.0
_SPREAD_DEFAULT: Final = 0.05
# Of settings at an edge, where one day loses requests and the next does not, days differ more than of others.
_SPREAD_MAX: Final = 0.3
_FAILED: Final = 0.02  # least excess of a part that failed on a day

OnRuns = Callable[[int], None]


class Batches(Protocol):
    """Plays settings on days."""

    def figures(self, units: Sequence[PlayedDay]) -> Mapping[PlayedDay, DayFigures]:
        """Return the figures of each unit."""


class WorkerBatches:
    """Plays through a worker pool. `files`: what the scenarios read. `kept`: see `kept_days`."""

    def __init__(
        self,
        pool: WorkerPool,
        asked: Asked,
        files: Sequence[Path],
        on_runs: OnRuns = lambda _: None,
        kept: KeptResults[PlayedDay, DayFigures] | None = None,
    ) -> None:
        self._pool, self._asked, self._files, self._on_runs, self._kept = pool, asked, files, on_runs, kept

    def figures(self, units: Sequence[PlayedDay]) -> Mapping[PlayedDay, DayFigures]:
        found: dict[tuple[int, Day], DayFigures] = {}
        for unit, future, _ in played(self._pool, play_day, self._asked, units, self._files, self._kept):
            error = future.exception()
            found[unit.place, unit.day] = future.result() if error is None else failed_day(self._asked, str(error))
            self._on_runs(1)
        return {unit: found[unit.place, unit.day] for unit in units}


class PlayedSettings:
    """The figures that have been played, by setting (its place in the space) and day."""

    def __init__(self, space: Space, slo: Slo, days: Days, base: int, batches: Batches, kinds: int = 1) -> None:
        """`base`: on how many of the training days every setting is played. `kinds`: of days, files and conditions,
        which alternate.
        """
        self.space, self.slo, self.training, self.base = space, slo, days.training, base
        self._kinds = kinds
        self.days_margin = DAYS_MARGIN  # raised by a setting that fails on a day that judges
        self._deciding = {*days.training, *days.judging}
        self._batches = batches
        self._figures: dict[int, dict[Day, DayFigures]] = {}
        self.errors: dict[str, int] = {}  # why settings could not be played, with their number

    @property
    def runs(self) -> int:
        return sum(map(len, self._figures.values()))

    @property
    def places(self) -> list[int]:
        """The settings that have been played, without those that the scenario cannot have."""
        return [place for place, days in self._figures.items() if not any(figures.error for figures in days.values())]

    @property
    def tried(self) -> set[int]:
        """All settings that have been tried, also those that the scenario cannot have."""
        return set(self._figures)

    def play(self, places: Iterable[int], days: Sequence[Day]) -> None:
        """Play the settings on those of the days that they have not been played on."""
        units = []
        for place in dict.fromkeys(places):
            changes = tuple(self.space.changes(self.space.settings[place]).items())
            known = self._figures.setdefault(place, {})
            units += [PlayedDay(place, changes, day) for day in days if day not in known]
        for unit, figures in self._batches.figures(units).items() if units else ():
            known = self._figures[unit.place]
            if figures.error and not any(each.error for each in known.values()):
                self.errors[figures.error] = self.errors.get(figures.error, 0) + 1
            known[unit.day] = figures

    def play_base(self, places: Iterable[int]) -> None:
        self.play(places, self.training[: self.base])

    def days(self, place: int) -> int:
        """Return the number of training days that a setting was played on: always the first ones."""
        known = self._figures.get(place, {})
        return next((n for n, day in enumerate(self.training) if day not in known), len(self.training))

    def figures(self, place: int, days: Sequence[Day] | None = None) -> list[DayFigures]:
        """Return the figures of the training days that a setting was played on, or those of some days."""
        known = self._figures.get(place, {})
        return [known[day] for day in (self.training if days is None else days) if day in known]

    def objective(self, place: int, days: int | None = None) -> float:
        """Return the mean of what is minimised, over the first days (the base days by default)."""
        return float(np.mean([each.objective for each in self.figures(place)[: days or self.base]]))

    def costs(self, place: int, days: int) -> Floats:
        """Return what is minimised on each of the first days."""
        return np.array([each.objective for each in self.figures(place)[:days]])

    def excesses(self, place: int, slo: Slo | None = None) -> Floats:
        """Return the excess of each part (columns) on each training day (rows)."""
        return np.array([excesses(slo or self.slo, each.slo) for each in self.figures(place)])

    def held(self, place: int, days: Sequence[Day] | None = None, slo: Slo | None = None) -> int:
        """Return the number of days on which every part of the SLO held."""
        return sum(held(slo or self.slo, each) for each in self.figures(place, days))

    def spreads(self) -> Floats:
        """Return how much days of a kind differ, by part: the median over settings that are near the limit."""
        groups = [group for place in self.places for group in self._by_kind(self.excesses(place)) if len(group) > 1]
        result = []
        for part in range(len(self.slo.parts)):
            near = [group[:, part].std(ddof=1) for group in groups if abs(group[:, part].mean()) < EXCESS_MAX / 2]
            result.append(float(np.median(near)) if near else _SPREAD_DEFAULT)
        return np.clip(result, 1e-3, _SPREAD_MAX)

    def margins(self, place: int, spreads: Floats, slo: Slo | None = None) -> Floats:
        """Return the excess of each part that nearly all days stay below, of each kind: below 0 if the setting holds.

        It is above 0 if the part failed on a day, also on one of those that judge.
        """
        margin: Floats = np.max(
            [_margin(each, spreads, self.days_margin) for each in self._by_kind(self.excesses(place, slo))], axis=0
        )
        known = [figures for day, figures in self._figures[place].items() if day in self._deciding]
        parts = (slo or self.slo).parts
        failed = [any(not holds(part, day.slo[number]) for day in known) for number, part in enumerate(parts)]
        return np.where(failed, np.maximum(margin, _FAILED), margin)

    def always_held(self) -> list[int]:
        """Return the settings that held on every day that they were played on, also on those that judge."""
        return [
            place
            for place in self.places
            if all(held(self.slo, each) for day, each in self._figures[place].items() if day in self._deciding)
        ]

    def _by_kind(self, days: Floats) -> list[Floats]:
        """Return the rows of days of each kind."""
        return [days[kind :: self._kinds] for kind in range(min(self._kinds, len(days)))]

    def passing(self, slo: Slo | None = None) -> list[int]:
        """Return the settings that hold with a margin on the days played."""
        spreads = self.spreads()
        return [place for place in self.places if (self.margins(place, spreads, slo) <= 0).all()]


def _margin(days: Floats, spreads: Floats, factor: float) -> Floats:
    count = len(days)
    squares = ((days - days.mean(axis=0)) ** 2).sum(axis=0)
    spread = np.sqrt((_SPREAD_DAYS * spreads**2 + squares) / (_SPREAD_DAYS + count - 1))
    return np.asarray(days.mean(axis=0) + factor * spread * math.sqrt(1 + 1 / count), np.float64)


def held(slo: Slo, figures: DayFigures) -> bool:
    """Return True if every part of the SLO held on a day."""
    return not figures.error and all(holds(part, value) for part, value in zip(slo.parts, figures.slo, strict=True))
