"""Tests of the chart of requests without load."""

from __future__ import annotations

import re

import numpy as np
import pytest

from simulator.calibration.model.calibrated_model import UnloadedTimes
from simulator.calibration.page.unloaded_chart import TIMES_MAX, unloaded_chart
from simulator.calibration.page.unloaded_times import RouteTimes

pytest.importorskip("matplotlib")


def times(route: str = "GET /a", factor: float = 1.1) -> RouteTimes:
    cpu_s, rest_s = np.linspace(0.01, 0.02, 50), np.linspace(0.05, 0.3, 50)
    return RouteTimes(
        UnloadedTimes(route=route, count=400, cpu_s=tuple(cpu_s), rest_s=tuple(rest_s)),
        UnloadedTimes(route=route, count=1000, cpu_s=tuple(factor * cpu_s), rest_s=tuple(factor * rest_s)),
    )


def test_each_route_is_named_and_the_same_times_give_the_same_bytes() -> None:
    svg = unloaded_chart([times("GET /a"), times("POST /b")])
    words = re.findall(r">([^<>]+)</text>", svg)
    assert {"GET /a", "POST /b", "measured", "modelled", "CPU time [ms]", "other time [ms]"} <= set(words)
    assert svg == unloaded_chart([times("GET /a"), times("POST /b")])


def test_at_most_a_page_of_routes_is_shown_and_without_times_there_is_no_chart() -> None:
    svg = unloaded_chart([times(f"GET /{place}") for place in range(TIMES_MAX + 1)])
    assert svg.count(">share of requests</text>") == TIMES_MAX
    assert unloaded_chart([]) == ""
