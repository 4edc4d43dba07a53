"""Tests of the limits at which a level ends before its time."""

from __future__ import annotations

import math

import pytest

from simulator.calibration.observing.load_guard import LoadGuard
from simulator.replay.progress import ProgressView

GB = 1024.0**3
GUARD = LoadGuard(earliest_s=5.0, until_s=30.0, in_flight_max=200, memory_limit_bytes=GB)


def view(**given: float) -> ProgressView:
    calm = {"now_s": 10.0, "duration_s": 30.0, "offered_rps": 10.0, "served_rps": 10.0, "failed_rps": 0.0}
    counts = {"in_flight": 1, "waiting": 0, "active": 1, "provisioned": 1, "desired": 1, "p50_s": 0.1, "p99_s": 0.2}
    return ProgressView(**{**calm, **counts, **given})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "memory_bytes", "reason"),
    [
        ({}, math.nan, ""),
        ({}, 0.94 * GB, ""),
        ({}, 0.96 * GB, "memory: 96% of the limit is in use"),
        ({"now_s": 1.0}, 0.96 * GB, "memory: 96% of the limit is in use"),
        ({"in_flight": 189}, math.nan, ""),
        ({"in_flight": 190}, math.nan, "saturated: 190 requests in progress"),
        ({"in_flight": 190, "now_s": 4.0}, math.nan, ""),
        ({"in_flight": 190, "now_s": 29.0}, math.nan, "saturated: 190 requests in progress"),
        ({"in_flight": 190, "now_s": 30.0}, math.nan, ""),
        ({"served_rps": 4.0, "failed_rps": 6.0}, math.nan, "error storm: 60% of the responses are errors"),
        ({"served_rps": 6.0, "failed_rps": 4.0}, math.nan, ""),
        ({"served_rps": 0.0, "failed_rps": 2.0}, math.nan, ""),
    ],
)
def test_a_level_ends_for_a_reason(given: dict[str, float], memory_bytes: float, reason: str) -> None:
    assert GUARD.reason(view(**given), memory_bytes) == reason


def test_requests_in_progress_may_end_for_some_time_after_the_last_one() -> None:
    assert not GUARD.is_overdue(49.9, 30.0)
    assert GUARD.is_overdue(50.0, 30.0)
