from __future__ import annotations

import io
import json

import pytest
from rich.console import Console

from simulator.console.report.text import print_report
from simulator.lab.compiled.compiled_backend import why_not
from simulator.lab.why import why
from simulator.replay.runner import Run, play
from simulator.report.report import build_report
from simulator.report.schema import Report
from simulator.report.serialization import report_json
from simulator.scenario.scenario import read_scenario

# One call at a time takes half a second; a request arrives every 0.4 s, with two instances from the start.
TEXT = """
duration: 40s
warm_up: 10s
services:
  web:
    min_size: 2
    max_size: 2
    application:
      simulated: {io: 1ms}
      downstream:
        orders-db: {connections: 1, service: 500ms, on_full: %s}
traffic: [{clock: {rate: 10/4s}}]
checks:
  - downstream_wait_p99{downstream:orders-db} < 20 ms
  - downstream_wait_p50 > 1 s
  - downstream_error_rate < 1 %%
  - downstream_utilization > 99 %%
  - downstream_connections == 1
"""


def report_of(on_full: str) -> Report:
    return build_report(play(Run(read_scenario(TEXT % on_full)), signals=False))


@pytest.fixture(scope="module")
def queued() -> Report:
    return report_of("queue")


def test_a_resource_that_queues_is_reported_with_its_waits(queued: Report) -> None:
    [part] = queued.downstream
    # Request n arrives at 0.4 n and starts at 0.5 n: those that arrive from 10 s on wait for 0.1 n, with n from 25.
    waits_s = [0.1 * n for n in range(25, 100)]
    assert (part.calls, part.answered) == (75, 75)
    assert part.wait.mean_s == pytest.approx(sum(waits_s) / 75, rel=0.02)
    assert part.wait.p50_s == pytest.approx(waits_s[37], rel=0.02)
    assert part.utilization == pytest.approx(1)
    assert [check.passed for check in queued.checks] == [False, True, True, True, True]
    assert queued.checks[0].value == pytest.approx(part.wait.p99_s)


def test_a_resource_that_rejects_is_reported_with_its_errors() -> None:
    report = report_of("error")
    [part] = report.downstream
    # Free every 0.5 s, called every 0.4 s: every other call is rejected, those with odd numbers from 25 to 99.
    assert (part.calls, part.rejected, part.timed_out) == (75, 38, 0)
    assert report.requests.by_status == {"200": 37, "500": 38}
    assert part.error_rate == pytest.approx(38 / 75)
    assert [check.passed for check in report.checks] == [True, False, False, False, True]


def test_the_terminal_shows_the_resource_and_its_events(queued: Report) -> None:
    file = io.StringIO()
    print_report(queued, Console(file=file, width=80, force_terminal=False))
    lines = file.getvalue().splitlines()
    assert any(line.split() == ["connections,", "max", "1", "of", "1"] for line in lines)
    assert any("limit reached: all 1 connections are taken" in line for line in lines)


def test_why_describes_the_events_of_the_resource(queued: Report) -> None:
    assert len(why(queued, 0.2)) == 1
    [_, line] = why(queued, 30.0)
    assert line.startswith("Downstream orders-db: at 0:00:0")
    assert "limit reached" in line


def test_a_run_without_resources_has_a_report_without_them() -> None:
    text = "duration: 5s\nservices: {web: {application: {simulated: {}}}}\ntraffic: [{clock: {rate: 1/s}}]"
    document = json.loads(report_json(build_report(play(Run(read_scenario(text)), signals=False))))
    assert "downstream" not in document


def test_a_check_of_a_resource_that_was_never_called_fails_with_the_reason() -> None:
    text = (TEXT % "queue").replace("clock: {rate: 10/4s}", "clock: {rate: 10/4s}, from: 35s").replace("40s", "36s")
    scenario = read_scenario(text.replace("500ms,", "500ms, share: 0 %,"))
    report = build_report(play(Run(scenario), signals=False))
    assert {check.reason for check in report.checks[:3]} == {
        "no call of a downstream resource had a connection after the warm-up",
        "no call of a downstream resource ended after the warm-up",
    }


def test_the_compiled_backend_plays_resources_of_one_service() -> None:
    pytest.importorskip("numba")
    assert why_not(read_scenario(TEXT % "queue")) == ""


def test_the_series_of_a_resource_has_its_connections_waiting_calls_and_errors() -> None:
    [part] = report_of("error").downstream
    series = part.series
    # Request n calls at 0.4 n, for 0.5 s: each second one is rejected.
    assert len(series.connections) == len(series.errors) == round(40 / series.width_s)
    assert sum(series.connections) * series.width_s == pytest.approx(50 * 0.5)
    assert sum(series.errors) == 50
    assert max(series.waiting) == 0
    [queued] = report_of("queue").downstream
    assert queued.series.busy[-1] == pytest.approx(1)
    assert sum(queued.series.errors) == 0
