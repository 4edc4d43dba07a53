"""`simulator calibrate` of recordings: capacity files and logs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from simulator.calibration.from_logs import log_model
from simulator.calibration.model.model_file import read_model
from simulator.calibration.recordings import RecordedService
from simulator.calibration.scalability import capacity_model
from simulator.cli import app
from simulator.cli.calibration.recordings import RecordingOptions
from simulator.model.sizes import InstanceSize
from simulator.scenario.scenario import ScenarioText


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "capacity.csv").write_text("concurrency,throughput\n1,10\n2,19\n4,36\n8,60\n")
    return tmp_path


def test_the_options_are_the_settings_of_the_service() -> None:
    assert RecordingOptions().service == RecordedService()
    assert RecordingOptions(min_size=2, cpu="2 vCPU").service == RecordedService(min_size=2, cpu="2 vCPU")


def test_the_verb_prints_the_law_of_a_capacity_file_and_writes_a_model(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setattr(capacity_model, "_REFITS", 40)

    done = CliRunner().invoke(app, ["calibrate", "capacity.csv", "--no-page", "--cpu", "2 vCPU", "--memory", "4 GB"])
    with_options = CliRunner().invoke(app, ["calibrate", "capacity.csv", "--instances", "2"])

    assert done.exit_code == 0, done.output
    assert "throughput(N) = " in done.output
    assert with_options.exit_code == 2
    assert "instances = 2, must be left out: a capacity test is of one instance" in with_options.output
    model = read_model(folder / "capacity.model.json")
    assert model.size == InstanceSize(2048, 4096)
    assert len(model.members) == 40
    scenario = ScenarioText.of(folder / "capacity.yaml").scenario({})
    assert scenario.services["capacity"].application.simulated is not None


def test_a_capacity_file_without_a_model_says_why(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    Path("cores.csv").write_text("processors,throughput\n1,10\n2,19\n4,36\n8,60\n")
    before = sorted(folder.iterdir())

    done = CliRunner().invoke(app, ["calibrate", "cores.csv"])
    with_output = CliRunner().invoke(app, ["calibrate", "cores.csv", "-o", "cores.model.json"])

    assert (done.exit_code, with_output.exit_code) == (0, 2)
    assert "note: no model: the loads are processors" in done.output
    assert sorted(folder.iterdir()) == before


def test_the_verb_calibrates_a_log(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The busiest requests of a small log are played with three candidates."""
    monkeypatch.chdir(folder)
    monkeypatch.setattr(log_model, "CANDIDATES", 3)
    rng = np.random.Generator(np.random.PCG64(1))
    starts_s, lengths_s = np.cumsum(rng.exponential(0.1, 1_200)), rng.lognormal(-2.5, 0.4, 1_200)
    rows = zip(starts_s.tolist(), lengths_s.tolist(), strict=True)
    Path("requests.csv").write_text(
        "source,intended_s,latency_s,status\n" + "".join(f"web,{at:.6f},{length:.6f},200\n" for at, length in rows)
    )

    done = CliRunner().invoke(
        app, ["calibrate", "requests.csv", "--instances", "1", "--name", "shop", "--quiet", "--no-page"]
    )

    assert done.exit_code == 0, done.output
    model = read_model(Path("shop.model.json"))
    assert model.parameter("median of the service time").value == pytest.approx(np.median(lengths_s), rel=0.1)
    assert model.observed.sizes
    assert Path("shop.yaml").read_text().startswith("# A model of an access log")
