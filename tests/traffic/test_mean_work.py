from __future__ import annotations

import pytest

from simulator.replay.runner import Run, play
from simulator.report.report import build_report
from simulator.scenario.scenario import ScenarioSpec, read_scenario
from simulator.traffic.mean_work import mean_work_s

TEXT = """
duration: 100s
seed: 5
services:
  web:
    max_concurrency: 200
    initial_size: 4
    min_size: 4
    policy: {name: fixed, instances: 4}
    application: {simulated: APPLICATION}
traffic: TRAFFIC
"""
PATHS = "{io: 100ms, paths: {/search: {io: 500ms}}}"
UPLOADS = "{io: 100ms, paths: {/upload: {io: 200ms, io_per_mb: 100ms}}}"
SEARCH = "{path: '/search?q=1', weight: 3}"
UPLOAD = "{path: /upload, request_size: 2 MB}"


def scenario(traffic: str, application: str) -> ScenarioSpec:
    return read_scenario(TEXT.replace("TRAFFIC", traffic).replace("APPLICATION", application))


@pytest.mark.parametrize(
    ("traffic", "application", "mean_s"),
    [
        ("[{clock: {rate: 5/s}}]", "{cpu: 20ms, io: 100ms}", 0.12),
        (f"[{{clock: {{rate: 5/s}}, requests: [{{}}, {SEARCH}]}}]", PATHS, (0.1 + 3 * 0.5) / 4),
        (f"[{{clock: {{rate: 5/s}}, requests: [{UPLOAD}]}}]", UPLOADS, 0.4),
        ("[{clock: {rate: 5/s}, requests: [{response_size: 3 MB}]}]", "{io: 50ms, cpu_per_mb: 10ms}", 0.08),
        # Weighted by the number of requests of the sources: 100 s of 5/s and 50 s of 30/s.
        (
            (
                "[{name: a, clock: {rate: 5/s}}, "
                f"{{name: b, until: 50s, clock: {{rate: 30/s}}, requests: [{SEARCH}]}}]"
            ),
            PATHS,
            (500 * 0.1 + 1500 * 0.5) / 2000,
        ),
        # Two users with a cycle of 1 s, and 2/s: the same number of requests.
        (
            (
                f"[{{name: a, closed: {{users: 2, think_time: 500ms}}, requests: [{SEARCH}]}}, "
                "{name: b, clock: {rate: 2/s}}]"
            ),
            PATHS,
            (0.5 + 0.1) / 2,
        ),
        ("[{clock: {rate: 1/s}, session: [{path: /}, {path: /search}]}]", PATHS, 0.3),
    ],
)
def test_the_mean_is_weighted_by_the_mix_of_requests(traffic: str, application: str, mean_s: float) -> None:
    assert mean_work_s(scenario(traffic, application), "web") == pytest.approx(mean_s)


def test_the_mean_of_a_real_application_is_unknown() -> None:
    real = (
        "{duration: 9s, services: {web: {application: {process: {command: 'true'}}}}, traffic: [{clock: {rate: 1/s}}]}"
    )
    assert mean_work_s(read_scenario(real), "web") is None


def test_a_run_without_waiting_has_that_mean_latency() -> None:
    given = scenario(f"[{{clock: {{rate: 7/s}}, requests: [{{}}, {SEARCH}]}}]", PATHS)
    report = build_report(play(Run(given)))
    assert report.services[0].requests.latency.mean_s == pytest.approx(mean_work_s(given, "web"), rel=0.05)
