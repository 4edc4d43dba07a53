"""The defaults that rows of the checklist limit."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from simulator.fleet.pool.settings import PoolSettings
from simulator.model.data_plane import DataPlaneLimits

KIB = 1024


class Range(NamedTuple):
    name: str
    least: float
    most: float


RANGES = [
    pytest.param(Range("request_line_bytes_max", 8000, 16 * KIB), marks=pytest.mark.row(15)),
    pytest.param(Range("head_bytes_max", 32 * KIB, 64 * KIB), marks=pytest.mark.row(28)),
    pytest.param(Range("head_fields_max", 100, 1000), marks=pytest.mark.row(29)),
    pytest.param(Range("answer_head_bytes_max", 60 * KIB, 64 * KIB), marks=pytest.mark.row(30)),
    pytest.param(Range("chunk_overhead_bytes_max", 1 * KIB, 16 * KIB), marks=pytest.mark.row(46)),
    pytest.param(Range("trailer_bytes_max", 1 * KIB, 64 * KIB), marks=pytest.mark.row(47)),
    pytest.param(Range("read_ahead_bytes", 1 * KIB, 1024 * KIB), marks=pytest.mark.row(79, 88)),
    pytest.param(Range("write_buffer_bytes", 1 * KIB, 1024 * KIB), marks=pytest.mark.row(87)),
    pytest.param(Range("linger_s_max", 1, 60), marks=pytest.mark.row(80, 120)),
    pytest.param(Range("answer_fields_max", 100, 100), marks=[pytest.mark.row(29), pytest.mark.case("B12")]),
    pytest.param(Range("continue_s", 0.001, 0.1), marks=[pytest.mark.row(126), pytest.mark.case("B7")]),
    pytest.param(Range("upstream_idle_max", 1, 200), marks=pytest.mark.row(85)),
    pytest.param(Range("head_s", 10, 30), marks=pytest.mark.row(99)),
    pytest.param(Range("idle_s", 50, 75), marks=pytest.mark.row(100, 101)),
    # gunicorn closes after 2 s, Node and uvicorn after 5 s; the balancer must close before the application does.
    pytest.param(Range("upstream_idle_s", 0.1, 1.9), marks=pytest.mark.row(101)),
    pytest.param(Range("body_idle_s", 10, 119), marks=pytest.mark.row(102)),
    pytest.param(Range("request_s", 120, 120), marks=pytest.mark.row(103)),
    pytest.param(Range("connect_s", 1, 10), marks=pytest.mark.row(104)),
    pytest.param(Range("write_stall_s", 10, 119), marks=pytest.mark.row(105)),
    pytest.param(Range("handshake_s", 10, 60), marks=pytest.mark.row(106)),
    pytest.param(Range("attempts_max", 1, 3), marks=pytest.mark.row(110)),
    pytest.param(Range("drain_s", 120, 120), marks=pytest.mark.row(113)),
]


@pytest.mark.parametrize("allowed", RANGES, ids=lambda allowed: allowed.name)
def test_each_default_is_within_the_limits_of_its_row(allowed: Range) -> None:
    assert allowed.least <= getattr(DataPlaneLimits(), allowed.name) <= allowed.most


@pytest.mark.row(103, 112)
def test_a_request_may_take_120_seconds_and_so_may_draining() -> None:
    settings = PoolSettings("web")
    assert (settings.request_timeout_s, settings.drain_timeout_s) == (120.0, 120.0)
