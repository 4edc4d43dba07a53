"""Scenarios with an Application Load Balancer: figures recomputed from the settings, and what the file rejects."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.lab.compare.candidates import on_platform
from simulator.lab.compiled.compiled_backend import why_not
from simulator.lab.validate.measured.played import PlayedScenario
from simulator.rules.platforms.presets import platform_named
from simulator.scenario.problems import ScenarioError
from simulator.scenario.scenario import read_scenario

FULL = """
duration: 300s
services:
  web:
    min_size: 1
    max_size: 1
    max_concurrency: 1
    load_balancer: LOAD_BALANCER
    policy: fixed
    application: {simulated: {cpu: 1s, workers: 1}}
traffic:
  - at_once: {requests: 100, at: 10s}
"""


def played(load_balancer: str) -> PlayedScenario:
    return PlayedScenario(FULL.replace("LOAD_BALANCER", load_balancer))


@pytest.mark.parametrize(
    ("load_balancer", "served"), [("application", 60), ("{kind: application, idle_timeout: 25s}", 25)]
)
def test_requests_wait_inside_the_target_for_the_idle_time_out(load_balancer: str, served: int) -> None:
    """One request a second: that many are served, and the others get 504 at the time-out, whatever MaxConcurrency."""
    run = played(load_balancer)
    ok = run.status == 200
    assert served - 1 <= ok.sum() <= served
    assert set(run.status[~ok]) == {504}
    assert run.latency_s[~ok] == pytest.approx(np.full((~ok).sum(), served))


def test_a_killed_target_answers_502_and_no_target_503() -> None:
    text = FULL.replace("LOAD_BALANCER", "application") + "timeline:\n  - {at: 20s, kill_instance: {}}\n"
    text = text.replace("at_once: {requests: 100, at: 10s}", "at_once: {requests: 30, at: 10s}\n  - clock: {rate: 1/s}")
    run = PlayedScenario(text.replace("policy: fixed", "policy: {name: fixed, start_lag: 30s}"))
    before = run.within(10, 20)
    assert set(run.status[before]) == {200, 502}
    assert set(run.status[run.within(21, 50)]) == {503}


def test_the_compiled_backend_rejects_a_load_balancer() -> None:
    text = FULL.replace("LOAD_BALANCER", "application")
    assert "an Application Load Balancer is in front" in why_not(read_scenario(text))
    assert why_not(read_scenario(text.replace("    load_balancer: application\n", ""))) == ""


def test_a_platform_without_a_load_balancer_removes_that_of_the_scenario_and_ecs_adds_its_own() -> None:
    scenario = read_scenario(FULL.replace("LOAD_BALANCER", "application"))
    assert on_platform(scenario, platform_named("lambda")).services["web"].load_balancer is None
    express = on_platform(scenario, platform_named("ecs-express")).services["web"].load_balancer
    fargate = on_platform(scenario, platform_named("ecs-fargate")).services["web"].load_balancer
    assert express is not None
    assert fargate is not None
    assert (express.grace_period_s, fargate.grace_period_s) == (300, 0)
    assert express.value.health_check == fargate.value.health_check


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("classic", r"load_balancer = classic, must be application"),
        ("{kind: application, idle_timeout: 2h}", r"idle_timeout = 2h, must be at most 4000"),
        ("{kind: application, slow_start: 10s}", r"slow_start = 10s, must be 0 or 30 to 900 s"),
        (
            "{kind: application, algorithm: least-outstanding, slow_start: 60s}",
            r"slow_start = 60s, must be 0 with algorithm least-outstanding",
        ),
        ("{kind: application, health_check: {interval: 1s}}", r"interval = 1s, must be at least 5"),
        ("application\n    balancing: random", r"balancing = random, must be left out: load_balancer has its own"),
        ("application\n    health_check: {interval: 5s}", r"health_check = .* must be left out"),
    ],
)
def test_settings_that_the_load_balancer_rejects_name_the_place(given: str, message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        read_scenario(FULL.replace("LOAD_BALANCER", given))
