from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.rules.policies.metrics.published_metric import PublishedMetric


def recorded(points: PublishedMetric, values: list[float]) -> PublishedMetric:
    for second, value in enumerate(values):
        points.record(second, value)
    return points


def test_a_point_is_the_mean_of_its_period() -> None:
    points = recorded(PublishedMetric(3, kept=5), [1, 2, 6, 4, 4, 4])
    assert points.published(6) == [3, 4]


def test_a_period_is_not_visible_before_it_has_closed() -> None:
    assert recorded(PublishedMetric(3), [1, 2]).newest(3) is None


def test_a_point_is_visible_late() -> None:
    points = recorded(PublishedMetric(2, late_s=5), [1, 1])
    assert points.newest(6.9) is None
    assert points.newest(7) == 1


def test_only_the_newest_points_are_kept_and_all_are_counted() -> None:
    points = recorded(PublishedMetric(1, kept=2), [1, 2, 3])
    assert points.published(3) == [2, 3]
    assert points.count == 3


def test_the_mean_is_weighted() -> None:
    points = PublishedMetric(2)
    points.record(0, 10, 1)
    points.record(1, 10, 4)
    assert points.newest(2) == 4


def test_a_period_without_weight_is_missing_data() -> None:
    points = PublishedMetric(2, kept=2)
    for second in range(4):
        points.record(second, 0, 1 if second < 2 else 0)
    assert points.published(4) == [0, None]


def test_an_early_end_of_a_period_counts_its_values() -> None:
    points = PublishedMetric(3)
    points.record(0, 6)
    points.record(4, 9)
    assert points.newest(4) == 6


@given(st.lists(st.floats(0, 100), min_size=1, max_size=60), st.integers(1, 10), st.integers(0, 20))
def test_every_whole_period_is_published_once(values: list[float], period: int, late: int) -> None:
    points = recorded(PublishedMetric(period, late, kept=100), values)
    closed = len(values) // period
    means = [sum(values[at * period : (at + 1) * period]) / period for at in range(closed)]
    assert points.published(len(values) + late) == pytest.approx(means)
    assert points.count == closed
