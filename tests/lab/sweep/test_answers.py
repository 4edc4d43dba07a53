"""The answer of a sweep, recomputed from its rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from simulator.lab.answer.alternatives import MONTH_COST, P95
from simulator.lab.sweep.answers import own_values, setting_name, settings_of, sweep_answer
from simulator.lab.sweep.grid import parse_axis
from simulator.lab.sweep.point_run import Row
from simulator.scenario.document import parse_document

AXES = ("max_concurrency", "min_size")
DOCUMENT = parse_document("services: {web: {max_concurrency: 20, min_size: 1}}\n", "file.yaml")


def row(concurrency: int, size: int, seed: int, **figures: Any) -> Row:
    usd = 100 * size + 1000 / concurrency + seed
    whole = {"month_usd": usd, "latency_p95_s": 0.01 * concurrency, "error_rate": 0.0, "failed_checks": ""}
    return {"max_concurrency": concurrency, "min_size": size, "seed": seed, **whole, **figures}


ROWS = [row(concurrency, size, seed) for concurrency in (10, 20, 40) for size in (1, 2) for seed in range(5)]


def test_the_best_setting_is_compared_with_the_scenarios_own() -> None:
    own = own_values(DOCUMENT, [parse_axis("max_concurrency=10,20,40"), parse_axis("min_size=1,2")])
    assert own == {"max_concurrency": 20, "min_size": 1}
    answer = sweep_answer(ROWS, AXES, own, MONTH_COST)
    assert (answer.best, answer.baseline) == ("max_concurrency 40, min_size 1", "max_concurrency 20, min_size 1")
    (cost,) = [
        part
        for part in answer.differences
        if (part.alternative, part.against, part.figure) == (answer.best, answer.baseline, "month_usd")
    ]
    usd = {
        concurrency: np.mean([row(concurrency, 1, seed)["month_usd"] for seed in range(5)]) for concurrency in (20, 40)
    }
    assert cost.mean == pytest.approx(usd[40] / usd[20] - 1)
    assert "costs 16.4 % less than max_concurrency 20, min_size 1" in answer.headline


def test_a_setting_that_fails_is_not_best_and_another_objective_chooses_another() -> None:
    rows = [one | {"failed_checks": "p95 < 100 ms"} if one["max_concurrency"] == 40 else one for one in ROWS]
    assert sweep_answer(rows, AXES, {}, MONTH_COST).best == "max_concurrency 20, min_size 1"
    assert sweep_answer(ROWS, AXES, {}, P95).best.startswith("max_concurrency 10")


def test_without_the_scenarios_own_setting_only_the_runner_up_is_described() -> None:
    answer = sweep_answer(ROWS, AXES, {"max_concurrency": 20}, MONTH_COST)
    assert answer.baseline == answer.best
    assert [sentence.split(" costs ")[0] for sentence in answer.sentences[:-1]] == ["max_concurrency 20, min_size 1"]


def test_a_run_that_failed_has_no_figures_and_a_setting_without_runs_is_left_out() -> None:
    values = {"max_concurrency": 1, "min_size": 1}
    rows: list[Row] = [{**values, "seed": seed, "error": "broken"} for seed in range(2)]
    assert settings_of(rows, AXES) == []
    (setting,) = settings_of([*rows, row(1, 1, 2)], AXES)
    assert setting.name == setting_name(values)
    assert list(setting.columns["month_usd"]) == [None, None, 1102.0]


def test_a_value_that_the_file_does_not_state_is_not_its_own() -> None:
    assert own_values(DOCUMENT, [parse_axis("max_size=1,25")]) == {}
