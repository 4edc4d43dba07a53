"""A short queue before 429, compared with rejection at once and with arithmetic."""

from __future__ import annotations

import pytest

from simulator.replay.runner import Run, play
from simulator.report.report import build_report
from simulator.report.schema import Report
from simulator.scenario.scenario import read_scenario

SLOTS, SERVICE_S, WAIT_S = 10, 0.08, 1.0
CAPACITY_RPS = SLOTS / SERVICE_S


def played(overflow: str, traffic: str) -> Report:
    text = f"""
    duration: 60s
    services:
      web:
        max_concurrency: {SLOTS}
        max_size: 1
        wake: 0
        overflow: {overflow}
        policy: {{name: fixed, instances: 1}}
        application: {{simulated: {{io: {SERVICE_S}s}}}}
    traffic: [{traffic}]
    checks: ["queue_p95 < 10 s", "rejected_ratio < 1"]
    """
    return build_report(play(Run(read_scenario(text)), signals=False))


SHORT = f"{{mode: queue, wait: {WAIT_S}s, queue: 1024}}"
BURST = "{at_once: {requests: 100, at: 5s}}"
OVERLOAD = "{clock: {rate: 200/s}}"


def test_it_saves_a_burst_that_is_shorter_than_the_wait() -> None:
    at_once, short = played("reject", BURST), played(SHORT, BURST)
    assert at_once.requests.whole_run.rejected == 90
    assert short.requests.whole_run.rejected == 0
    # Ten requests at a time: the last ten wait for nine services.
    assert short.requests.latency.max_s == pytest.approx(10 * SERVICE_S)
    assert short.checks[0].value == pytest.approx(9 * SERVICE_S, rel=0.01)


def test_it_delays_the_rejections_of_a_lasting_overload() -> None:
    at_once, short = played("reject", OVERLOAD), played(SHORT, OVERLOAD)
    ratio = 1 - CAPACITY_RPS / 200
    assert at_once.requests.rejected_ratio == pytest.approx(ratio, abs=0.01)
    # The requests that wait at the end of the run, about those of one wait, are the only ones that are saved.
    saved = at_once.requests.whole_run.rejected - short.requests.whole_run.rejected
    assert saved == pytest.approx(CAPACITY_RPS * WAIT_S, rel=0.7)
    assert at_once.requests.error_latency.p50_s == 0
    assert short.requests.error_latency.p50_s == pytest.approx(WAIT_S, rel=0.01)
    assert short.requests.latency.p50_s == pytest.approx(WAIT_S + SERVICE_S, rel=0.1)


def test_its_length_bounds_the_number_of_waiting_requests() -> None:
    report = played("{mode: queue, wait: 1s, queue: 20}", BURST)
    assert report.requests.whole_run.rejected == 100 - SLOTS - 20
