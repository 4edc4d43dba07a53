"""Scenarios of a few minutes that lose requests for one known cause, each made so that no other can be meant."""

from __future__ import annotations

import functools

from simulator.replay.runner import Run, play
from simulator.report.report import build_report
from simulator.report.schema import Report
from simulator.report.verdict.part import CauseKind, ServiceVerdictPart
from simulator.scenario.scenario import ScenarioSpec, read_scenario

_FRAME = """
version: 1
duration: {duration}
seed: 5
services:
  web:
    {service}
    application:
      simulated: {{start_up: {start_up}, {work}}}
{downstream}
traffic:
  - {{name: users, {traffic}}}
{timeline}
"""


def _text(
    service: str,
    traffic: str,
    *,
    work: str = "io: 100ms",
    start_up: str = "5s",
    duration: str = "2 min",
    timeline: str = "",
    downstream: str = "",
) -> str:
    return _FRAME.format(
        service=service.replace("; ", "\n    "),
        traffic=traffic,
        work=work,
        start_up=start_up,
        duration=duration,
        timeline=f"timeline:\n  - {timeline}" if timeline else "",
        downstream=f"      downstream: {downstream}" if downstream else "",
    )


CASES: dict[CauseKind, str] = {
    CauseKind.START_LAG: _text(
        "max_concurrency: 5; max_size: 10",
        "steps: {levels: [{rate: 10/s, for: 90s}, {rate: 100/s, for: 90s}]}",
        start_up="30s",
        duration="3 min",
    ),
    CauseKind.SCALE_IN: _text(
        "max_concurrency: 5; max_size: 10",
        "steps: {levels: [{rate: 120/s, for: 2 min}, {rate: 5/s, for: 6 min}, {rate: 120/s, for: 1 min}]}",
        start_up="20s",
        duration="9 min",
    ).replace("duration: 9 min", "duration: 9 min\nwarm_up: 5 min"),
    CauseKind.MAX_SIZE: _text("max_concurrency: 5; max_size: 1", "clock: {rate: 100/s}"),
    CauseKind.MAX_CONCURRENCY_LOW: _text("max_concurrency: 2; max_size: 10", "poisson: {rate: 4/s}"),
    CauseKind.MAX_CONCURRENCY_HIGH: _text(
        "max_concurrency: 200; max_size: 10; request_timeout: 2s", "clock: {rate: 30/s}", work="cpu: 50ms"
    ),
    CauseKind.THROTTLED_CPU: _text(
        "max_concurrency: 200; max_size: 1; request_timeout: 2s", "clock: {rate: 30/s}", work="cpu: 50ms"
    ),
    CauseKind.CRASH: _text(
        "max_concurrency: 5; min_size: 2; max_size: 2",
        "clock: {rate: 60/s}",
        timeline="{at: 60s, kill_instance: {which: oldest}}",
        start_up="20s",
    ),
    CauseKind.DEPLOYMENT: _text(  # the new version has the one instance that was desired when its instances started
        "max_concurrency: 5; max_size: 10",
        "steps: {levels: [{rate: 20/s, for: 175s}, {rate: 70/s, for: 9 min}]}",
        duration="8 min",
        timeline="{at: 50s, deploy: {}}",
    ).replace("duration: 8 min", "duration: 8 min\nwarm_up: 4 min 20s"),
    CauseKind.TIME_OUT: _text("request_timeout: 2s", "clock: {rate: 2/s}", work="io: 5s"),
    CauseKind.RETRIES: _text(
        "max_concurrency: 5; max_size: 1",
        "clock: {rate: 60/s}, retry: {attempts: 5, wait: 100ms}",
    ),
    CauseKind.DOWNSTREAM: _text(
        "max_concurrency: 50", "clock: {rate: 40/s}", downstream="{db: {connections: 2, service: 200ms}}"
    ),
    CauseKind.NETWORK_FAULT: _text(
        "max_concurrency: 50",
        "clock: {rate: 20/s}",
        timeline="{at: 60s, wire_fault: {kind: status, share: 50 %, for: 30s}}",
    ),
    CauseKind.APPLICATION: _text("max_concurrency: 50", "clock: {rate: 20/s}", work="io: 50ms, failure_share: 10 %"),
}
POOLS = _text(  # 4 connections of an instance complete 20 calls a second, the database has 100
    "max_concurrency: 50; max_size: 1",
    "clock: {rate: 40/s}",
    downstream="{db: {connections: 100, pool: 4, service: 200ms}}",
)
_VERSION = _text(
    "max_concurrency: 5; max_size: 10; min_size: 3",
    "clock: {rate: 60/s}",
    duration="7 min",
    timeline="{at: 30s, deploy: {application: {simulated: {start_up: 5s, io: 100ms}}}}",
)
FAILING_VERSION = _VERSION.replace("s, io: 100ms}}}", "s, io: 100ms, failure_share: 20 %}}}")
SLOWER_VERSION = _VERSION.replace("s, io: 100ms}}}", "s, io: 500ms}}}")
EQUAL_VERSION = _VERSION
ANSWERED = _text("max_concurrency: 50", "clock: {rate: 20/s}")


@functools.cache
def scenario_of(text: str) -> ScenarioSpec:
    return read_scenario(text)


@functools.cache
def report_of(text: str) -> Report:
    return build_report(play(Run(scenario_of(text)), signals=False))


def verdict_of(text: str) -> ServiceVerdictPart:
    report = report_of(text)
    assert report.verdict is not None, "every run has a verdict"
    (part,) = report.verdict.services
    return part
