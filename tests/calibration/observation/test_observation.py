"""Tests of the value of an observation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from simulator.calibration.observation.observation import LoadStage, ObservedRoute, StartTimes
from tests.calibration.observation.observations import observation, requests, unloaded


def test_requests_of_the_warm_up_are_left_out() -> None:
    stage = LoadStage(1, 1.0, 4.0, 2.0, requests(4))
    assert stage.settled.sent_s.tolist() == [2.5, 3.5]
    assert stage.settled_s == 2.0


@pytest.mark.parametrize(("late", "is_late"), [(0, False), (4, False), (5, True), (100, True)])
def test_a_stage_is_marked_if_one_request_in_twenty_was_sent_late(late: int, is_late: bool) -> None:
    late_s = np.where(np.arange(100) < late, 0.011, 0.009)
    made = observation(loads=(LoadStage(4, 1.0, 100.0, 0.0, requests(100, late_s=late_s)),))
    assert made.loads[0].is_client_late is is_late
    assert made.late_stages == ((4,) if is_late else ())


@pytest.mark.parametrize(("late", "is_late"), [(2, False), (3, True)])
def test_two_late_requests_of_few_are_chance(late: int, is_late: bool) -> None:
    stage = LoadStage(1, 1.0, 12.0, 0.0, requests(12, late_s=np.where(np.arange(12) < late, 1.0, 0.0)))
    assert stage.is_client_late is is_late


def test_lateness_in_the_warm_up_is_no_matter() -> None:
    stage = LoadStage(1, 1.0, 8.0, 4.0, requests(8, late_s=[1.0] * 4 + [0.0] * 4))
    assert not stage.is_client_late


def test_a_delay_that_is_small_beside_the_latency_is_no_matter() -> None:
    def stage(latency_s: float, status: int = 200) -> LoadStage:
        late_s = np.full(100, 0.030)
        rows = requests(100, latency_s=np.full(100, latency_s) + late_s, late_s=late_s, status=np.full(100, status))
        return LoadStage(1, 1.0, 100.0, 0.0, rows)

    assert stage(0.25).is_client_late
    assert not stage(0.35).is_client_late  # 30 ms are less than a tenth
    assert stage(0.35, status=429).is_client_late  # without a response there is no latency


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"routes": (ObservedRoute("GET /"), ObservedRoute("GET /"))}, "routes = GET / twice, must be a route once"),
        ({"routes": (ObservedRoute("GET /"),)}, "route = 1 in stage 1, must be below 1, the routes"),
        ({"unloaded": unloaded(3, route=[0, 1, 2])}, "route = 2 in the unloaded requests, must be below 2, the routes"),
        ({"loads": observation().loads[::-1]}, "loads = the stages 3, 1, must be in increasing order"),
        ({"wakes": (0.1, -1.0)}, "wakes = -1, must be a number of seconds, at least 0"),
    ],
)
def test_parts_that_do_not_fit_together_are_named(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        observation(**changes)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"duration_s": 0.0}, "duration_s = 0, must be a number of seconds above 0"),
        ({"warm_up_s": 4.0}, "warm_up_s = 4, must be at least 0 and below duration_s = 4"),
        ({"rate_rps": np.inf}, "rate_rps = inf, must be a finite number"),
        ({"cpu_s": -1.0}, "cpu_s = -1, must be a finite number"),
    ],
)
def test_a_stage_with_wrong_times_is_an_error(given: dict[str, float], message: str) -> None:
    times: dict[str, Any] = {"rate_rps": 1.0, "duration_s": 4.0, "warm_up_s": 0.0, **given}
    with pytest.raises(ValueError, match=message):
        LoadStage(number=1, requests=requests(), **times)


def test_a_start_has_a_total() -> None:
    with pytest.raises(ValueError, match="total_s = nan, must be a number of seconds"):
        StartTimes(np.nan)
    with pytest.raises(ValueError, match="launch_s = -1"):
        StartTimes(1.0, launch_s=-1.0)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"name": ""}, "name = '', must be a method and a path"),
        ({"name": "GET /", "weight": -1.0}, "weight = -1, must be a finite number"),
        ({"name": "GET /", "body_bytes": -1}, "body_bytes = -1, must be at least 0"),
    ],
)
def test_a_wrong_route_is_an_error(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ObservedRoute(**given)


def test_the_method_of_a_route_is_in_its_name() -> None:
    assert ObservedRoute("POST /orders").method == "POST"
