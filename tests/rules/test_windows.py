from __future__ import annotations

import math
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.lab.validate.ground_truth import vectors
from simulator.rules.windows import LinearWindow, SlidingSum, WeightedWindow, WindowedMax, coefficient

VECTORS: Final[dict[str, Any]] = vectors("kpa_window_vectors.json")

# A write: seconds since the newest one (negative: late), and a whole value, so that sums are exact.
AHEAD: Final = st.one_of(st.just(1), st.integers(-8, 9))
WRITES: Final = st.lists(st.tuples(AHEAD, st.integers(0, 1000)), min_size=1, max_size=60)
LENGTHS: Final = st.integers(1, 7)


class Naive:
    """A Knative window by its definition, recomputed from a plain dictionary for each result."""

    def __init__(self, window_s: int) -> None:
        self.window_s = window_s
        self.values: dict[int, float] = {}
        self.first = self.last = 0

    def record(self, second: int, value: float) -> None:
        if not self.values:
            self.first = self.last = second
        if self.last - second >= self.window_s:
            return
        if second - self.last >= self.window_s:
            self.values = {}
            self.first = second
        self.first, self.last = min(self.first, second), max(self.last, second)
        self.values[second] = self.values.get(second, 0) + value

    def linear(self, now: int) -> float:
        silence = max(0, now - self.last)
        if silence >= self.window_s:
            return 0.0
        total = sum(v for s, v in self.values.items() if s > self.last + silence - self.window_s)
        seconds = min(self.last - self.first + 1, self.window_s - silence)
        return math.floor(total / seconds * 1e6) / 1e6

    def weighted(self, now: int) -> float:
        alpha = coefficient(self.window_s)
        end = max(now, self.last)
        kept = ((s, v) for s, v in self.values.items() if s > end - self.window_s)
        return sum(alpha * (1 - alpha) ** (end - s) * v for s, v in kept)


def test_linear_window_passes_every_check_of_the_tests_of_knative() -> None:
    window = LinearWindow(5)
    checks = 0
    for action, at_s, value in VECTORS["linear"]:
        if action == "record":
            window.record(at_s, value)
        else:
            assert window.average(at_s) == value, (at_s, value)
            checks += 1
    assert checks == 13


@pytest.mark.parametrize(("name", "want"), VECTORS["weighted_coefficient"].items())
def test_the_weighted_coefficient_is_that_of_knative(name: str, want: float) -> None:
    assert coefficient(int(name.removesuffix(" buckets"))) == pytest.approx(want, abs=5e-6)


@given(LENGTHS, WRITES, st.integers(-1, 9))
def test_linear_window_equals_a_naive_recomputation(window_s: int, writes: list[tuple[int, int]], later: int) -> None:
    window, naive = LinearWindow(window_s), Naive(window_s)
    for ahead, value in writes:
        second = 1000 if not naive.values else naive.last + ahead
        window.record(second + 0.5, value)
        naive.record(second, value)
        assert window.average(naive.last) == naive.linear(naive.last)
    assert window.average(naive.last + later) == naive.linear(naive.last + later)


@given(LENGTHS, WRITES, st.integers(-1, 9))
def test_weighted_window_equals_a_naive_recomputation(window_s: int, writes: list[tuple[int, int]], later: int) -> None:
    window, naive = WeightedWindow(window_s), Naive(window_s)
    for ahead, value in writes:
        second = 1000 if not naive.values else naive.last + ahead
        window.record(second, value)
        naive.record(second, value)
        # Values reach 1000 and lose at most a few bits each; differences below 1e-9 are rounding errors.
        assert window.average(naive.last) == pytest.approx(naive.weighted(naive.last), rel=1e-9, abs=1e-9)
    want = naive.weighted(naive.last + later)
    assert window.average(naive.last + later) == pytest.approx(want, rel=1e-9, abs=1e-9)


def test_a_window_of_zeros_makes_a_weighted_average_exactly_zero() -> None:
    window = WeightedWindow(60)
    for second in range(200):
        window.record(second, 0.1 * second)
    for second in range(200, 260):
        window.record(second, 0)
    assert window.average(259) == 0  # a result above zero would keep an instance, because it is rounded up


def test_a_value_lost_to_rounding_is_restored_within_a_window() -> None:
    window = SlidingSum(60)
    window.record(0, 1e17)  # a running sum that contains it cannot represent 0.1
    for second in range(1, 180):
        window.record(second, 0.1)
    # The large value left at 60; the sum was recomputed by 120, and 0.1 has since been removed and added sixty times.
    assert window.total == pytest.approx(6.0, rel=1e-12)


def test_an_empty_window_is_empty_and_averages_zero() -> None:
    window = LinearWindow(5)
    assert window.is_empty(0)
    assert window.average(0) == 0


@pytest.mark.parametrize(("silence_s", "empty"), [(5, False), (6, True)])
def test_a_write_one_window_ago_still_counts_as_data(silence_s: int, *, empty: bool) -> None:
    window = LinearWindow(5)
    window.record(10, 1)
    assert window.is_empty(10 + silence_s) is empty


def test_the_scale_down_delay_window_passes_the_test_of_knative() -> None:
    vector = VECTORS["scale_down_delay_5min"]
    delay = WindowedMax(300)
    for at_s, stable, want in vector["steps_t_s_stable_want"]:
        assert delay.record(at_s, math.ceil(stable / vector["target"])) == want, at_s


@given(
    st.integers(1, 12),
    st.lists(st.tuples(st.floats(0, 5), st.integers(0, 9)), min_size=1, max_size=60),
)
def test_windowed_max_equals_a_naive_recomputation(window_s: int, steps: list[tuple[float, int]]) -> None:
    window, seen, now_s = WindowedMax(window_s, 2.0), list[tuple[int, int]](), 0.0
    for ahead_s, value in steps:
        now_s += ahead_s
        bucket = int(now_s // 2)
        seen.append((bucket, value))
        assert window.record(now_s, value) == max(v for b, v in seen if bucket - b < math.ceil(window_s / 2))


def test_windowed_max_keeps_no_more_than_its_buckets() -> None:
    window = WindowedMax(20, 2.0)
    for second in range(1000):
        window.record(second, 1000 - second)  # decreasing values: none replaces another
    assert len(window._falling) == 10


def test_a_cleared_maximum_is_empty() -> None:
    window = WindowedMax(60)
    window.record(0, 9)
    window.clear()
    assert window.record(1, 2) == 2


@given(LENGTHS, st.lists(st.tuples(st.integers(1, 9), st.integers(0, 1000)), max_size=60))
def test_sliding_mean_counts_a_missing_past_as_zero(window_s: int, writes: list[tuple[int, int]]) -> None:
    window, seen, second = SlidingSum(window_s), dict[int, int](), 0
    for ahead, value in writes:
        second += ahead
        window.record(second, value)
        seen[second] = value
    assert window.total == sum(v for s, v in seen.items() if s > second - window_s)
    assert window.mean == window.total / window_s
