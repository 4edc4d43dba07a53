"""A setting chosen on five days of recorded traffic is judged on nine others, and holds on each of them.

The days have the form of the recorded day of the 1998 World Cup site, in a fiftieth of its time: each has its own
amount of traffic, its own noise by minute, and its peak at another time.
"""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simulator.lab.compare.backends import kind_of
from simulator.lab.tune.days import JUDGING_SEEDS
from simulator.lab.tune.plan import TunePlan
from simulator.lab.tune.result import TuneResult
from simulator.lab.tune.slo import parse_slo
from simulator.lab.tune.tune import tune
from simulator.lab.workers.in_turn import InTurn
from simulator.report.report import build_report
from simulator.scenario.scenario import load_scenario
from simulator.world.random_streams import RandomStreams

RECORDED = Path("scenarios/data/worldcup98_1998-06-30_1min.csv")
DAYS, CHOSEN_ON = 14, 5
SLO = "p95 < 450 ms, error_rate < 1 %"
SCENARIO = """\
version: 1
name: day-{number}
seed: {number}
duration: 28 min
warm_up: 60s
services:
  site:
    max_concurrency: 8
    min_size: 1
    max_size: 12
    policy: {{name: app-runner, window: 10s, start_lag: 5s, scale_in_delay: 30s}}
    application:
      simulated: {{start_up: 3s, cpu: {{exponential: 20ms}}, io: {{lognormal: {{mean: 150ms, sd: 80ms}}}}}}
traffic:
  - bins: {{file: day-{number}.csv, column: requests, bin: 1 min, arrivals: poisson}}
    scale: 0.0003
    time_scale: 0.02
"""


def day(folder: Path, number: int) -> Path:
    """Write a day of traffic and its scenario; return the scenario file."""
    with RECORDED.open(encoding="utf-8") as file:
        counts = np.array([int(row["requests"]) for row in csv.DictReader(file)])
    rng = RandomStreams(number).stream("day")
    factor = np.exp(0.12 * rng.standard_normal() + 0.05 * rng.standard_normal(len(counts)))
    moved = np.roll(counts * factor, int(rng.integers(-60, 60))).astype(int)
    rows = "".join(f"{count}\n" for count in moved.tolist())
    (folder / f"day-{number}.csv").write_text(f"requests\n{rows}", encoding="utf-8")
    path = folder / f"day-{number}.yaml"
    path.write_text(SCENARIO.format(number=number), encoding="utf-8")
    return path


def passes(file: Path, changes: Mapping[str, Any]) -> bool:
    """Return True if a setting holds the SLO on a day, by the checks of a run's report."""
    scenario = load_scenario(file, {**changes, "checks": SLO.split(", ")})
    scenario = scenario.with_seed(scenario.seed + JUDGING_SEEDS)
    return build_report(kind_of("auto", scenario, 1000).play(scenario)).passed


@pytest.mark.slow
def test_the_choice_of_five_days_holds_on_nine_others(tmp_path: Path) -> None:
    files = [day(tmp_path, number) for number in range(1, DAYS + 1)]
    chosen_on, others = files[:CHOSEN_ON], files[CHOSEN_ON:]
    vary = ["max_concurrency=2,4,6,8,11,15,20", "min_size=1..8"]
    plan = TunePlan(chosen_on, parse_slo(SLO), vary=vary, judge=others, explain=False)
    result: TuneResult = tune(plan, InTurn())
    assert result.choice is not None, result.answer
    assert {day.partition(",")[0] for day in result.played.training_days} <= {file.name for file in chosen_on}
    assert {day.partition(",")[0] for day in result.played.judging_days} == {file.name for file in others}
    least = 0
    for file in others:
        assert passes(file, result.choice.changes), file.name
        least += passes(file, {"max_concurrency": 20, "min_size": 1})
    assert least < len(others), "the cheapest setting holds on every day, so there was nothing to choose"
