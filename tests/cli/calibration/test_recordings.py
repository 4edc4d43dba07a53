"""Recordings: what files are is recognised by their content, and settings come from options, files or defaults."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from simulator.calibration.from_logs import log_model
from simulator.calibration.model.model_file import read_model
from simulator.calibration.scalability import capacity_model
from simulator.cli import app
from simulator.cli.calibration.recordings import (
    RecordedService,
    RecordingKind,
    calibrated_recording,
    fitted_capacity,
    metered_service,
    recording_kind,
)
from simulator.ingest.service.service_settings import ServiceSettings
from simulator.model.sizes import InstanceSize
from simulator.scenario.scenario import ScenarioText

SCALING = {"AutoScalingConfiguration": {"MaxConcurrency": 80, "MinSize": 2, "MaxSize": 6}}
TEXTS = {
    "capacity.csv": "concurrency,throughput\n1,10\n2,19\n4,36\n8,60\n",
    "metrics.json": json.dumps({"MetricDataResults": []}),
    "graph.csv": "Full label,Requests\nLabel,Requests\n2026/11/30 10:00:00,12\n",
    "access.log": '1.2.3.4 - - [30/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 5 "-" "-" 0.100\n' * 20,
    "scaling.json": json.dumps(SCALING),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in TEXTS.items():
        (tmp_path / name).write_text(text)
    with zipfile.ZipFile(tmp_path / "shop.observation.zip", "w") as archive:
        archive.writestr("observation.json", "{}")
    return tmp_path


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        (["shop.observation.zip"], RecordingKind.OBSERVATION),
        (["capacity.csv"], RecordingKind.CAPACITY),
        (["scaling.json", "metrics.json"], RecordingKind.METRICS),
        (["graph.csv"], RecordingKind.METRICS),
        (["access.log", "scaling.json"], RecordingKind.LOG),
    ],
)
def test_the_content_says_what_files_are(folder: Path, names: list[str], kind: RecordingKind) -> None:
    assert recording_kind([folder / name for name in names]) is kind


def test_settings_alone_are_no_recording(folder: Path) -> None:
    with pytest.raises(ValueError, match="the files have the settings of a service only"):
        recording_kind([folder / "scaling.json"])


def test_options_precede_files_and_files_precede_defaults() -> None:
    settings = ServiceSettings(max_concurrency=80, max_size=6, cpu="0.5 vCPU", memory="1 GB")

    found = metered_service(RecordedService(max_size=9), settings)

    assert (found.max_concurrency, found.min_size, found.max_size) == (80, 1, 9)
    assert found.size == InstanceSize(512, 1024)
    assert metered_service(RecordedService(instances=3), settings).min_size == 3


def test_sizes_that_exclude_each_other_are_an_error() -> None:
    with pytest.raises(ValueError, match=r"--min-size = 8, must be at most --max-size = 6"):
        metered_service(RecordedService(min_size=8), ServiceSettings(max_size=6))


def test_a_capacity_file_gives_a_law(folder: Path) -> None:
    assert fitted_capacity([folder / "capacity.csv"]).capacity.throughput_name == "throughput"
    with pytest.raises(ValueError, match="2 files, must be one"):
        fitted_capacity([folder / "capacity.csv", folder / "graph.csv"])


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
    assert "--instances = 2, must be left out: a capacity test is of one instance" in with_options.output
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


def test_a_log_that_tells_too_little_is_an_error_with_the_reason(folder: Path) -> None:
    with pytest.raises(ValueError, match=r"20 of 20 requests of access\.log have a duration; at least 1000"):
        calibrated_recording(
            [folder / "access.log"], RecordingKind.LOG, RecordedService(), "shop", 1, lambda _done, _all: None
        )
