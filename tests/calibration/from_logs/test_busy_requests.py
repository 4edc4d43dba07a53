"""The densest requests of a log: which part it is, and how much differences of slices of time repeat each other."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.calibration.from_logs.busy_requests import BusyRequests, correlation_time
from simulator.calibration.from_logs.log_rows import LogRows
from simulator.model.sizes import InstanceSize


@pytest.mark.parametrize("memory", [0.0, 0.5, 0.8])
def test_the_correlation_time_is_that_of_an_autoregressive_series(memory: float) -> None:
    rng = np.random.Generator(np.random.PCG64(1))
    series = np.zeros(20_000)
    for place, step in enumerate(rng.normal(size=len(series) - 1), 1):
        series[place] = memory * series[place - 1] + step

    # the sum of the geometric autocorrelations; small ones are left out
    assert correlation_time(series) == pytest.approx((1 + memory) / (1 - memory), rel=0.15)


def test_a_series_without_variance_is_independent() -> None:
    assert correlation_time(np.ones(30)) == 1.0
    assert correlation_time(np.zeros(0)) == 1.0


def test_the_densest_part_is_chosen() -> None:
    start_s = np.concatenate([np.arange(8_000) * 1.0, 8_000 + np.arange(15_000) * 0.1, 9_500 + np.arange(2_000) * 2.0])
    count = len(start_s)
    zeros = np.zeros(count, dtype=np.int64)
    rows = LogRows(start_s, np.full(count, 0.05), zeros, zeros + 200, np.zeros(count), ("GET /",), 0.0, ())

    assert BusyRequests(rows, 1, InstanceSize(), None).rate_rps == pytest.approx(10, rel=0.01)
