"""`simulator verify` with a simulated service in real time in place of a real one."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from typer.testing import CliRunner

from simulator.calibration.model.calibrated_model import Provenance
from simulator.calibration.model.model_file import write_model
from simulator.calibration.prediction import draws
from simulator.cli import app
from tests.calibration.prediction.service_models import model_of

RUN = CliRunner()
TRUTH = "services: {web: {application: {simulated: {io: 50ms}}}}\nduration: 1s\n"


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(draws, "DRAWS_MIN", 6)
    file = tmp_path / "shop.model.json"
    write_model(model_of({"io": "50ms"}), file)
    return str(file)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--rate", "0"], "rate = 0, must be rates"),
        (["--rate", "5", "--bound", "p50 5"], "must end with a percentage"),
        ([], "rate = not given, must be rates to play such as 60,100, or --metrics"),
        (["--metrics", "none.json", "--rate", "5"], "rate = 5, must be left out with --metrics"),
        (["./none", "--metrics", "none.json"], "target = ./none, must be left out with --metrics"),
        (["--metrics", "none.json"], "none.json"),
        (["--metrics", "none.json", "--inside", "many"], "many"),
        (["--rate", "5"], "the model does not say what it was calibrated from"),
        (["./none", "--rate", "5"], "must be a folder or file that exists"),
        (
            ["command:./server", "--rate", "5", "--route", "/other"],
            "route = GET /other, must be one of the model's: GET /",
        ),
        (["command:./server", "--rate", "5", "--duration", "2s"], "warm_up = 2 s, must be below the duration"),
    ],
)
def test_bad_input_is_named_before_anything_runs(model: str, arguments: list[str], expected: str) -> None:
    done = RUN.invoke(app, ["verify", model, *arguments])
    assert done.exit_code == 2, done.output
    assert expected in " ".join(done.stderr.split())


def test_metrics_of_the_service_are_compared_without_a_live_play(model: str, tmp_path: Path) -> None:
    scenario, metrics = tmp_path / "day.yaml", tmp_path / "day.json"
    scenario.write_text(f"{TRUTH.replace('1s', '360s')}traffic: [{{poisson: {{rate: 3/s}}}}]\n")
    assert RUN.invoke(app, ["run", str(scenario), "--quiet", "--cloudwatch-metrics", str(metrics)]).exit_code == 0

    json_file = tmp_path / "v.json"
    done = RUN.invoke(app, ["verify", model, "--metrics", str(metrics), "--max-size", "2", "--json", str(json_file)])
    assert done.exit_code in {0, 1}, done.output
    assert "1 to 2 instances of 1 vCPU / 2 GB, MaxConcurrency 100" in done.output
    assert json.loads(json_file.read_text())["figures"]["p50"]["minutes"] >= 4
    both = RUN.invoke(app, ["verify", model, "--metrics", str(metrics), "--max-size", "2", "--instances", "2"])
    assert both.exit_code == 2
    assert "instances = 2, must be left out with min-size or max-size" in " ".join(both.stderr.split())
    no_metrics = RUN.invoke(app, ["verify", model, "--metrics", str(scenario)])
    assert no_metrics.exit_code == 2, no_metrics.output


@pytest.mark.slow
def test_a_service_is_verified_over_sockets(model: str, tmp_path: Path) -> None:
    scenario = tmp_path / "truth.yaml"
    scenario.write_text(TRUTH)
    write_model(
        model_of({"io": "50ms"}).model_copy(
            update={"provenance": Provenance(target=f"scenario {scenario}, service web")}
        ),
        Path(model),
    )
    outputs = ["--json", str(tmp_path / "v.json"), "--junit", str(tmp_path / "v.xml"), "--csv", str(tmp_path / "v.csv")]
    words = ["verify", model, "--rate", "20", "--duration", "4s", "--warm-up", "1s", "--state", str(tmp_path / "state")]

    done = RUN.invoke(app, [*words, "--bound", "p50 60 %", *outputs, "-q"])
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("Passed: 1 of 1 figures")
    figure = json.loads((tmp_path / "v.json").read_text())["loads"][0]["figures"]["p50"]
    assert figure["measured"] >= 0.05
    assert ET.parse(tmp_path / "v.xml").getroot().get("failures") == "0"
    assert len((tmp_path / "v.csv").read_text().splitlines()) == 6

    write_model(model_of({"io": "500ms"}), Path(model))
    failed = RUN.invoke(app, [*words, str(scenario), "--bound", "p50 60 %", "-q"])
    assert failed.exit_code == 1, failed.output
    assert failed.stdout.startswith("Failed: 1 of 1 figures")
