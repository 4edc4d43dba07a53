"""The CloudWatch metrics of a run as a file: every minute of it, or a message about the points that it lacks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from simulator.cli import app
from simulator.telemetry.cloudwatch import exporter

SCENARIO = """
version: 1
name: metrics
duration: 180s
services: {web: {application: {simulated: {cpu: 5ms}}}}
traffic:
  - clock: {rate: 2/s}
"""


@pytest.mark.parametrize("is_bounded", [False, True])
def test_the_file_has_every_minute_or_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_bounded: bool
) -> None:
    if is_bounded:
        monkeypatch.setattr(exporter, "POINTS_KEPT_BYTES_MAX", 5_000)
    scenario, file = tmp_path / "metrics.yaml", tmp_path / "metrics.json"
    scenario.write_text(SCENARIO, encoding="utf-8")

    done = CliRunner().invoke(app, ["run", str(scenario), "--cloudwatch-metrics", str(file)])

    assert done.exit_code == 0, done.output
    found = {each["Label"]: each["Values"] for each in json.loads(file.read_text())["MetricDataResults"]}
    assert ("points exceed the memory for them" in done.output) is is_bounded
    assert (found.get("Requests Sum", [])[:3] == [120, 120, 120]) is not is_bounded
