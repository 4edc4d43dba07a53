"""Tests of the result of an observation as lines for a terminal."""

from __future__ import annotations

import numpy as np

from simulator.cli.calibration.observe_tables import observation_lines
from tests.calibration.observation.observations import observation, unloaded


def alone(**columns: object) -> list[str]:
    lines = observation_lines(observation(unloaded=unloaded(4, **columns)))
    return [line for line in lines if line.startswith("alone")]


def test_each_route_has_a_line_of_its_requests_alone() -> None:
    first, second = alone(latency_s=[0.1, 0.2, 0.1, 0.4], cpu_s=[0.01, 0.05, 0.03, 0.05])
    assert first == "alone    GET /items/{id}: 2 requests, p50 100 ms, CPU 20.0 ms +- 10.0 ms"
    assert second == "alone    POST /orders: 2 requests, p50 300 ms, CPU 50.0 ms +- 0 ms"


def test_requests_without_a_response_or_with_an_unknown_cpu_time_are_left_out() -> None:
    assert alone(status=[200, 500, 200, 0], cpu_s=np.full(4, np.nan)) == [
        "alone    GET /items/{id}: 2 requests, p50 100 ms"
    ]


def test_an_observation_without_them_has_no_such_line() -> None:
    assert not any(line.startswith("alone") for line in observation_lines(observation()))
