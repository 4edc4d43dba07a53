"""A service whose figures are known in closed form, in place of runs, for tests of the search."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from simulator.lab.tune.days import JUDGING_SEEDS, Condition, Day
from simulator.lab.tune.plan import TunePlan
from simulator.lab.tune.play_setting import DayFigures, PlayedDay
from simulator.lab.tune.slo import parse_slo
from simulator.world.random_streams import RandomStreams

SCENARIO = """\
version: 1
name: known
seed: 7
duration: 60s
services:
  web:
    max_concurrency: 20
    min_size: 4
    max_size: 20
    application: {simulated: {start_up: 2s, cpu: 5ms, io: 50ms}}
traffic:
  - spike: {base: 5/s, peak: 20/s, at: 20s, for: 10s}
"""
VARY = ("max_concurrency=2..60..2", "min_size=1..20", "max_size=20,22,24")


@dataclass
class KnownService:
    """Implements Batches. `day`: standard deviation of what a day adds to all settings; `noise`: to a single run.

    `worse_days`: by how much the judging days are slower. Costs: an instance, and less for more concurrency; the p95
    rises with concurrency, and requests are lost if the slots of MinSize are too few for a burst.
    """

    day: float = 0.05
    noise: float = 0.002
    worse_days: float = 0.0
    played: list[PlayedDay] = field(default_factory=list)

    def figures(self, units: Sequence[PlayedDay]) -> Mapping[PlayedDay, DayFigures]:
        self.played += units
        return {unit: self.of(dict(unit.changes), unit.day) for unit in units}

    def of(self, changes: Mapping[str, Any], day: Day) -> DayFigures:
        concurrency, least = changes["max_concurrency"], changes["min_size"]
        rng = RandomStreams(day.seed).stream(concurrency, least)
        shift = self.day * RandomStreams(day.seed).stream("day").standard_normal()
        slower = shift + self.noise * rng.standard_normal() + (self.worse_days if day.seed > JUDGING_SEEDS else 0)
        slower += 0.3 if day.condition is Condition.TRAFFIC else 0
        usd = usd_of(concurrency, least) * math.exp(0.2 * shift + self.noise * rng.standard_normal())
        p95_s = p95_s_of(concurrency) * math.exp(slower)
        error_rate = min(1.0, 0.01 * math.exp(4 * (70 * math.exp(slower) - concurrency * least) / 70))
        return DayFigures(usd, (p95_s, error_rate), usd, p95_s, error_rate)


def usd_of(concurrency: int, least: int) -> float:
    return 12.0 * least + 900.0 / (concurrency + 6)


def p95_s_of(concurrency: int) -> float:
    return 0.1 * (1 + (concurrency / 30) ** 2)


def plan_of(folder: Path, slo: str = "p95 < 300 ms, error_rate < 1 %", **given: Any) -> TunePlan:
    """Return a plan for a scenario file that is written into the folder."""
    file = folder / "known.yaml"
    file.write_text(SCENARIO, encoding="utf-8")
    return TunePlan([file], parse_slo(slo), **{"vary": VARY, **given})
