"""CPU time of a request by regression: minutes that are made from a known one."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.calibration.from_metrics.cpu_demand import NotEnough, cpu_demand, instances_of, steady
from simulator.lab.minutes.service_minutes import ServiceMinutes

DEMAND_S, IDLE = 0.02, 0.013


def made(seed: int = 1, length: int = 300, spread: float = 1.0) -> ServiceMinutes:
    """Minutes in which the CPU times of single requests are exponential."""
    rng = np.random.Generator(np.random.PCG64(seed))
    shape = 1 + spread * np.sin(np.linspace(0, 7, length))
    requests = rng.poisson(1500 * np.maximum(shape, 0.01)).astype(float)
    active = np.where(requests > 1500, 2.0, 1.0)
    cpu_s = rng.gamma(np.maximum(requests, 1e-9), DEMAND_S)
    cpu = cpu_s / (active * 60) + IDLE + rng.normal(0, 0.001, length)
    return ServiceMinutes.of(0.0, length, requests=requests, active=active, cpu=cpu)


def test_the_demand_and_the_idle_share_are_those_of_the_minutes() -> None:
    minutes = made()

    found = cpu_demand(minutes, instances_of(minutes, 1, 5), vcpu=1.0)

    assert found.mean_s == pytest.approx(DEMAND_S, rel=0.01)
    assert found.idle_share == pytest.approx(IDLE, abs=0.001)
    assert found.low_s < DEMAND_S < found.high_s


def test_half_a_vcpu_halves_the_cpu_seconds_of_the_same_utilization() -> None:
    minutes = made()
    instances = instances_of(minutes, 1, 5)

    whole, half = (cpu_demand(minutes, instances, vcpu).mean_s for vcpu in (1.0, 0.5))

    assert half == pytest.approx(whole / 2)


def test_intervals_cover_the_demand_in_95_of_100_recordings() -> None:
    found = []
    for seed in range(200):
        minutes = made(seed)
        demand = cpu_demand(minutes, instances_of(minutes, 1, 5), vcpu=1.0)
        found.append(demand.low_s <= DEMAND_S <= demand.high_s)

    assert np.mean(found) == pytest.approx(0.95, abs=0.04)  # a standard deviation is 1.5 %


def test_minutes_in_which_instances_are_added_are_left_out() -> None:
    active = np.array([1, 1, 1, 1.4, 2, 2, 2, np.nan, 2, 2])

    expected = [True, True, False, False, False, True, False, False, False, True]
    assert steady(active).tolist() == expected


@pytest.mark.parametrize(
    ("minutes", "sizes", "message"),
    [
        (made(length=12), (1, 5), "a steady number of instances, 20 are needed"),
        (made(spread=0.0), (1, 5), "the requests of a minute vary from"),
        (ServiceMinutes.of(0.0, 50, requests=np.ones(50), cpu=np.ones(50)), (1, 5), "ActiveInstances is missing"),
    ],
    ids=["short", "constant", "without instances"],
)
def test_metrics_that_do_not_tell_are_rejected(minutes: ServiceMinutes, sizes: tuple[int, int], message: str) -> None:
    with pytest.raises(NotEnough, match=message):
        cpu_demand(minutes, instances_of(minutes, *sizes), vcpu=1.0)


def test_a_fixed_number_of_instances_needs_no_metric() -> None:
    minutes = made()
    minutes.active[:] = np.nan

    assert instances_of(minutes, 3, 3).tolist() == [3.0] * len(minutes)
