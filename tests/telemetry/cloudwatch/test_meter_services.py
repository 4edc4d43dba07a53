"""The aggregator with services that are created, paused and deleted, on a calendar that the test sets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from simulator.fleet.ports import ResourceUsage
from simulator.model.sizes import InstanceSize
from simulator.records.metrics import Metrics
from simulator.rules.policies.port import Sample
from simulator.telemetry.cloudwatch.minute_aggregator import MinuteAggregator
from simulator.telemetry.cloudwatch.platform_view import InstanceReading, ServiceIdentity
from simulator.telemetry.cloudwatch.points import MetricPoint
from simulator.telemetry.cloudwatch.settings import CloudWatchSettings


@dataclass
class Stage:
    """Implements `PlatformView`. `ids`: by the services' names on the platform; `cpu_s`: of its only instance."""

    now_s: float = 0.0
    ids: dict[str, str] = field(default_factory=lambda: {"web": "1"})
    cpu_s: float = 0.0
    age_s: float = float("inf")
    tasks: Any = None
    points: list[MetricPoint] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.metrics = Metrics(lambda: self.now_s)
        settings = CloudWatchSettings("http://127.0.0.1:1")
        self.meter = MinuteAggregator(self.metrics, self, settings, lambda: self.now_s, self.points.append)

    def identity(self, service: str) -> ServiceIdentity | None:
        return ServiceIdentity(service, self.ids[service], "us-east-1") if service in self.ids else None

    def readings(self, service: str) -> Sequence[InstanceReading]:
        return (InstanceReading("i", self.age_s, InstanceSize(512, 1024), ResourceUsage(self.cpu_s, 256 * 1024**2)),)

    def seconds(self, until_s: float, late_s: float = 0.0) -> None:
        """Publish finished seconds until then, each with one request."""
        while self.now_s < until_s:
            self.now_s = min(until_s, self.now_s + 1.0)
            on_time_s, self.now_s = self.now_s, self.now_s + late_s
            self.metrics.of("web").outcomes.add(200, 0.2, 0.0, 0.0, 0.1)
            self.metrics.sampled("web", Sample(0, 1.0, 0.0, 1, 0, 1, 0.1, 1), 1)
            self.now_s = on_time_s

    def given(self, metric: str) -> list[tuple[str, float, float]]:
        """Return (service id, begin, sum) of the points of the metric that are not of an instance."""
        found = []
        for point in self.points:
            named = {each["Name"]: each["Value"] for each in point.datum["Dimensions"]}
            if point.datum["MetricName"] == metric and "Instance" not in named:
                told = point.datum.get("StatisticValues", {})
                pairs = zip(point.datum.get("Values", ()), point.datum.get("Counts", ()), strict=True)
                total = point.datum.get("Value", told.get("Sum", sum(value * count for value, count in pairs)))
                found.append((named["ServiceID"], point.datum["Timestamp"].timestamp(), total))
        return found


def test_a_late_loop_moves_no_second_into_the_next_minute() -> None:
    stage = Stage()
    stage.seconds(120.0, late_s=0.3)
    assert stage.given("Requests") == stage.given("2xxStatusResponses") == [("1", 0.0, 60.0), ("1", 60.0, 60.0)]


def test_a_paused_services_last_minute_is_closed_by_the_calendar() -> None:
    stage = Stage()
    stage.seconds(70.0)
    stage.metrics.stopped("web")
    stage.metrics.of("web").outcomes.add(503, 0.0, 0.0, 0.0, -1.0)
    stage.now_s = 121.0
    stage.meter.close_stale()
    assert len(stage.given("Requests")) == 1
    stage.now_s = 122.0
    stage.meter.close_stale()
    assert stage.given("Requests") == [("1", 0.0, 60.0), ("1", 60.0, 10.0)]
    assert stage.given("5xxStatusResponses") == [("1", 0.0, 0.0), ("1", 60.0, 1.0)]
    # Requests that are rejected afterwards belong to its own minutes, in which no instance exists to count arrivals.
    stage.now_s = 200.0
    stage.metrics.of("web").outcomes.add(503, 0.0, 0.0, 0.0, -1.0)
    stage.meter.close_stale()
    stage.now_s = 242.0
    stage.meter.close_stale()
    assert stage.given("5xxStatusResponses")[2:] == [("1", 180.0, 1.0)]


def test_a_service_that_is_made_again_by_the_same_name_is_another_one() -> None:
    stage = Stage()
    stage.seconds(10.0)
    del stage.ids["web"]  # deleted
    stage.metrics.forget("web")
    stage.ids["web"] = "2"
    stage.seconds(30.0)
    stage.meter.finish()
    assert stage.given("Requests") == stage.given("2xxStatusResponses") == [("1", 0.0, 10.0), ("2", 0.0, 20.0)]


def test_a_deleted_services_last_requests_are_not_lost() -> None:
    stage = Stage()
    stage.seconds(10.0)
    del stage.ids["web"]
    stage.metrics.forget("web")
    stage.now_s = 62.0
    stage.meter.close_stale()
    assert stage.given("RequestLatency") == [("1", 0.0, 10 * 100.0)]


def test_seconds_of_a_service_without_an_id_are_not_counted() -> None:
    stage = Stage(ids={})
    stage.seconds(70.0)
    stage.meter.finish()
    assert stage.points == []


def test_cpu_from_before_the_run_or_within_a_moment_is_not_counted() -> None:
    stage = Stage(cpu_s=100.0)
    stage.seconds(10.0)  # the first reading
    stage.cpu_s += 2.5
    stage.seconds(20.0)  # 2.5 s in ten seconds of half a vCPU
    stage.cpu_s += 1.0
    stage.now_s = 20.5
    stage.meter.finish()
    assert stage.given("CPUUtilization") == [("1", 0.0, 50.0)]
    assert stage.given("MemoryUtilization") == [("1", 0.0, 2 * 25.0)]


def test_an_instance_that_is_new_has_its_cpu_from_its_launch() -> None:
    stage = Stage(cpu_s=1.0, age_s=4.0)
    stage.seconds(10.0)
    stage.meter.finish()
    assert stage.given("CPUUtilization") == [("1", 0.0, 50.0)]
