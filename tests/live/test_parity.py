"""Parity: one scenario gives the same results on both clocks.

The same file is played in virtual time and in real time over TLS sockets, once with simulated instances behind the
sockets and once with processes. The decisions must be equal, in the same order, within two seconds of each other: the
tick is one second, and a start takes up to one probe interval more if a process has to boot. The error rate may differ
by three points and the latency by 15 % and 20 ms: a busy machine with two cores adds only milliseconds to each request.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.edge.live.live_settings import LiveSettings
from simulator.replay.runner import Run, play
from simulator.report.report import build_report
from simulator.report.schema import Report
from simulator.scenario.scenario import ScenarioSpec, read_scenario

FOLDER = Path(__file__).parent.parent.parent / "scenarios" / "apps"
SCENARIO = """
duration: 26s
services:
  web:
    max_concurrency: 10
    max_size: 4
    health_check: {protocol: HTTP, path: /health, interval: 1s}
    policy: {name: app-runner, window: 4s, start_lag: 1s, scale_in_delay: 4s, idle_after: 10s}
    stop_grace: 2s
    application:
      simulated: {start_up: 300ms, cpu: 1ms, io: 100ms}
      PROCESS
traffic:
  - steps:
      levels: [{for: 5s, rate: 20/s}, {for: 12s, rate: 130/s}, {for: 9s, rate: 20/s}]
      spacing: clock
    requests: [{path: "/?cpu_ms=1&io_ms=100"}]
"""
PROCESS = "process: {command: python first_look.py}"

DECISION_S = 2.0
LOSS = 0.03
LATENCY_RATIO, LATENCY_S = 0.15, 0.020


def scenario(process: str) -> ScenarioSpec:
    return read_scenario(SCENARIO.replace("PROCESS", process), folder=FOLDER)


def report(chosen: ScenarioSpec, live: LiveSettings | None) -> Report:
    return build_report(play(Run(chosen, live)))


@pytest.fixture(scope="module")
def virtual() -> Report:
    return report(scenario(""), None)


@pytest.mark.alone
@pytest.mark.slow
@pytest.mark.parametrize("process", ["", PROCESS], ids=["simulated instances", "process instances"])
def test_both_clocks_give_the_same_events(virtual: Report, process: str, tmp_path: Path) -> None:
    real = report(scenario(process), LiveSettings(tmp_path))
    assert real.generator.kept_up, "the machine was too busy to offer this load"

    planned, decided = virtual.services[0].decisions, real.services[0].decisions
    assert [(each.before, each.desired) for each in decided] == [(each.before, each.desired) for each in planned]
    for plan, decision in zip(planned, decided, strict=True):
        assert abs(plan.at_s - decision.at_s) <= DECISION_S

    assert real.requests.requests == virtual.requests.requests
    assert abs((real.requests.error_rate or 0) - (virtual.requests.error_rate or 0)) <= LOSS
    for name in ("p50_s", "p95_s"):
        mine, theirs = getattr(virtual.requests.latency, name), getattr(real.requests.latency, name)
        assert mine is not None
        assert theirs is not None
        assert abs(mine - theirs) <= LATENCY_S + LATENCY_RATIO * mine, name


BEHIND = """
duration: 20s
services:
  web:
    min_size: 2
    max_size: 4
    policy: {name: fixed, instances: 2}
    load_balancer: {kind: application, idle_timeout: 2s, health_check: {interval: 5s, timeout: 2s}}
    application: {simulated: {io: {lognormal: {median: 300ms, p95: 3s}}}}
traffic:
  - clock: {rate: 20/s}
timeline:
  - {at: 5s, kill_instance: {which: oldest}}
"""


@pytest.mark.alone
@pytest.mark.slow
def test_an_application_load_balancer_gives_the_same_answers_on_both_clocks(tmp_path: Path) -> None:
    """Time-outs are 504, requests on the killed target 502: how many have begun at that moment differs by a few."""
    planned, real = (report(read_scenario(BEHIND), live).requests for live in (None, LiveSettings(tmp_path)))
    assert real.requests == planned.requests
    assert set(real.by_status) == set(planned.by_status) == {"200", "502", "504"}
    for status, count in planned.by_status.items():
        assert abs(real.by_status[status] - count) <= LOSS * planned.requests, status
