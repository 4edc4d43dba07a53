"""The report's part about background work, recomputed from other parts of the report."""

from __future__ import annotations

from itertools import pairwise

import pytest

from simulator.replay.runner import Run, play
from simulator.report.background.part import BackgroundPart
from simulator.report.report import build_report
from simulator.report.schema import Report
from simulator.report.serialization import report_json
from simulator.scenario.scenario import read_scenario

SCENARIO = """
duration: 10 min
seed: 3
services:
  web:
    max_concurrency: 10
    max_size: 1
    wake: 0
    throttling: {throttling}
    application:
      simulated:
        io: 100ms
        background: {{mail: {{after_requests: 100 %, cpu: 4s}}}}
traffic: [{{clock: {{rate: 1/s}}, until: 60.5s}}, {{clock: {{rate: 1/min}}, from: 5 min, until: 301s}}]
"""


def report_of(throttling: str) -> Report:
    return build_report(play(Run(read_scenario(SCENARIO.format(throttling=throttling))), signals=False))


def part_of(report: Report) -> BackgroundPart:
    (part,) = report.background
    return part


def idle_s(report: Report, begin_s: float, end_s: float) -> float:
    """Return the time within [begin_s, end_s) in which the only instance was idle, from its changes of state."""
    changes = [(event.at_s, event.after == "idle") for event in report.services[0].instance_events]
    times = [*changes, (end_s, False)]
    spans = [(max(begin_s, at_s), following[0]) for (at_s, idle), following in pairwise(times) if idle]
    return sum(max(0.0, end - begin) for begin, end in spans)


def test_without_throttling_a_backlog_is_worked_off_at_full_speed() -> None:
    report = report_of("none")
    (mail,) = part_of(report).works
    answered = report.requests.whole_run.served
    assert (mail.due, mail.finished) == (answered, answered)
    assert mail.cpu_s == pytest.approx(4 * answered)
    assert mail.stalled_s == 0
    # The jobs are due at 1/s, and each takes 4 s: the last of the first minute ends when all have been done.
    assert mail.delay_max_s == pytest.approx(4 * (answered - 1) - 59, rel=0.02)


def test_a_frozen_instance_stalls_its_backlog_for_the_time_that_it_is_idle() -> None:
    report = report_of("freeze")
    (mail,) = part_of(report).works
    active_s = 600 - idle_s(report, 0, 600)
    assert mail.finished == pytest.approx(active_s / 4, abs=1.5)
    assert mail.unfinished == mail.due - mail.finished
    assert mail.stalled_s == pytest.approx(idle_s(report, 0.1, 600), abs=0.2)


def test_the_idle_share_does_a_twentieth() -> None:
    frozen, shared = (part_of(report_of(throttling)).works[0] for throttling in ("freeze", "share"))
    # both have the same time when active; the share adds 0.05 s of CPU per second
    assert shared.finished - frozen.finished == pytest.approx(shared.stalled_s * 0.05 / 4, abs=1.5)


def test_the_log_says_when_work_stalls_and_continues() -> None:
    report = report_of("share")
    lines = [event.line for event in part_of(report).events]
    idle = [event.at_s for event in report.services[0].instance_events if event.after == "idle" and event.at_s > 0]
    assert [event.at_s for event in part_of(report).events if "is idle" in event.line] == idle
    assert any("has its CPU again after 2m" in line or "has its CPU again after 3m" in line for line in lines)


def test_a_report_without_background_work_has_no_such_part() -> None:
    text = SCENARIO.format(throttling="share").replace("background:", "paths: {} #")
    report = build_report(play(Run(read_scenario(text)), signals=False))
    assert report.background == []
    assert '"background"' not in report_json(report)
