"""Requests in progress at an arrival, compared with a count one by one, and their effect on durations."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.calibration.from_logs.concurrency import in_progress, light_limit, slowdowns


def test_requests_in_progress_are_counted_one_by_one() -> None:
    rng = np.random.Generator(np.random.PCG64(3))
    start_s, duration_s = np.sort(rng.uniform(0, 100, 500)), rng.exponential(2.0, 500)

    found = in_progress(start_s, duration_s)

    expected = [
        sum(start_s[other] + duration_s[other] > start_s[number] for other in range(number)) for number in range(500)
    ]
    assert found.tolist() == expected


def test_requests_without_a_duration_are_never_in_progress() -> None:
    """Durations of short requests are 0 in logs with milliseconds, and several may have one time."""
    start_s = np.array([0.0, 0.0, 0.0, 1.0, 1.0, 2.0])
    duration_s = np.array([0.0, 1.5, 0.0, 0.0, 1.0, 0.0])

    assert in_progress(start_s, duration_s).tolist() == [0, 0, 1, 1, 1, 0]


def test_the_light_limit_leaves_enough_requests_of_the_busiest_route() -> None:
    present = np.repeat([0, 1, 2, 3], [200, 90, 50, 660])
    route = np.zeros(1_000, dtype=np.int64)

    assert light_limit(present, route) == 2


def test_the_slowdown_is_relative_to_the_same_route_at_light_load() -> None:
    route = np.tile([0, 1], 2_000)
    present = np.repeat([0, 1, 10, 11], 1_000)
    alone_s = np.where(route == 0, 0.1, 1.0)
    duration_s = alone_s * np.where(present >= 10, 1.5, 1.0)

    bins = slowdowns(present, duration_s, route, light=0)

    assert sum(each.requests for each in bins) == 4_000
    assert [each.slowdown for each in bins if each.high < 10] == pytest.approx([1.0, 1.0])
    assert [each.slowdown for each in bins if each.low > 1] == pytest.approx([1.5])
