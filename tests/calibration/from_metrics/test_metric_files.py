"""Metrics of a service from files of CloudWatch: units, several files, and errors that name the series."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from simulator.calibration.from_metrics.metric_files import read_metrics
from simulator.ingest.input_file import InputFile
from simulator.scenario.problems import ScenarioError

Series = dict[str, list[float | None]]
BEGIN = datetime(2026, 11, 30, 10, tzinfo=UTC)
GOOD: Series = {
    "Requests Sum": [600, None, 1200],
    "RequestLatency p50": [80, None, 90],
    "RequestLatency p95": [200, None, 250],
    "CPUUtilization Average": [20, 0, 40],
    "ActiveInstances Average": [1, 0, 1],
}


def file_of(folder: Path, series: Series, name: str = "metrics.json", seconds: int = 60) -> InputFile:
    results = []
    for number, (label, values) in enumerate(series.items()):
        known = [(place, value) for place, value in enumerate(values) if value is not None]
        times = [(BEGIN + timedelta(seconds=place * seconds)).isoformat() for place, _ in known]
        values_only = [value for _, value in known]
        results.append({"Id": f"m{number}", "Label": label, "Timestamps": times, "Values": values_only})
    path = folder / name
    path.write_text(json.dumps({"MetricDataResults": results}))
    return InputFile(path)


def test_the_columns_have_the_units_of_this_project(tmp_path: Path) -> None:
    minutes = read_metrics([file_of(tmp_path, GOOD)])

    assert minutes.start_s == 1796032800
    assert minutes.requests.tolist() == [600, 0, 1200]
    np.testing.assert_allclose(minutes.latency_p50_s, [0.08, np.nan, 0.09])
    np.testing.assert_allclose(minutes.latency_p95_s, [0.2, np.nan, 0.25])
    np.testing.assert_allclose(minutes.cpu, [0.2, 0, 0.4])
    assert np.isnan(minutes.latency_p99_s).all()


def test_several_files_are_one_recording_and_series_of_an_instance_are_left_out(tmp_path: Path) -> None:
    parts = [dict([each]) for each in GOOD.items()]
    parts[3]["CPUUtilization Average Instance 0123"] = [99, 99, 99]
    parts[0]["4xxStatusResponses Sum"] = [1, 1, 1]

    minutes = read_metrics([file_of(tmp_path, part, f"{number}.json") for number, part in enumerate(parts)])

    np.testing.assert_allclose(minutes.cpu, [0.2, 0, 0.4])
    assert minutes.active.tolist() == [1, 0, 1]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"CPUUtilization Average": []}, "must be with CPUUtilization (Average) too"),
        ({"shop CPUUtilization Average": [1, 2, 3]}, "must be one series of each metric: choose one service"),
        ({"RequestLatency p95": [], "RequestLatency Maximum": [1, 2, 3]}, "with RequestLatency (p95) too"),
        ({"Requests Sum": [-1, 0, 0]}, "value = -1, must be a number, at least 0"),
    ],
)
def test_an_error_names_what_is_missing_or_doubled(tmp_path: Path, change: Series, message: str) -> None:
    with pytest.raises(ScenarioError) as error:
        read_metrics([file_of(tmp_path, GOOD | change)])

    assert message in str(error.value)


def test_longer_periods_are_rejected(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="one value in 300 s, must be one value a minute"):
        read_metrics([file_of(tmp_path, {name: [1, 2, 3] for name in GOOD}, seconds=300)])


def test_shorter_periods_are_rejected(tmp_path: Path) -> None:
    """Otherwise the last sum of a minute would be taken for the whole minute."""
    with pytest.raises(
        ScenarioError, match="several values of the same minute, 30 s apart, must be one value for each"
    ):
        read_metrics([file_of(tmp_path, {name: [1, 2, 3] for name in GOOD}, seconds=30)])
