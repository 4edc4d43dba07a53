"""Requests whose work depends on the size of their bodies: on both clocks, and where it is not supported."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.edge.live.live_settings import LiveSettings
from simulator.lab.compiled.compiled_backend import why_not
from simulator.replay.runner import Run, play
from simulator.report.report import build_report
from simulator.report.schema import Report
from simulator.rules.policies.requirements import Signal
from simulator.scenario.scenario import ScenarioSpec, read_scenario
from simulator.traffic.signal_levels import signal_levels

TEXT = """
duration: %s
services:
  web:
    max_concurrency: 50
    policy: fixed
    application:
      simulated:
        io: 20ms
        io_per_mb: 100ms
        cpu_per_mb: 40ms
        paths:
          /upload: {io_per_mb: 1s}
          /flat: {io: 50ms, io_per_mb: 0s, cpu_per_mb: 0s}
traffic:
  - clock: {rate: 4/s}
    requests:
      - {name: small, path: /}
      - {name: down, path: /, response_size: 1 MB}
      - {name: both, path: /, method: POST, request_size: 512 KB, response_size: 512 KB}
      - {name: up, path: /upload, method: POST, request_size: 256 KB}
      - {name: text, path: /upload, method: POST, body: "%s"}
      - {name: flat, path: /flat, response_size: 1 MB}
checks: [%s]
"""
# I/O and CPU computed by hand, in seconds: 20 ms, and the path's time per MB.
EXPECTED = {
    "small": 0.02,
    "down": 0.02 + 0.1 + 0.04,
    "both": 0.02 + 0.1 + 0.04,
    "up": 0.02 + 0.25 * (1.0 + 0.04),
    "text": 0.02 + (1.0 + 0.04) * 64 / 1024,
    "flat": 0.05,
}
CHECKS = ", ".join(f'"min{{name:{name}}} < 9s"' for name in EXPECTED)
BODY = "x" * 64 * 1024


def read(duration: str) -> ScenarioSpec:
    return read_scenario(TEXT % (duration, BODY, CHECKS))


def least_s(report: Report) -> list[float]:
    return [check.value or 0.0 for check in report.checks]


@pytest.mark.case("L67")
def test_a_request_takes_the_time_of_its_size() -> None:
    report = build_report(play(Run(read("60s")), signals=False))
    assert least_s(report) == pytest.approx(list(EXPECTED.values()), rel=1e-6)


@pytest.mark.slow
@pytest.mark.case("L67")
def test_over_real_sockets_a_request_takes_the_time_of_its_size_too(tmp_path: Path) -> None:
    report = build_report(play(Run(read("5s"), LiveSettings(tmp_path)), signals=False))
    measured = dict(zip(EXPECTED, least_s(report), strict=True))
    assert all(measured[name] >= expected for name, expected in EXPECTED.items()), measured
    assert measured["small"] < EXPECTED["down"]


@pytest.mark.case("L67")
def test_a_size_has_no_effect_if_no_work_depends_on_it() -> None:
    scenario = read_scenario(
        "duration: 9s\nservices: {web: {wake: 0, application: {simulated: {io: 20ms}}}}\n"
        "traffic: [{clock: {rate: 4/s}, requests: [{response_size: 1 MB}]}]\nchecks: [max < 1s]\n"
    )
    assert least_s(build_report(play(Run(scenario), signals=False))) == pytest.approx([0.02])


@pytest.mark.case("L67")
def test_the_compiled_backend_plays_sizes_and_their_demand_is_unknown() -> None:
    scenario = read_scenario(
        "duration: 9s\nservices: {web: {application: {simulated: {io: 20ms, cpu_per_mb: 1s}}}}\n"
        "traffic: [{clock: {rate: 4/s}, requests: [{response_size: 1 MB}]}]\n"
    )
    assert why_not(scenario) == ""
    assert "size" in scenario.demand_unknown("web")
    levels = signal_levels(scenario, "web")
    assert levels[Signal.CPU] == levels[Signal.LATENCY] == float("inf"), "no warning that a policy cannot act"
