"""Tests of requests that are sent one at a time in virtual time: their times are those of the application."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from simulator.calibration.observing.observed_service import ObservedService, RouteLoad
from simulator.calibration.observing.unloaded.plan import UnloadedPlan
from simulator.calibration.observing.unloaded.run import PlayedUnloaded, UnloadedRun
from simulator.model.sizes import InstanceSize

ROUTES = (RouteLoad("/"), RouteLoad("/b", weight=0.001))


def played(application: dict[str, Any], *, vcpu: float = 1.0, seconds: float = 30.0, **sections: Any) -> PlayedUnloaded:
    size = InstanceSize(int(1024 * vcpu), int(2048 * vcpu))
    service = ObservedService.of_application({"simulated": application, **sections}, size, ROUTES, target="test")
    return UnloadedRun(service, UnloadedPlan(seconds, 1.0, 0.04, (0.5, 0.5)), 3, None).play()


def test_each_request_has_the_cpu_time_and_the_io_of_its_route() -> None:
    made = played({"cpu": "5ms", "io": "20ms", "paths": {"/b": {"cpu": "12ms", "io": "3ms"}}})
    requests = made.requests
    assert requests.status.tolist() == [200] * len(requests)
    for route, cpu_s, io_s in ((0, 0.005, 0.02), (1, 0.012, 0.003)):
        chosen = requests.rows(requests.route == route)
        assert len(chosen) > 150
        assert np.allclose(chosen.cpu_s, cpu_s, atol=2e-6)
        assert np.allclose(chosen.latency_s, cpu_s + io_s, atol=2e-6)
    # a request, its latency and a pause of 40 ms on average follow each other for the 29 s after the warm-up
    assert len(requests) == pytest.approx(29.0 / (0.02 + 0.04), rel=0.05)
    assert made.idle_share == pytest.approx(0.0, abs=1e-6)
    assert (made.interrupted, made.crash) == (False, "")


def test_what_the_quota_stops_is_known_for_each_request() -> None:
    made = played({"cpu": "30ms", "io": "20ms", "cpu_quota": {}}, vcpu=0.25)
    requests = made.requests
    assert np.allclose(requests.cpu_s, 0.03, atol=2e-6)
    # A request uses 30 ms, and a period has 25 ms: it is stopped unless it has a part of each of two periods.
    assert (requests.throttled_s > 0).sum() > len(requests) / 2
    assert np.allclose(requests.latency_s - requests.cpu_s - requests.throttled_s, 0.02, atol=3e-6)


def test_without_a_quota_throttling_is_unknown() -> None:
    assert np.isnan(played({"cpu": "1ms"}, seconds=3.0).requests.throttled_s).all()


def test_random_times_have_the_mean_and_spread_of_their_distribution() -> None:
    requests = played({"cpu": {"gamma": {"mean": "8ms", "sd": "2ms"}}, "io": {"exponential": "20ms"}}).requests
    root = np.sqrt(len(requests))
    rest_s = requests.latency_s - requests.cpu_s
    assert requests.cpu_s.mean() == pytest.approx(0.008, abs=4 * 0.002 / root)
    assert requests.cpu_s.std() == pytest.approx(0.002, rel=4 / root)
    assert rest_s.mean() == pytest.approx(0.02, abs=4 * 0.02 / root)
    assert rest_s.std() == pytest.approx(0.02, rel=4 * np.sqrt(2) / root)
    assert abs(np.corrcoef(requests.cpu_s, rest_s)[0, 1]) < 4 / root


def test_background_work_is_taken_off_the_cpu_times() -> None:
    background = {"every": "100ms", "cpu": "5ms"}
    made = played({"cpu": "10ms", "background": {"ticks": background}}, vcpu=2.0)
    assert made.idle_share == pytest.approx(0.05, rel=0.15)
    assert made.requests.cpu_s.mean() == pytest.approx(0.010, rel=0.03)


def test_an_instance_that_ends_is_named_and_its_requests_have_no_response() -> None:
    made = played({"cpu": "5ms", "failures": {"crash_share": 0.01}, "start_up": "500ms"}, seconds=20.0)
    assert made.crash
    lost = made.requests.status >= 500
    assert lost.any()
    assert np.isnan(made.requests.cpu_s[lost]).all()
    assert np.allclose(made.requests.cpu_s[made.requests.status == 200], 0.005, atol=2e-6)


def test_the_same_seed_gives_the_same_requests() -> None:
    first, again = (played({"cpu": {"exponential": "5ms"}}, seconds=4.0).requests for _ in range(2))
    assert first.equals(again)
