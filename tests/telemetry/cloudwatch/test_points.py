"""Data points of PutMetricData: their format and their limits."""

from __future__ import annotations

from datetime import UTC, datetime

from simulator.telemetry.cloudwatch.platform_view import ServiceIdentity
from simulator.telemetry.cloudwatch.points import VALUES_MAX, MetricPoint, Series

AT_S = 1_800_000_000.0


def series() -> Series:
    return Series(ServiceIdentity(region="eu-west-1", name="web", service_id="abc"), AT_S, AT_S + 60)


def test_a_point_has_the_service_as_dimensions_and_the_minute_as_time() -> None:
    point = series().value("Requests", "Count", 3)
    assert (point.region, point.due_s) == ("eu-west-1", AT_S + 60)
    assert point.datum == {
        "MetricName": "Requests",
        "Dimensions": [{"Name": "ServiceName", "Value": "web"}, {"Name": "ServiceID", "Value": "abc"}],
        "Timestamp": datetime.fromtimestamp(AT_S, UTC),
        "Unit": "Count",
        "Value": 3.0,
    }


def test_many_values_are_as_many_points_as_the_limit_requires() -> None:
    pairs = [(float(value), value + 1) for value in range(VALUES_MAX * 2 + 1)]
    points = list(series().values("RequestLatency", "Milliseconds", pairs))
    assert [len(point.datum["Values"]) for point in points] == [VALUES_MAX, VALUES_MAX, 1]
    sent = [pair for p in points for pair in zip(p.datum["Values"], p.datum["Counts"], strict=True)]
    assert sent == pairs


def test_a_statistic_set_sums_up_its_values() -> None:
    point = series().statistics("CPUUtilization", "Percent", [1.0, 4.0, 2.5], Instance="7")
    assert point.datum["StatisticValues"] == {"SampleCount": 3.0, "Sum": 7.5, "Minimum": 1.0, "Maximum": 4.0}
    assert point.datum["Dimensions"][-1] == {"Name": "Instance", "Value": "7"}


def test_the_size_grows_with_the_values() -> None:
    few, many = (MetricPoint("r", 0, {"Values": [1.0] * count}) for count in (1, 150))
    assert many.size_bytes - few.size_bytes == 149 * 130
