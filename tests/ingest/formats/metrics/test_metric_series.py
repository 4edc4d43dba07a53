"""Every series of a CloudWatch file with its statistic, which the file, the label or the id of the query says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from simulator.ingest.formats.metrics.metric_series import metric_series
from simulator.ingest.input_file import InputFile

AT = "2026-11-30T10:00:00Z"


@pytest.mark.parametrize(
    ("label", "name", "statistic"),
    [
        ("RequestLatency p95", "m1", "p95"),
        ("RequestLatency", "latency_p99", "p99"),
        ("RequestLatency", "latencyP50", "p50"),
        ("RequestLatency p99.9", "m1", "p99.9"),
        ("shop CPUUtilization Average", "m1", "Average"),
        ("CPUUtilization", "cpu_avg", "Average"),
        ("Requests", "requestsSum", "Sum"),
        ("ActiveInstances", "active_max", "Maximum"),
        ("Requests", "m1", ""),
        ("shop2 Requests", "m12", ""),
    ],
)
def test_the_statistic_is_in_the_label_or_the_id(tmp_path: Path, label: str, name: str, statistic: str) -> None:
    result = {"Id": name, "Label": label, "Timestamps": [AT], "Values": [1.5], "StatusCode": "Complete"}
    file = tmp_path / "metrics.json"
    file.write_text(json.dumps({"MetricDataResults": [result]}))

    (series,) = metric_series(InputFile(file))

    assert (series.label, series.statistic, series.name) == (label, statistic, name)
    assert series.points == [(1796032800.0, 1.5)]


def test_all_statistics_of_get_metric_statistics_are_series(tmp_path: Path) -> None:
    points = [{"Timestamp": AT, "Average": 20.0, "Maximum": 90.0, "ExtendedStatistics": {"p95": 60.0}, "Unit": "None"}]
    file = tmp_path / "statistics.json"
    file.write_text(json.dumps({"Label": "RequestLatency", "Datapoints": points}))

    found = {each.statistic: each.points[0][1] for each in metric_series(InputFile(file))}

    assert found == {"Average": 20.0, "Maximum": 90.0, "p95": 60.0}


def test_a_graph_of_the_console_has_a_line_of_statistics(tmp_path: Path) -> None:
    file = tmp_path / "graph.csv"
    file.write_text(
        "Full label,Requests,RequestLatency p95\nLabel,Requests,RequestLatency p95\nPeriod,60,60\nStatistic,Sum,p95\n"
        "2026/11/30 10:00:00,12,50.5\n2026/11/30 10:01:00,7,\n"
    )

    requests, latency = metric_series(InputFile(file))

    assert (requests.statistic, latency.statistic) == ("Sum", "p95")
    assert [value for _, value in requests.points] == [12, 7]
    assert [value for _, value in latency.points] == [50.5]
