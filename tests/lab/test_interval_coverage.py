"""How often the 95 % interval of twenty runs contains the true mean: a thousand runs, ten thousand experiments."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.lab.compare.candidates import candidates_of
from simulator.lab.compare.figures import FIGURES, Terms
from simulator.lab.compare.play_scenario import play_virtual
from simulator.lab.compare.run import ServiceOutcome, Task, play_task
from simulator.lab.statistics import Scope, estimate
from simulator.scenario.scenario import load_scenario
from simulator.world.random_streams import RandomStreams

pytest.importorskip("scipy")

RUNS, EXPERIMENTS = 1000, 10_000  # so that the share is known within 0.2 %
SCENARIO = """
duration: 30s
services:
  web:
    max_concurrency: 1
    min_size: 1
    max_size: 8
    overflow: {mode: queue, wait: 500ms, queue: 4}
    policy: scale-per-request
    health_check: {interval: 1s, timeout: 1s}
    application: {simulated: {io: {exponential: 250ms}, start_up: {exponential: 300ms}}}
traffic: [{poisson: {rate: 10/s}}]
"""
STEPPED = """
duration: 60s
services:
  web:
    max_concurrency: 2
    min_size: 2
    max_size: 2
    policy: fixed
    application: {simulated: {io: {exponential: 400ms}}}
traffic: [{poisson: {rate: 1/s}}]
"""


def outcomes(file: Path, seeds: int) -> list[ServiceOutcome]:
    (own,) = candidates_of(("configured",), (), {})
    scenario = load_scenario(file)
    tasks = [Task(str(file), own, seed, Terms(), "event-loop") for seed in range(seeds)]
    found = [play_task(task, scenario, play_virtual) for task in tasks]
    assert not [outcome.error for outcome in found if outcome.error]
    return [outcome.services["web"] for outcome in found]


def coverage(runs: list[ServiceOutcome], figure: str, count: int = 20) -> float:
    """Return the share of experiments of `count` runs whose interval contains the mean of all runs."""
    values = [run.values[figure] or 0.0 for run in runs]
    truth = sum(values) / len(values)
    rng = RandomStreams(11).stream("experiments", figure, str(count))
    held = 0
    for _ in range(EXPERIMENTS):
        chosen = rng.integers(0, len(runs), count).tolist()
        scope = Scope(0, FIGURES[figure].most, max(runs[number].steps.get(figure) or 0.0 for number in chosen))
        found = estimate([values[number] for number in chosen], scope)
        assert found is not None
        assert found.low is not None
        assert found.high is not None
        assert 0 <= found.low <= found.high <= FIGURES[figure].most
        held += found.low <= truth <= found.high
    return held / EXPERIMENTS


@pytest.mark.slow
@pytest.mark.case("L27", "X13b")
def test_intervals_contain_the_true_value_in_94_to_96_of_100_experiments(tmp_path: Path) -> None:
    file = tmp_path / "busy.yaml"
    file.write_text(SCENARIO, encoding="utf-8")
    runs = outcomes(file, RUNS)
    found = {
        figure: coverage(runs, figure)
        for figure in ("latency_mean_s", "latency_p95_s", "error_rate", "run_usd", "cold_starts")
    }
    assert all(0.94 <= share <= 0.96 for share in found.values()), found


@pytest.mark.slow
@pytest.mark.case("L27")
@pytest.mark.parametrize("count", [5, 20])
def test_intervals_of_stepped_bills_and_rare_errors_contain_it_at_least_as_often(tmp_path: Path, count: int) -> None:
    """With two or three different values the share cannot be exact, so it must be higher than stated."""
    file = tmp_path / "calm.yaml"
    file.write_text(STEPPED, encoding="utf-8")
    runs = outcomes(file, 400)
    assert 0 < sum((run.values["error_rate"] or 0) > 0 for run in runs) < 100, "errors are rare here"
    found = {figure: coverage(runs, figure, count) for figure in ("run_usd", "error_rate")}
    assert all(share >= 0.94 for share in found.values()), found
