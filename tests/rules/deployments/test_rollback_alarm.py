from __future__ import annotations

from typing import Any

import pytest

from simulator.rules.deployments.rollback_alarm import AlarmPeriods, RollbackAlarm


def raised_after(*periods: tuple[int, int], **changes: Any) -> int | None:
    """Return the number of the period, from 1, that raises the alarm."""
    state = AlarmPeriods(RollbackAlarm(**changes))
    return next((number for number, period in enumerate(periods, 1) if state.closed(*period)), None)


def test_two_points_within_three_minutes_raise_it() -> None:
    assert raised_after((2, 100), (2, 100)) == 2
    assert raised_after((2, 100), (0, 100), (2, 100)) == 3
    assert raised_after((2, 100), (0, 100), (0, 100), (2, 100)) is None


def test_exactly_one_per_cent_is_not_above_it() -> None:
    assert raised_after((1, 100), (1, 100), (1, 100)) is None


def test_a_period_without_requests_is_not_failed() -> None:
    assert raised_after((0, 0), (0, 0), (0, 0)) is None
    assert raised_after((1, 1), (0, 0), (1, 1)) == 3


def test_the_numbers_are_settings() -> None:
    assert raised_after((2, 100), share=0.0, points=1, periods=1) == 1


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"share": 1.0}, "share = 1, must be 0 or more and below 1"),
        ({"points": 4}, "points = 4, must be 1 to periods = 3"),
        ({"period_s": 0.0}, "period = 0 s, must be more than 0 s"),
        ({"late_s": -1.0}, "late = -1 s, must be at least 0 s"),
        ({"scope": "all"}, "scope = 'all', must be one of new-revision, service"),
    ],
)
def test_bad_numbers_are_named(changes: dict[str, Any], expected: str) -> None:
    with pytest.raises(ValueError, match="must be") as caught:
        RollbackAlarm(**changes)
    assert str(caught.value) == expected
