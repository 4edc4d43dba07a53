from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.rules.policies.metrics.forecast import HoltWinters, straight_line


def test_the_line_through_two_points_is_extrapolated() -> None:
    assert straight_line([0, 10], [1, 3], 25) == pytest.approx(6)


def test_the_line_is_that_of_least_squares() -> None:
    assert straight_line([0, 1, 2], [0, 0, 3], 1) == pytest.approx(1)
    assert straight_line([0, 1, 2], [0, 0, 3], 4) == pytest.approx(5.5)


def test_one_point_is_its_own_forecast() -> None:
    assert straight_line([7], [3], 100) == 3


@given(st.floats(-50, 50), st.floats(-5, 5), st.integers(2, 20), st.floats(0, 100))
def test_points_on_a_line_are_continued_exactly(level: float, slope: float, count: int, at_s: float) -> None:
    times = list(range(count))
    values = [level + slope * time for time in times]
    assert straight_line(times, values, at_s) == pytest.approx(level + slope * at_s, abs=1e-6)


def season(bin_number: int) -> float:
    return 10 + 5 * math.sin(2 * math.pi * bin_number / 24)


def test_nothing_is_forecast_before_a_whole_season_has_been_seen() -> None:
    model = HoltWinters(24, 0.2, 0.01, 0.2)
    for bin_number in range(23):
        model.learn(season(bin_number))
    assert not model.ready
    model.learn(season(23))
    assert model.ready


def test_a_pure_season_is_forecast_exactly() -> None:
    model = HoltWinters(24, 0.2, 0.01, 0.2)
    for bin_number in range(48):
        model.learn(season(bin_number))
    assert [model.ahead(bins) for bins in (1, 6, 24)] == pytest.approx([season(48), season(53), season(71)])


def test_the_level_follows_a_step_at_the_rate_of_the_gain() -> None:
    model = HoltWinters(1, 0.5, 0.0, 0.0)
    for value in (0, 8, 8, 8):
        model.learn(value)
    assert model.ahead(1) == pytest.approx(7)  # 8 (1 - 0.5^3)


def test_a_trend_is_extrapolated() -> None:
    model = HoltWinters(1, 1.0, 1.0, 0.0)
    for value in (1, 2, 3):
        model.learn(value)
    assert model.ahead(2) == pytest.approx(5)


def test_no_forecast_is_negative() -> None:
    model = HoltWinters(1, 1.0, 1.0, 0.0)
    for value in (9, 5, 1):
        model.learn(value)
    assert model.ahead(1) == 0
