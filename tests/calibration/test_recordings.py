"""Recordings: what files are is recognised by their content, and settings come from options, files or defaults."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from simulator.calibration.recordings import (
    RecordedService,
    RecordingKind,
    calibrated_recording,
    fitted_capacity,
    metered_service,
    recording_kind,
)
from simulator.ingest.service.service_settings import ServiceSettings
from simulator.model.sizes import InstanceSize

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
    with pytest.raises(ValueError, match=r"min-size = 8, must be at most max-size = 6"):
        metered_service(RecordedService(min_size=8), ServiceSettings(max_size=6))


def test_a_capacity_file_gives_a_law(folder: Path) -> None:
    assert fitted_capacity([folder / "capacity.csv"]).capacity.throughput_name == "throughput"
    with pytest.raises(ValueError, match="2 files, must be one"):
        fitted_capacity([folder / "capacity.csv", folder / "graph.csv"])


def test_a_log_that_tells_too_little_is_an_error_with_the_reason(folder: Path) -> None:
    with pytest.raises(ValueError, match=r"20 of 20 requests of access\.log have a duration; at least 1000"):
        calibrated_recording(
            [folder / "access.log"], RecordingKind.LOG, RecordedService(), "shop", 1, lambda _done, _all: None
        )
