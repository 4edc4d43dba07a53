"""The points of a run as the answer of get-metric-data: every statistic of the recorded values."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from simulator.telemetry.cloudwatch.latencies import Latencies
from simulator.telemetry.cloudwatch.metric_file import metric_data
from simulator.telemetry.cloudwatch.platform_view import ServiceIdentity
from simulator.telemetry.cloudwatch.points import MetricPoint, Series

BEGIN_S = 1796032800.0


def series(name: str = "shop", minute: int = 0) -> Series:
    return Series(ServiceIdentity(name, "0" * 32, "us-east-1"), BEGIN_S + 60 * minute, 0.0)


def values_of(points: list[MetricPoint]) -> dict[str, list[float]]:
    return {each["Label"]: each["Values"] for each in metric_data(points)["MetricDataResults"]}


def test_the_statistics_of_latency_are_those_of_the_requests() -> None:
    latencies_s = np.random.Generator(np.random.PCG64(1)).lognormal(-2.5, 0.6, 5_000)
    recorded = Latencies()
    recorded.record(latencies_s)
    points = list(series().values("RequestLatency", "Milliseconds", recorded.values()))
    assert len(points) > 1  # more values than a point may have

    found = values_of(points)

    assert found["RequestLatency Average"][0] == pytest.approx(latencies_s.mean() * 1000, rel=1e-9)
    assert found["RequestLatency Maximum"][0] == pytest.approx(latencies_s.max() * 1000, rel=1e-6)
    for name, share in (("p50", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99)):
        exact = np.quantile(latencies_s, share, method="inverted_cdf") * 1000
        assert found[f"RequestLatency {name}"][0] == pytest.approx(exact, rel=0.008)


def test_sums_averages_and_statistic_sets_have_a_value_for_each_minute() -> None:
    points: list[MetricPoint] = []
    for minute, requests in ((1, 30), (0, 20)):
        one = series(minute=minute)
        points.append(one.value("Requests", "Count", requests))
        points += one.values("ActiveInstances", "Count", [(1.0, 15), (3.0, 45)])
        points.append(one.statistics("CPUUtilization", "Percent", [10.0, 20.0, 60.0]))
        points.append(one.statistics("CPUUtilization", "Percent", [99.0], Instance="f" * 32))

    answer: dict[str, Any] = metric_data(points)
    found = values_of(points)

    assert found["Requests Sum"] == [20, 30]
    assert found["ActiveInstances Average"] == [2.5, 2.5]
    assert found["CPUUtilization Average"] == [30, 30]
    assert found["CPUUtilization Maximum"] == [60, 60]
    times = answer["MetricDataResults"][0]["Timestamps"]
    assert times == [datetime.fromtimestamp(BEGIN_S + shift, UTC).isoformat() for shift in (0, 60)]
    assert len({each["Id"] for each in answer["MetricDataResults"]}) == len(answer["MetricDataResults"])


def test_labels_name_the_service_if_there_are_several() -> None:
    points = [series(name).value("Requests", "Count", 1) for name in ("shop", "blog")]

    assert set(values_of(points)) == {"shop Requests Sum", "blog Requests Sum"}
