"""`simulator predict` from a model file to its text, files and exit code."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from simulator.calibration.model.model_file import write_model
from simulator.calibration.prediction import draws
from simulator.cli import app
from tests.calibration.prediction.service_models import exponential, model_of

RUN = CliRunner()


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(draws, "DRAWS_MIN", 6)
    file = tmp_path / "shop.model.json"
    write_model(model_of({"io": exponential(0.04)}), file)
    return str(file)


def test_the_highest_rate_is_the_first_line(model: str) -> None:
    done = RUN.invoke(
        app, ["predict", model, "--max-concurrency", "3", "--slo", "error_rate < 20 %", "--duration", "12s", "-q"]
    )
    assert done.exit_code == 0, done.output
    first, *_ = done.stdout.splitlines()
    assert first.startswith("MaxConcurrency 3 carries ")
    assert "/s an instance at p95 " in first


def test_figures_at_rates_are_written_as_json_and_csv(model: str, tmp_path: Path) -> None:
    files = ["--json", str(tmp_path / "p.json"), "--csv", str(tmp_path / "p.csv")]
    done = RUN.invoke(app, ["predict", model, "--rate", "10,1200/min", "--duration", "12s", "-q", *files])
    assert done.exit_code == 0, done.output
    data = json.loads((tmp_path / "p.json").read_text())
    rows = list(csv.DictReader((tmp_path / "p.csv").read_text().splitlines()))
    assert [rate["rate_rps"] for rate in data["rates"]] == [float(row["rate_rps"]) for row in rows] == [10, 20]


def test_a_missed_slo_is_1(model: str, tmp_path: Path) -> None:
    assert (
        RUN.invoke(app, ["predict", model, "--rate", "10", "--slo", "p50 < 1 ms", "--duration", "12s"]).exit_code == 1
    )
    assert RUN.invoke(app, ["predict", model, "--slo", "p50 < 1 ms", "--duration", "12s"]).exit_code == 1
    scenario = tmp_path / "s.yaml"
    scenario.write_text(
        "duration: 12s\nservices: {web: {application: {simulated: {}}}}\ntraffic: [{poisson: {rate: 5/s}}]\n"
    )
    arguments = ["predict", model, "--scenario", str(scenario), "--slo"]
    assert RUN.invoke(app, [*arguments, "p50 < 1 ms"]).exit_code == 1
    assert RUN.invoke(app, [*arguments, "p50 < 1 s"]).exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--rate", "0"], "rate = 0, must be rates"),
        (["--slo", "p95 < 1"], "slo: "),
        (["--size", "1 vCPU 1 GB"], "memory = 1 GB, must be 2 GB"),
        (["--service", "web"], "must come with --scenario"),
        (["--instances", "2", "--max-size", "3"], "must be left out with max-size"),
        (["--min-size", "2"], "must come with max_size"),
        (["--duration", "5"], "5"),
        (["--scenario", "first-look", "--rate", "5"], "must be left out with --scenario"),
        (["--scenario", "none.yaml"], "no scenario named"),
    ],
)
def test_bad_input_is_named(model: str, arguments: list[str], expected: str) -> None:
    done = RUN.invoke(app, ["predict", model, *arguments])
    assert done.exit_code == 2, done.output
    assert expected in done.stderr
