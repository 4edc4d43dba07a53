"""Requests whose work depends on their path: in virtual time, over real sockets, and where it is not supported."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.edge.live.live_settings import LiveSettings
from simulator.lab.compiled.compiled_backend import why_not
from simulator.replay.runner import Run, play
from simulator.report.report import build_report
from simulator.report.schema import Report
from simulator.scenario.problems import ScenarioError
from simulator.scenario.scenario import read_scenario

TEXT = """
duration: %s
services:
  web:
    max_concurrency: 50
    policy: fixed
    application:
      simulated:
        io: 20ms
        paths: {/slow: {io: 300ms}, /busy: {cpu: 100ms}}
traffic:
  - clock: {rate: 20/s}
    requests: [{path: /}, {path: "/slow?deep=1"}, {path: /busy, weight: 0.2}]
checks: ["p50{path:/} < 1s", "p50{path:/slow} < 1s", "min{path:/busy} < 1s", "p50{path:/slow?deep=1} < 1s"]
"""


def played(text: str, live: LiveSettings | None = None) -> Report:
    return build_report(play(Run(read_scenario(text), live), signals=False))


@pytest.mark.case("L67", "L65")
def test_each_path_has_its_own_work() -> None:
    values = [check.value for check in played(TEXT % "60s").checks]
    assert values == pytest.approx([0.02, 0.3, 0.12, 0.3], rel=0.01)


@pytest.mark.case("L67")
def test_each_path_has_its_own_work_over_real_sockets(tmp_path: Path) -> None:
    values = [check.value or 0.0 for check in played(TEXT % "2s", LiveSettings(tmp_path)).checks]
    assert all(value >= least for value, least in zip(values, (0.02, 0.3, 0.12, 0.3), strict=True))
    assert values[0] < 0.3, "a request for / is not taken for one of /slow"


@pytest.mark.case("L67")
def test_a_misspelt_path_is_reported_with_the_nearest_one() -> None:
    with pytest.raises(ScenarioError, match=r"/slwo, must be a path of the traffic.*/slow"):
        played((TEXT % "2s").replace("/slow: {io", "/slwo: {io"))


@pytest.mark.case("L67")
def test_the_compiled_backend_plays_paths_and_their_demand_is_unknown() -> None:
    scenario = read_scenario((TEXT % "2s").partition("checks")[0])
    assert why_not(scenario) == ""
    assert "path" in scenario.demand_unknown("web")
