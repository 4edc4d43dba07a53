from __future__ import annotations

import pytest

from simulator.records.rolling import Rolling
from tests.records.rows import Row, tell


def test_rates_are_over_the_window_before_now() -> None:
    rolling = Rolling(window_s=5)
    tell(rolling.read, *(Row(intended_s=10 + number / 10, latency_s=0.05) for number in range(50)))
    recent = rolling.recent(15.0)
    assert (recent.served_rps, recent.failed_rps) == (10.0, 0.0)


def test_requests_that_ended_before_the_window_are_dropped() -> None:
    rolling = Rolling(window_s=5)
    tell(rolling.read, Row(intended_s=1.0), Row(intended_s=100.0))
    assert rolling.recent(101.0).served_rps == pytest.approx(1 / 5)


def test_the_rate_of_a_stopped_stream_falls_to_zero() -> None:
    rolling = Rolling(window_s=5)
    tell(rolling.read, Row(intended_s=1.0))
    recent = rolling.recent(50.0)
    assert (recent.served_rps, recent.p50_s) == (0.0, None)


def test_failures_are_counted_separately_and_excluded_from_latency() -> None:
    rolling = Rolling(window_s=1)
    tell(rolling.read, Row(intended_s=3.0, latency_s=0.2), Row(intended_s=3.0, latency_s=0.9, status=503))
    recent = rolling.recent(4.0)
    assert (recent.served_rps, recent.failed_rps, recent.p99_s) == (1.0, 1.0, 0.2)


def test_at_the_start_the_window_is_as_long_as_the_run() -> None:
    rolling = Rolling(window_s=5)
    tell(rolling.read, Row(intended_s=0.0), Row(intended_s=1.0))
    assert rolling.recent(2.0).served_rps == 1.0


def test_memory_is_bounded_by_the_window() -> None:
    rolling = Rolling(window_s=2)
    for second in range(100):
        tell(rolling.read, Row(intended_s=float(second)))
    assert len(rolling._ring) == 3
