from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from simulator.scenario.problems import ScenarioError
from tests.ingest.dataset_files import imported

ANSWER = {
    "MetricDataResults": [
        {
            "Id": "m1",
            "Label": "Requests",
            "Timestamps": ["2026-11-30T10:03:00+00:00", "2026-11-30T10:01:00+00:00", "2026-11-30T10:00:00+00:00"],
            "Values": [30.0, 20.0, 10.0],
            "StatusCode": "Complete",
        },
        {
            "Id": "m2",
            "Label": "RequestLatency p50",
            "Timestamps": ["2026-11-30T10:01:00+00:00", "2026-11-30T10:00:00+00:00"],
            "Values": [90.0, 110.0],
            "StatusCode": "Complete",
        },
        {
            "Id": "m3",
            "Label": "RequestLatency p95",
            "Timestamps": ["2026-11-30T10:00:00+00:00"],
            "Values": [400.0],
            "StatusCode": "Complete",
        },
        {"Id": "m4", "Label": "CPUUtilization", "Timestamps": [], "Values": [], "StatusCode": "Complete"},
    ],
    "Messages": [],
}


def test_values_come_newest_first_and_missing_minutes_have_no_requests(tmp_path: Path) -> None:
    file = tmp_path / "metrics.json"
    file.write_text(json.dumps(ANSWER, indent=4))

    (service,) = imported(file).services

    assert service.bin_s == 60
    assert service.counts is not None
    assert service.counts.tolist() == [10, 20, 0, 30]
    np.testing.assert_allclose(service.durations.quantiles(np.array([0.5, 0.95])), [0.1, 0.4])


def test_statistics_are_read_in_any_order(tmp_path: Path) -> None:
    points = [
        {"Timestamp": "2026-11-30T10:05:00Z", "Sum": 7.0, "Unit": "Count"},
        {"Timestamp": "2026-11-30T10:00:00Z", "Sum": 5.0, "Unit": "Count"},
    ]
    file = tmp_path / "statistics.json"
    file.write_text(json.dumps({"Label": "Requests", "Datapoints": points}))

    (service,) = imported(file).services

    assert service.bin_s == 300
    assert service.counts is not None
    assert service.counts.tolist() == [5, 7]


def test_averages_are_no_counts(tmp_path: Path) -> None:
    file = tmp_path / "statistics.json"
    points = [{"Timestamp": "2026-11-30T10:00:00Z", "Average": 5.0, "Unit": "Count"}]
    file.write_text(json.dumps({"Label": "Requests", "Datapoints": points}))

    with pytest.raises(
        ScenarioError, match="series = Requests Average, must be at least one with Requests in its label"
    ):
        imported(file)


def test_a_graph_of_the_console_has_its_labels_first(tmp_path: Path) -> None:
    file = tmp_path / "graph.csv"
    file.write_text(
        "Full label,shop Requests,CPUUtilization\nLabel,Requests,CPUUtilization\nPeriod,60,60\nStatistic,Sum,Average\n"
        "2026/11/30 10:00:00,12,50.5\n2026/11/30 10:01:00,,40\n2026/11/30 10:02:00,3,40\n"
    )

    (service,) = imported(file).services

    assert service.counts is not None
    assert service.bin_s == 120  # the only distance between two values
    assert service.counts.tolist() == [12, 3]


def test_a_graph_without_requests_is_reported_with_its_labels(tmp_path: Path) -> None:
    file = tmp_path / "graph.csv"
    file.write_text("Full label,CPUUtilization,Latency p95\n2026/11/30 10:00:00,12,3\n")

    with pytest.raises(ScenarioError, match="series = CPUUtilization, Latency p95, must be at least one with Requests"):
        imported(file)
