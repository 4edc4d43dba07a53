"""Scenarios made by Hypothesis for the differential test of the compiled backend, and both backends' account of one."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from simulator.lab.compiled.compiled_backend import compiled_run, why_not
from simulator.replay.runner import Run, play
from simulator.report.report import build_report
from simulator.report.schema import Report
from simulator.scenario.scenario import ScenarioSpec, read_scenario

# Round numbers often: many things then happen at the same instant, and their order must be the same.
ROUND_LAWS = st.sampled_from([0, "10ms", "100ms", "250ms", "1s"])
LAWS = st.one_of(
    ROUND_LAWS,
    st.sampled_from(
        [
            {"exponential": "80ms"},
            {"lognormal": {"mean": "300ms", "sd": "500ms"}},
            {"uniform": {"low": 0, "high": "2s"}},
        ]
    ),
)
SOURCES = st.sampled_from(
    [
        {"poisson": {"rate": "8/s"}},
        {"clock": {"rate": "4/s"}},
        {"clock": {"rate": "1/s"}},
        {"spike": {"base": "1/s", "peak": "40/s", "at": "6s", "rise": "1s", "for": "6s", "fall": "2s"}},
        {"steps": {"levels": [{"rate": "12/s", "for": "5s"}, {"rate": 0, "for": "8s"}, {"rate": "20/s", "for": "9s"}]}},
    ]
)
IMAGES = st.sampled_from(
    [
        None,
        None,
        {"layers": {"base": "2 MB", "app": "1 MB"}, "bandwidth": "2 MB/s"},
        {"layers": {"app": "1 MB"}, "bandwidth": "1 MB/s", "placement": "spread", "machines": 2, "keep": "2s"},
    ]
)
POLICIES = st.sampled_from(
    ["app-runner", "knative", "hpa", "keda-http", "lambda", "scale-per-request", "fixed", "heroku", "cloud-run"]
)
EVENTS = st.sampled_from(
    [
        {"at": "7s", "kill_instance": {"which": "oldest", "count": 1}},
        {"at": "11s", "kill_instance": {"which": "newest", "count": 2}},
        {"at": "9s", "update_auto_scaling": {"max_concurrency": 2}},
        {"at": "12s", "update_auto_scaling": {"max_concurrency": 6, "max_size": 3}},
        {"at": "5s", "slow_starts": {"extra": "3s", "for": "6s"}},
        {"at": "4s", "fail_health_checks": {"which": "oldest", "for": "40s"}},
        {"at": "8s", "rate": {"factor": 2.5, "for": "5s"}},
    ]
)


@st.composite
def scenarios(draw: st.DrawFn) -> dict[str, Any]:
    """Data of a scenario file; short, with a little of everything."""
    simulated: dict[str, Any] = {
        "start_up": draw(ROUND_LAWS),
        "cpu": draw(LAWS),
        "io": draw(LAWS),
        "failure_share": draw(st.sampled_from([0, 0, 0.2])),
    }
    workers = draw(st.sampled_from([None, None, 1, 2]))
    if workers is not None:
        simulated["workers"] = workers
    image = draw(IMAGES)
    if image is not None:
        simulated["image"] = image
    min_size = draw(st.integers(1, 3))
    service = {
        "cpu": draw(st.sampled_from(["1 vCPU", "2 vCPU", "0.25 vCPU"])),
        "memory": draw(st.sampled_from(["2 GB"])),
        "max_concurrency": draw(st.integers(1, 4)),
        "min_size": min_size,
        "max_size": draw(st.integers(min_size, 6)),
        "policy": draw(POLICIES),
        "balancing": draw(
            st.sampled_from(["least-outstanding", "round-robin", "two-choices", "random", "newest-first"])
        ),
        "overflow": draw(
            st.sampled_from(["reject", {"mode": "queue", "wait": "2s", "queue": 5}, {"mode": "queue", "wait": "6s"}])
        ),
        "request_timeout": draw(st.sampled_from(["120s", "3s", "1s"])),
        "drain_timeout": draw(st.sampled_from(["120s", "2s", 0])),
        "wake": draw(st.sampled_from([0, "1s", "250ms"])),
        "idle_after": draw(st.sampled_from(["60s", "2s", 0])),
        "application": {"simulated": simulated},
    }
    if service["cpu"] == "0.25 vCPU":
        service["memory"] = "0.5 GB"
    if service["cpu"] == "2 vCPU":
        service["memory"] = "4 GB"
    return {
        "version": 1,
        "name": "made",
        "seed": draw(st.integers(0, 1000)),
        "duration": "24s",
        "warm_up": "3s",
        "services": {"site": service},
        "traffic": draw(st.lists(SOURCES, min_size=1, max_size=2)),
        "timeline": draw(st.lists(EVENTS, max_size=2, unique_by=str)),
    }


def accounts(scenario: ScenarioSpec) -> tuple[tuple[Report, list[str]], tuple[Report, list[str]]]:
    """(report, a line for every request) of the virtual loop and of the compiled backend."""
    assert not why_not(scenario)
    return account(scenario, fast=False), account(scenario, fast=True)


def agree(data: dict[str, Any], folder: Path) -> None:
    """Request by request (source, times, outcome, instance), then everything that the report says."""
    (virtual, virtual_rows), (fast, fast_rows) = accounts(told(data, folder))
    assert fast_rows == virtual_rows
    for ours, theirs in zip(fast.services, virtual.services, strict=True):
        assert ours.instance_events == theirs.instance_events
        assert ours.decisions == theirs.decisions
    assert fast == virtual


def account(scenario: ScenarioSpec, *, fast: bool) -> tuple[Report, list[str]]:
    rows = io.StringIO()
    run = compiled_run(scenario, csv=rows) if fast else Run(scenario, csv=rows)
    record = play(run, signals=False)
    return build_report(record), rows.getvalue().splitlines()


def told(data: dict[str, Any], folder: Path) -> ScenarioSpec:
    """The scenario of `data`. Its text is YAML's subset JSON."""
    return read_scenario(json.dumps(data), file="made.yaml", folder=folder)
