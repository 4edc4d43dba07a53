"""The step of a figure is what it changes by when one event more or less happens."""

from __future__ import annotations

import pytest

from simulator.lab.compare.figure_steps import figure_steps
from simulator.lab.compare.figures import FIGURES, measured
from simulator.rules.platforms.presets import platform_named
from simulator.rules.pricing import HOURS_PER_MONTH
from tests.report.fake_run import DURATION_S, fake_run

MISS_USD = 1e-4
RECORD = fake_run()
(SERVICE,) = RECORD.services
VALUES, _ = measured(RECORD, SERVICE, None, 0.5, MISS_USD)
STEPS = figure_steps(VALUES, RECORD, SERVICE, MISS_USD)


def test_every_step_is_of_a_figure() -> None:
    assert set(STEPS) <= set(FIGURES)
    assert all(step > 0 for step in STEPS.values())


def test_one_request_more_that_fails_changes_the_rate_of_errors_by_a_step() -> None:
    requests, rate = VALUES["requests"], VALUES["error_rate"]
    assert requests is not None
    assert rate is not None
    failures = round(rate * requests)
    assert (failures + 1) / requests - rate == pytest.approx(STEPS["error_rate"])
    assert STEPS["slo_miss_ratio"] == STEPS["error_rate"]


def test_a_second_of_every_instance_is_the_step_of_money() -> None:
    # Three instances of 1 vCPU and 2 GB at 0.064 and 0.007 USD an hour.
    second = 3 * (0.064 + 2 * 0.007) / 3600
    assert STEPS["run_usd"] == pytest.approx(second)
    assert STEPS["month_usd"] == pytest.approx(second * HOURS_PER_MONTH * 3600 / DURATION_S)
    assert STEPS["instance_hours"] == pytest.approx(3 / 3600)


def test_a_miss_costs_what_the_terms_say() -> None:
    dearer = figure_steps(VALUES, RECORD, SERVICE, 10 * MISS_USD)
    assert dearer["score_misses"] == pytest.approx(10 * STEPS["score_misses"])
    assert STEPS["score"] > STEPS["score_misses"]
    assert dearer["run_usd"] == STEPS["run_usd"]


def test_another_platform_has_the_step_of_its_own_prices() -> None:
    prices = platform_named("ecs-express").prices
    assert prices is not None
    steps = figure_steps(VALUES, RECORD, SERVICE, MISS_USD, prices)
    assert steps["run_usd"] == pytest.approx(3 * (prices.vcpu_hour + 2 * prices.gb_hour) / 3600)


def test_a_run_without_requests_and_instances_has_steps_all_the_same() -> None:
    nothing = SERVICE._replace(usages=[], name="absent")
    steps = figure_steps({**VALUES, "requests": 0}, RECORD, nothing, MISS_USD)
    assert steps["error_rate"] == 1
    assert steps["run_usd"] == pytest.approx(STEPS["run_usd"] / 3)
