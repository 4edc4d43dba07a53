"""Tests of the measured times of requests without load, as the model file has them."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.calibration.fitting.unloaded.measured_times import quantiles_of, unloaded_times
from simulator.world.random_streams import RandomStreams
from tests.calibration.observation.observations import observation, unloaded


def test_a_small_sample_is_its_own_quantiles() -> None:
    assert quantiles_of(np.array([0.3, 0.1, 0.2])) == (0.1, 0.2, 0.3)
    assert quantiles_of(np.zeros(0)) == ()


def test_quantiles_have_the_mean_and_the_shares_of_the_sample() -> None:
    values = RandomStreams(1).stream("times").exponential(0.02, 5000)
    found = np.array(quantiles_of(values))
    assert len(found) == 50
    assert (np.diff(found) > 0).all()
    assert found.mean() == pytest.approx(values.mean(), rel=0.02)
    # the k-th number has k - 1/2 of 50 parts of the sample below it
    below = [(values < each).mean() for each in found]
    assert below == pytest.approx((np.arange(50) + 0.5) / 50, abs=0.001)


def test_the_times_of_each_route_are_kept_by_name() -> None:
    cpu_s = np.tile([0.01, 0.02], 30)
    requests = unloaded(60, latency_s=cpu_s + 0.05, cpu_s=cpu_s)
    first, second = unloaded_times([observation(unloaded=requests)])
    assert (first.route, first.count) == ("GET /items/{id}", 30)
    assert (set(first.cpu_s), set(second.cpu_s)) == ({0.01}, {0.02})
    assert first.rest_s == pytest.approx([0.05] * 30)


def test_without_a_known_cpu_time_there_are_no_times_and_without_requests_no_routes() -> None:
    requests = unloaded(60, cpu_s=np.full(60, np.nan))
    assert [(each.count, each.cpu_s, each.rest_s) for each in unloaded_times([observation(unloaded=requests)])] == [
        (30, (), ()),
        (30, (), ()),
    ]
    assert list(unloaded_times([observation()])) == []
