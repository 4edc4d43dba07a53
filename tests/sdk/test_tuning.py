"""Tunings in Python. The choice is played again by another way: with numpy, from the requests of a full run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from simulator import BatchStep, Scenario, TuningResult
from simulator.lab.tune.result import read_tune
from simulator.scenario.problems import ScenarioError

# 40/s of 50 ms: two requests in progress on average. One instance with 4 slots rejects some; two do not.
SERVICE = """
duration: 20s
seed: 5
services: {web: {max_concurrency: 4, min_size: 1, max_size: 1, application: {simulated: {io: 50ms}}}}
traffic: [{name: visitors, poisson: {rate: 40/s}}]
"""
SLO = "p95 < 100 ms, error_rate < 1 %"
VARY = {"max_size": [1, 2], "max_concurrency": [2, 4, 8]}


@pytest.fixture(scope="module")
def result() -> TuningResult[Scenario]:
    return Scenario.from_text(SERVICE, name="shop").tune(SLO, VARY, runs=40, progress=False)


def test_the_choice_is_the_cheapest_setting_that_holds(result: TuningResult[Scenario]) -> None:
    """Every setting of the space is played in full; error rates come from the rows of the requests."""
    assert result.choice is not None
    costs = {}
    for max_size in VARY["max_size"]:
        for max_concurrency in VARY["max_concurrency"]:
            scenario = Scenario.from_text(SERVICE).change(max_size=max_size, max_concurrency=max_concurrency)
            holds = []
            runs = [scenario.run(seed=seed, requests=True) for seed in (1_000_100, 1_000_101)]
            for run in runs:
                rows = run.requests()
                lost = np.mean(rows["status"].to_numpy() >= 400)
                served_s = rows.loc[rows["status"] < 400, "latency_s"].to_numpy()
                holds.append(lost < 0.01 and np.quantile(served_s, 0.95) < 0.1)
            if all(holds):
                costs[max_size, max_concurrency] = runs[0].report.month_usd
    chosen = result.choice.changes["max_size"], result.choice.changes["max_concurrency"]
    assert costs[chosen] == pytest.approx(min(costs.values()), rel=0.02)
    assert result.choice.month_usd == pytest.approx(costs[chosen], rel=0.02)


def test_the_scenario_has_the_choice_and_can_be_applied(result: TuningResult[Scenario]) -> None:
    assert result.choice is not None
    service = result.scenario.checked.services["web"]
    for key, value in result.choice.changes.items():
        assert getattr(service, key) == value
    assert "aws apprunner create-auto-scaling-configuration" in result.apply()


def test_the_frames_have_a_row_for_each_setting_limit_and_value(result: TuningResult[Scenario]) -> None:
    front = result.front()
    assert set(front["month_usd"]) == {part.month_usd for part in result.data.front}
    assert {"max_size", "max_concurrency", "holds"} <= set(front.columns)
    assert len(result.prices()) == len(result.data.prices)
    assert set(result.knobs()["name"]) == set(VARY)


def test_the_result_is_shown(result: TuningResult[Scenario]) -> None:
    shown = result._repr_html_()
    assert shown.count("<table") >= 2
    assert "SLO" in shown
    assert repr(result).startswith("<Tuning of shop: ")
    assert result.data.file == "shop", "not the temporary file that was played"


def test_the_json_is_that_of_the_command_line(result: TuningResult[Scenario], tmp_path: Path) -> None:
    file = tmp_path / "tune.json"
    file.write_text(result.json())
    assert read_tune(file) == result.data


def test_if_no_setting_holds_there_is_no_scenario_with_a_choice() -> None:
    told: list[BatchStep] = []
    scenario = Scenario.from_text(SERVICE)
    result = scenario.tune("p95 < 20 ms", ["max_concurrency=2,4"], runs=20, progress=told.append)
    assert result.choice is None
    assert result.data.nearest is not None
    with pytest.raises(ValueError, match="choice = none, must hold p95 < 20 ms"):
        _ = result.scenario
    with pytest.raises(ValueError, match="choice = none"):
        result.apply()
    assert told[-1].done > 0


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"slo": "p95 < many"}, "p95 < many"),
        ({"vary": {"max_concurency": [1, 2]}}, "did you mean `max_concurrency`"),
        ({"withstand": ["trafic"]}, "withstand = 'trafic', must be one of .*; did you mean `traffic`"),
        ({"minimise": "money"}, "money"),
    ],
)
def test_wrong_input_is_named(given: dict[str, object], message: str) -> None:
    with pytest.raises((ValueError, ScenarioError), match=message):
        Scenario.from_text(SERVICE).tune(**{"slo": SLO, "vary": VARY, **given})  # type: ignore[arg-type]
