"""A scenario as columns: requests and replicas of a run whose figures are known."""

from __future__ import annotations

import math

import pytest

from simulator.lab.validate.measured.played import PlayedScenario

TEXT = """
duration: 60s
services:
  web:
    min_size: 2
    max_size: 2
    policy: fixed
    application: {simulated: {io: 100ms}}
traffic:
  - clock: {rate: 5/s}
"""


def test_the_first_increase_of_the_replicas_is_the_first_launch_after_a_time() -> None:
    text = (
        TEXT.replace("max_size: 2", "max_size: 4")
        + "timeline: [{at: 20s, update_auto_scaling: {service: web, min_size: 3, max_size: 4}}]"
    )
    played = PlayedScenario(text)
    launched_s = played.first_launch_s(10)
    assert 20 <= launched_s <= played.first_ready_s(10) < 30
    assert played.first_launch_s(launched_s) == math.inf
    assert played.mean_replicas(40, 50) == 3


def test_requests_and_replicas_are_those_of_the_run() -> None:
    played = PlayedScenario(TEXT)
    assert len(played.intended_s) == 300
    assert played.rate_rps(10, 30) == pytest.approx(5)
    assert played.mean_latency_s(10, 30) == pytest.approx(0.1)
    assert set(played.status) == {200}
    assert played.mean_replicas(10, 30) == 2
    assert played.noted_replicas(0, 50, 25) == [2, 2, 2]
