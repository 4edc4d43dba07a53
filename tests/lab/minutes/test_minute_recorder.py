"""Minutes of a run, compared with those of the CloudWatch exporter and, on the compiled backend, with each other."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from simulator.calibration.from_metrics.metric_files import read_metrics
from simulator.cli import app
from simulator.ingest.input_file import InputFile
from simulator.lab.minutes.minute_recorder import recorded_minutes
from simulator.lab.minutes.service_minutes import ServiceMinutes
from simulator.scenario.scenario import ScenarioSpec, load_scenario

TEXT = """
version: 1
name: minutes
seed: 5
duration: 300s
services:
  shop:
    max_concurrency: 4
    max_size: 5
    application:
      simulated:
        start_up: 2s
        cpu: {exponential: 20ms}
        io: {exponential: 60ms}
traffic:
  - ramp: {start: 2/s, end: 40/s, over: 300s}
"""


def scenario_in(folder: Path) -> ScenarioSpec:
    path = folder / "minutes.yaml"
    path.write_text(TEXT, encoding="utf-8")
    return load_scenario(path)


def known(minutes: ServiceMinutes) -> dict[str, np.ndarray]:
    names = [each.name for each in fields(minutes) if each.name not in {"start_s", "memory", "active"}]
    return {name: minutes.column(name) for name in names}


def test_the_minutes_are_those_of_the_cloudwatch_exporter(tmp_path: Path) -> None:
    recorded = recorded_minutes(scenario_in(tmp_path), requests=0)

    file = tmp_path / "metrics.json"
    done = CliRunner().invoke(
        app, ["run", str(tmp_path / "minutes.yaml"), "--cloudwatch-metrics", str(file), "--quiet"]
    )
    assert done.exit_code == 0, done.output
    exported = read_metrics([InputFile(file)])

    for name, values in known(recorded).items():
        # a percentile of CloudWatch's values is exact to 0.8 %
        np.testing.assert_allclose(values, exported.column(name)[: len(recorded)], rtol=0.009, err_msg=name)


@pytest.mark.slow
def test_both_backends_have_the_same_minutes(tmp_path: Path) -> None:
    scenario = scenario_in(tmp_path)

    in_loop, compiled = recorded_minutes(scenario, requests=0), recorded_minutes(scenario, requests=1e9)

    for name, values in known(in_loop).items():
        np.testing.assert_allclose(values, compiled.column(name), rtol=1e-9, err_msg=name)
