"""The parts of a request's time, as in the `server-timing` field of a response."""

from __future__ import annotations

import pytest

from simulator.traffic.live.timing import NO_TIMING, Timing, parse_timing


@pytest.mark.parametrize(
    ("value", "timing"),
    [
        (b'queue;dur=1.5, cold;dur=0, service;dur=80.25, instance;desc="3"', Timing(0.0015, 0.0, 0.08025, 3)),
        (b"instance;desc=12,queue;dur=7", Timing(0.007, 0.0, 0.0, 12)),
        (b'waf;desc="common/no-admin"', Timing(0.0, 0.0, 0.0, 0, "common/no-admin")),
        (b"cold;dur=1000.000", Timing(0.0, 1.0, 0.0, 0)),
        (b"db;dur=53, total;dur=1", NO_TIMING),
        (b"", NO_TIMING),
    ],
)
def test_server_timing_is_parsed_in_milliseconds_and_missing_parts_are_0(value: bytes, timing: Timing) -> None:
    assert parse_timing(value) == pytest.approx(timing)
