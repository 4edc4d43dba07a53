"""Elasticity metrics computed directly, and the published speedup."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from simulator.lab.elasticity.elasticity import Elasticity, elastic_speedup, elasticity
from simulator.records.instance_time import StepFunction


def steps(*changes: tuple[float, int]) -> StepFunction:
    supply = StepFunction()
    for at_s, by in changes:
        supply.change(at_s, by)
    return supply


def found(demand: list[int], supply: StepFunction, begin_s: float = 0.0, end_s: float = 10.0) -> Elasticity:
    metrics = elasticity(np.array(demand), supply, begin_s, end_s)
    assert metrics is not None
    return metrics


def test_a_supply_that_is_the_demand_is_perfect() -> None:
    metrics = found([2] * 5 + [3] * 5, steps((0, 2), (5, 1)))
    assert dataclasses.astuple(metrics) == (0, 0, 0, 0, 0, 0, 0)


def test_too_few_for_two_and_a_half_seconds_of_ten() -> None:
    metrics = found([4] * 10, steps((0, 2), (2.5, 2)))
    assert metrics.under_provisioned_time == pytest.approx(25)
    assert metrics.under_provisioned_amount == pytest.approx(12.5)  # half of the demand was missing
    assert (metrics.over_provisioned_amount, metrics.over_provisioned_time) == (0, 0)


def test_too_many_can_be_more_than_all_of_the_demand() -> None:
    metrics = found([1] * 10, steps((0, 4)))
    assert metrics.over_provisioned_amount == pytest.approx(300)
    assert metrics.over_provisioned_time == pytest.approx(100)


def test_supply_without_demand_is_counted_apart() -> None:
    metrics = found([0] * 5 + [2] * 5, steps((0, 2)))
    assert metrics.over_provisioned_amount == 0
    assert metrics.over_provisioned_time == pytest.approx(50)
    assert metrics.idle_instance_s == pytest.approx(10)


def test_supply_that_does_not_follow_the_demand_counts_as_instability() -> None:
    metrics = found([1, 2, 3, 4, 5, 5, 5, 5, 5, 5], steps((0, 5)))
    assert metrics.instability == pytest.approx(100 * 4 / 9)
    assert metrics.jitter_per_hour == pytest.approx(-4 / 10 * 3600)


def test_only_the_span_counts() -> None:
    metrics = found([9, 9, 1, 1], steps((0, 1)), begin_s=2, end_s=4)
    assert metrics.under_provisioned_time == 0


def test_without_demand_there_is_nothing_to_follow() -> None:
    assert elasticity(np.zeros(5, dtype=np.int64), steps((0, 1)), 0, 5) is None
    assert elasticity(np.ones(5, dtype=np.int64), steps((0, 1)), 5, 5) is None


def of(
    under_provisioned_amount: float,
    over_provisioned_amount: float,
    under_provisioned_time: float,
    over_provisioned_time: float,
) -> Elasticity:
    return Elasticity(
        under_provisioned_amount, over_provisioned_amount, under_provisioned_time, over_provisioned_time, 0, 0, 0
    )


def test_the_elastic_speedup_is_that_of_validation_case_38() -> None:
    none = of(3.29, 3.06, 57.95, 57.05)
    assert elastic_speedup(none, of(0.48, 4.28, 15.85, 89.10)) == pytest.approx(1.84, abs=0.005)
    assert elastic_speedup(none, of(0.94, 3.51, 26.50, 73.20)) == pytest.approx(1.50, abs=0.015)
