"""Differences with intervals, compared with numpy and scipy, and how often they contain the truth."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from simulator.lab.answer.alternatives import ERROR_RATE, MONTH_COST, P95, Alternative
from simulator.lab.answer.differences import confidence_of_each, difference, is_equal_in_every_run, judged
from simulator.lab.statistics import Estimate
from tests.lab.answer.made import made, traffic


def test_a_relative_difference_is_the_ratio_of_the_means_with_the_interval_of_its_linearisation() -> None:
    shared = traffic("ratio")
    ours, theirs = made("ours", shared, 88.0), made("theirs", shared, 100.0)
    confidence = confidence_of_each(12)
    found = difference(ours, theirs, MONTH_COST, confidence)
    a, b = (np.asarray(each.columns["month_usd"]) for each in (ours, theirs))
    ratio = a.mean() / b.mean()
    residuals = (a - ratio * b) / b.mean()
    skewness = stats.skew(residuals)
    t = stats.t.ppf(1 - 0.05 / 12 / 2, len(a) - 1)
    error = residuals.std(ddof=1) / math.sqrt(len(a))
    lean = skewness / math.sqrt(len(a))
    transformed = [3 / lean * (np.cbrt(1 + lean * (sign * t - lean / 6)) - 1) for sign in (1, -1)]  # Hall, 1992
    assert found is not None
    assert found.mean == pytest.approx(ratio - 1)
    assert found.low == pytest.approx(ratio - 1 - error * transformed[0], rel=1e-6)
    assert found.high == pytest.approx(ratio - 1 - error * transformed[1], rel=1e-6)


def test_runs_with_the_same_traffic_give_a_narrower_interval_than_independent_ones() -> None:
    ours = made("ours", traffic("shared"), 88.0)
    same, other = (made("theirs", traffic(name), 100.0) for name in ("shared", "other"))
    paired, unpaired = (difference(ours, theirs, MONTH_COST, 0.95) for theirs in (same, other))
    assert paired is not None
    assert unpaired is not None
    assert paired.half_width is not None
    assert unpaired.half_width is not None
    assert paired.half_width * 5 < unpaired.half_width


def test_a_share_of_requests_differs_in_points_run_by_run() -> None:
    shared = traffic("points")
    ours, theirs = made("ours", shared, 1.0, error_rate=0.02), made("theirs", shared, 1.0, error_rate=0.01)
    found = difference(ours, theirs, ERROR_RATE, 0.95)
    a, b = (np.asarray(each.columns["error_rate"]) for each in (ours, theirs))
    assert found is not None
    assert found.mean == pytest.approx((a - b).mean())


def test_a_figure_that_is_zero_or_unknown_has_no_relative_difference() -> None:
    zero, one = Alternative("zero", {"month_usd": [0.0] * 5}), Alternative("one", {"month_usd": [1.0] * 5})
    unknown = Alternative("unknown", {"month_usd": [None] * 5})
    assert difference(one, zero, MONTH_COST, 0.95) is None
    assert difference(one, unknown, MONTH_COST, 0.95) is None
    assert difference(one, one, P95, 0.95) is None


def test_all_intervals_of_an_answer_contain_the_truth_in_95_of_100_answers() -> None:
    """Three candidates against a baseline, 400 answers: without the correction one in eight answers would be wrong."""
    answers, truths = 400, (0.88, 1.0, 1.2)
    whole = dict.fromkeys((1, len(truths)), 0)
    for number in range(answers):
        shared = traffic(f"coverage {number}")
        base = made("base", shared, 100.0, noise=0.05, draw=str(number))
        for count in whole:
            intervals = [
                difference(
                    made(f"with {truth}", shared, 100 * truth, noise=0.05, draw=str(number)),
                    base,
                    MONTH_COST,
                    confidence_of_each(count),
                )
                for truth in truths
            ]
            whole[count] += all(
                found is not None
                and found.low is not None
                and found.high is not None
                and found.low <= truth - 1 <= found.high
                for found, truth in zip(intervals, truths, strict=True)
            )
    # Four standard deviations of a share of 400 answers below 95 %; without the correction the expectation is 88 %.
    assert whole[len(truths)] / answers > 0.95 - 4 * math.sqrt(0.05 * 0.95 / answers)
    assert whole[1] < whole[len(truths)]


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (-0.16, -0.08, "less"),
        (0.02, 0.3, "more"),
        (-0.02, 0.03, "not significant"),
        (-0.009, 0.008, "same"),
        (0.001, 0.009, "same"),  # significant, but too small to matter
        (None, None, "no interval"),
    ],
)
def test_an_interval_is_judged_by_zero_and_by_what_matters(
    low: float | None, high: float | None, expected: str
) -> None:
    mean = 0.0 if low is None or high is None else (low + high) / 2
    assert judged(Estimate(mean, low, high, 20), MONTH_COST) == expected


def test_a_figure_that_is_equal_in_every_run_is_the_same_whatever_its_interval() -> None:
    ours, theirs = (Alternative(name, {"error_rate": [0.0, 0.0, 0.0]}) for name in ("ours", "theirs"))
    assert is_equal_in_every_run(ours, theirs, ERROR_RATE)
    assert judged(Estimate(0.0, -0.01, 0.01, 3), ERROR_RATE, is_equal=True) == "same"
