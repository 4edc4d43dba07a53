"""Tests of the plan of requests that are sent one at a time."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.calibration.observation.observation import LoadStage
from simulator.calibration.observation.tables import ObservedRequests
from simulator.calibration.observing.unloaded.plan import unloaded_plan, unloaded_s
from simulator.world.random_streams import RandomStreams


def light(latency_s: tuple[float, ...], cpu_s: float = np.nan) -> LoadStage:
    """Return a light load in which each route is requested ten times, with this latency by route."""
    routes = np.repeat(np.arange(len(latency_s)), 10)
    requests = ObservedRequests.of(
        sent_s=np.arange(len(routes)) * 0.5,
        latency_s=np.array(latency_s)[routes] + 0.002,
        status=np.full(len(routes), 200),
        route=routes,
        late_s=np.full(len(routes), 0.002),
    )
    return LoadStage(1, 2.0, len(routes) * 0.5, 0.0, requests, cpu_s=cpu_s)


@pytest.mark.parametrize(("budget_s", "seconds"), [(20.0, 0.0), (30.0, 6.0), (240.0, 48.0), (3600.0, 60.0)])
def test_a_fifth_of_the_budget_is_used_up_to_a_minute(budget_s: float, seconds: float) -> None:
    assert unloaded_s(budget_s) == pytest.approx(seconds)


def test_the_counts_of_routes_give_the_least_sum_of_squared_errors() -> None:
    plan = unloaded_plan(light((0.005, 0.030, 0.380), cpu_s=0.01), 3, 1.0, 50.0)
    assert plan.pause_s == 0.02
    assert plan.warm_up_s == 5.0
    duration_s = np.array([0.025, 0.05, 0.4])

    def errors(counts: np.ndarray) -> float:
        return float((1 / (counts * 50.0 / (counts @ duration_s))).sum())

    weights = np.array(plan.weights)
    assert weights.sum() == pytest.approx(1.0)
    best = errors(weights)
    for change in RandomStreams(1).stream("weights").normal(0.0, 0.05, (200, 3)):
        assert errors(weights * np.exp(change)) >= best - 1e-12


@pytest.mark.parametrize(
    ("latency_s", "cpu_each_s", "vcpu"), [(0.01, 0.01, 1.0), (0.4, 0.1, 0.25), (0.05, 0.04, 1.0), (0.05, 0.05, 2.0)]
)
def test_less_than_half_of_the_cpu_is_in_use(latency_s: float, cpu_each_s: float, vcpu: float) -> None:
    plan = unloaded_plan(light((latency_s,), cpu_s=10 * cpu_each_s), 1, vcpu, 50.0)
    assert cpu_each_s / (latency_s + plan.pause_s) <= 0.5 * vcpu + 1e-9


def test_the_cpu_of_a_heavy_rare_route_is_in_proportion_to_its_latency() -> None:
    plan = unloaded_plan(light((0.01, 0.19), cpu_s=20 * 0.1), 2, 1.0, 50.0)
    mix = np.array(plan.weights)
    assert mix @ [0.01, 0.19] / (mix @ [0.01, 0.19] + plan.pause_s) <= 0.5 + 1e-6


def test_without_a_known_cpu_time_the_pause_is_as_long_as_the_response() -> None:
    assert unloaded_plan(light((0.2,)), 1, 1.0, 50.0).pause_s == pytest.approx(0.2)
    assert unloaded_plan(light((9.0,)), 1, 1.0, 50.0).pause_s == 1.0


def test_a_route_without_a_response_is_requested_as_often_as_an_average_one() -> None:
    plan = unloaded_plan(light((0.1,), cpu_s=0.001), 2, 1.0, 10.0)
    assert plan.weights == (0.5, 0.5)
    assert plan.warm_up_s == 1.0
