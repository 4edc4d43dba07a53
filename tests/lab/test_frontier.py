"""The frontier: which checks exclude a point."""

from __future__ import annotations

import pytest

from simulator.lab.frontier import failures_of, frontier
from simulator.scenario.check_expression import parse_check


@pytest.mark.parametrize(
    "text",
    ["status_429 > 0", "web: status_5xx >= 1", "crowded: p95 > 3 s", "rejected_ratio > 14.2 %", "cold_start_ratio > 0"],
)
def test_a_check_for_a_higher_bad_figure_fails_no_point(text: str) -> None:
    assert parse_check(text).asks_for_worse
    assert failures_of(0.0, {text: 3}, 3) == ()


@pytest.mark.parametrize(
    "text", ["p95 < 1 s", "requests > 70000", "served_rps > 10/s", "status_2xx > 0", "status_429 == 0"]
)
def test_a_check_that_most_runs_fail_fails_the_point(text: str) -> None:
    assert failures_of(0.0, {text: 2}, 3) == (text,)
    assert failures_of(0.0, {text: 1}, 3) == ()


def test_an_error_rate_has_its_unit_and_three_digits() -> None:
    assert failures_of(0.1784, {}, 2) == ("error rate 17.8 %",)


def test_the_frontier_has_passing_points_only() -> None:
    assert frontier([(1.0, 9.0), (2.0, 5.0), (3.0, 6.0), (4.0, 1.0)], [False, True, True, True]) == [1, 3]
