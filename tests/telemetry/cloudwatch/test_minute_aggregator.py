"""The nine metrics of runs in virtual time: names, units, dimensions and times, compared with Prometheus' counts."""

from __future__ import annotations

import io
import math
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

import pytest
from prometheus_client.core import Metric

from simulator.replay.run_context import ExportsOpened
from simulator.replay.runner import Run, play
from simulator.scenario.scenario import read_scenario
from simulator.telemetry.cloudwatch.points import MetricPoint
from simulator.telemetry.cloudwatch.send_queue import LinesBatch
from simulator.telemetry.cloudwatch.settings import CloudWatchSettings, LatencyOf
from simulator.telemetry.exporters import Exporters, ExportSettings
from tests.telemetry.exposition import families, points

BEGIN_S = datetime(2026, 3, 1, 12, 0, tzinfo=UTC).timestamp()
UNITS = {
    "2xxStatusResponses": "Count",
    "4xxStatusResponses": "Count",
    "5xxStatusResponses": "Count",
    "ActiveInstances": "Count",
    "CPUUtilization": "Percent",
    "Concurrency": "Count",
    "MemoryUtilization": "Percent",
    "RequestLatency": "Milliseconds",
    "Requests": "Count",
}
# 25 ms on a quarter of a vCPU take 100 ms: 5 requests per second use half of an instance's CPU.
HALF = """
duration: 150s
services:
  web:
    max_concurrency: 10
    max_size: 1
    cpu: 0.25
    memory: 0.5
    application: {simulated: {cpu: 25ms, failures: {memory: 128MB}}}
traffic:
  - {service: web, clock: {rate: 5/s}}
"""
BUSY = """
duration: 130s
services:
  web:
    max_concurrency: 2
    max_size: 3
    application: {simulated: {io: {uniform: {low: 50ms, high: 150ms}}, start_up: 2s, failure_share: 0.1}}
  quiet:
    application: {simulated: {io: 100ms}}
traffic:
  - {name: steady, service: web, clock: {rate: 45/s}}
"""


@dataclass(frozen=True)
class Exported:
    points: list[MetricPoint]
    lines: list[LinesBatch]
    prometheus: dict[str, Metric]  # the latest values


@cache
def exported(text: str, **settings: Any) -> Exported:
    out, opened = io.StringIO(), list[Exporters]()
    told = CloudWatchSettings("http://127.0.0.1:1", **{"begin_s": BEGIN_S, **settings})
    scenario = read_scenario(text)
    exports = ExportSettings(file=out, duration_s=scenario.duration_s, cloudwatch=told)
    run = Run(scenario, exports=exports)
    run.journal.subscribe(ExportsOpened, lambda event: opened.append(event.exporters))
    play(run)
    cloudwatch = opened[0].cloudwatch
    assert cloudwatch is not None
    taken = cloudwatch.points.take(math.inf)
    lines = list(iter(lambda: cloudwatch.lines.take(0.0), None))
    last = families(list(dict(points(out.getvalue())).values())[-1])
    return Exported(list(taken.points) if taken is not None else [], lines, last)


def dimensions(point: MetricPoint) -> dict[str, str]:
    return {each["Name"]: each["Value"] for each in point.datum["Dimensions"]}


def of(
    points: list[MetricPoint], metric: str, service: str = "web", instance: str = ""
) -> dict[float, list[dict[str, Any]]]:
    """Return the points by seconds since the start of the run."""
    found: dict[float, list[dict[str, Any]]] = defaultdict(list)
    for point in points:
        named = dimensions(point)
        if (point.datum["MetricName"], named["ServiceName"], named.get("Instance", "")) == (metric, service, instance):
            found[point.datum["Timestamp"].timestamp() - BEGIN_S].append(point.datum)
    return dict(found)


def test_every_metric_is_there_every_minute_with_its_name_unit_and_dimensions() -> None:
    told = exported(BUSY).points
    assert {point.datum["MetricName"]: point.datum["Unit"] for point in told} == UNITS
    levels = defaultdict(set)
    for point in told:
        levels[point.datum["MetricName"]].add(tuple(dimensions(point)))
        assert point.datum["Timestamp"].timestamp() % 60 == 0
        assert point.due_s == point.datum["Timestamp"].timestamp() + 60 + 60
        assert len(dimensions(point)["ServiceID"]) == 32
    service, instance = ("ServiceName", "ServiceID"), ("ServiceName", "ServiceID", "Instance")
    with_instances = {"CPUUtilization", "MemoryUtilization"}
    assert levels == {name: {service, instance} if name in with_instances else {service} for name in UNITS}
    for name in UNITS:
        assert list(of(told, name)) == [0, 60, 120], name


def test_the_counts_are_those_that_prometheus_is_given() -> None:
    told, last = exported(BUSY).points, exported(BUSY).prometheus

    def total(metric: str) -> float:
        return sum(float(datum["Value"]) for minute in of(told, metric).values() for datum in minute)

    def exposed(sample_name: str, **labels: str) -> float:
        wanted = {"service": "web", **labels}
        (value,) = (
            float(sample.value)
            for family in last.values()
            for sample in family.samples
            if (sample.name, sample.labels) == (sample_name, wanted)
        )
        return value

    assert total("Requests") == exposed("apprunner_arrivals_total") > 5000
    for code in ("2xx", "4xx", "5xx"):
        assert total(f"{code}StatusResponses") == exposed("apprunner_requests_total", code_class=code) > 0
    latencies = [datum for minute in of(told, "RequestLatency").values() for datum in minute]
    assert all(len(datum["Values"]) <= 150 for datum in latencies)
    pairs = [pair for datum in latencies for pair in zip(datum["Values"], datum["Counts"], strict=True)]
    assert sum(count for _, count in pairs) == exposed("apprunner_request_upstream_seconds_count")
    sum_ms = 1000 * exposed("apprunner_request_upstream_seconds_sum")
    assert sum(value * count for value, count in pairs) == pytest.approx(sum_ms, rel=1e-9)


def test_latency_can_be_that_of_the_balancer_with_the_wait() -> None:
    def mean(latency_of: LatencyOf) -> float:
        told = exported(BUSY, latency_of=latency_of).points
        data = [datum for minute in of(told, "RequestLatency").values() for datum in minute]
        pairs = [pair for datum in data for pair in zip(datum["Values"], datum["Counts"], strict=True)]
        return float(sum(value * count for value, count in pairs) / sum(count for _, count in pairs))

    # Rejected requests, which take no time, are included there.
    assert mean(LatencyOf.INSTANCE) > 99 > mean(LatencyOf.BALANCER)


def test_an_idle_service_has_zeros_no_latency_and_no_active_instance() -> None:
    told = exported(BUSY).points
    assert {minute[0]["Value"] for minute in of(told, "Requests", "quiet").values()} == {0.0}
    assert of(told, "RequestLatency", "quiet") == {}
    assert [minute[0]["Values"] for minute in of(told, "ActiveInstances", "quiet").values()] == [[0.0]] * 3
    busy = of(told, "ActiveInstances")[60][0]
    assert (max(busy["Values"]), sum(busy["Counts"])) == (3.0, 60.0)
    assert sum(of(told, "Concurrency")[60][0]["Counts"]) == 60.0


# Thirty seconds with requests of 100 ms, then none; an instance is active for a minute longer.
SPELL = """
duration: 120s
services:
  web: {max_concurrency: 10, max_size: 1, application: {simulated: {io: 100ms}}}
traffic: [{clock: {rate: 5/s}, from: 10.05s, until: 40.05s}]
"""


@pytest.mark.case("L53")
def test_only_instances_that_process_requests_count_as_active() -> None:
    told = exported(SPELL).points
    seconds: Counter[float] = Counter()
    for minute in of(told, "ActiveInstances").values():
        seconds.update(dict(zip(minute[0]["Values"], minute[0]["Counts"], strict=True)))
    assert seconds[1.0] == 30, seconds
    assert set(seconds) == {0.0, 1.0}


def active_seconds(text: str, service: str = "web") -> Counter[float]:
    """Return for how many seconds each value of ActiveInstances was counted."""
    seconds: Counter[float] = Counter()
    for minute in of(exported(text).points, "ActiveInstances", service).values():
        seconds.update(dict(zip(minute[0]["Values"], minute[0]["Counts"], strict=True)))
    return seconds


def test_provisioned_instances_beyond_those_that_process_requests_do_not_count_as_active() -> None:
    seconds = active_seconds("""
duration: 120s
services:
  web: {max_concurrency: 10, min_size: 3, max_size: 4, application: {simulated: {io: 100ms}}}
traffic: [{clock: {rate: 5/s}, from: 10.05s, until: 40.05s}]
""")
    # The first second's requests go to all three, because none of them is active before.
    assert seconds == {0.0: 89, 1.0: 29, 3.0: 1}


def test_a_starting_instance_does_not_count_as_active() -> None:
    seconds = active_seconds("""
duration: 60s
services:
  web:
    policy: {name: scheduled, schedule: [{at: 0s, instances: 1}, {at: 20s, instances: 2}]}
    max_concurrency: 10
    max_size: 2
    application: {simulated: {io: 900ms, start_up: 15s}}
traffic: [{clock: {rate: 5/s}}]
""")
    assert seconds[1.0] == pytest.approx(20 + 15, abs=2)
    assert seconds[1.0] + seconds[2.0] == seconds.total()


def test_an_instance_counts_as_active_in_every_second_of_a_long_request() -> None:
    seconds = active_seconds("""
duration: 120s
services: {web: {wake: 0, application: {simulated: {io: 70s}}}}
traffic: [{at_once: {requests: 1, at: 10.5s}}]
""")
    assert seconds[1.0] == 71  # from 10.5 to 80.5 s


def test_an_instance_counts_as_active_while_it_drains() -> None:
    seconds = active_seconds("""
duration: 60s
services:
  web:
    wake: 0
    policy: {name: scheduled, schedule: [{at: 0s, instances: 2}, {at: 20s, instances: 1}]}
    max_concurrency: 1
    min_size: 1
    max_size: 2
    initial_size: 2
    application: {simulated: {io: 30s}}
traffic: [{at_once: {requests: 2, at: 10.5s}}]
""")
    assert seconds[2.0] == 30  # until 40.5 s, though one of both drains from 20 s on and ends with its request


def test_background_work_does_not_make_an_instance_active() -> None:
    text = """
duration: 120s
services: {web: {application: {simulated: {background: {cache: {every: 1s, cpu: 20ms}}}}}}
"""
    assert set(active_seconds(text)) == {0.0}
    used = [minute[0]["StatisticValues"]["Sum"] for minute in of(exported(text).points, "CPUUtilization").values()]
    assert min(used) > 0


def test_cpu_and_memory_are_percent_of_what_the_instance_has() -> None:
    told = exported(HALF).points
    (instance,) = {dimensions(point)["Instance"] for point in told if "Instance" in dimensions(point)}
    assert len(instance) == 32
    for name in ("", instance):
        cpu = of(told, "CPUUtilization", instance=name)[60][0]["StatisticValues"]
        assert cpu["SampleCount"] == 6.0
        assert cpu["Sum"] / cpu["SampleCount"] == pytest.approx(50, abs=2)
        memory = of(told, "MemoryUtilization", instance=name)[60][0]["StatisticValues"]
        assert (memory["Minimum"], memory["Maximum"]) == (25.0, 25.0)


def test_minutes_are_the_calendars_wherever_the_run_begins() -> None:
    requests = of(exported(HALF, begin_s=BEGIN_S - 20.3).points, "Requests")
    # From 20.3 s before a minute on: a second across a boundary belongs to the minute that contains most of it. The run
    # ends before its last second is complete, and that second is counted too.
    counted = {at_s: minute[0]["Value"] for at_s, minute in requests.items()}
    assert counted == {-60: 100.0, 0: 300.0, 60: 300.0, 120: 50.0}


def test_the_event_log_is_in_the_services_group() -> None:
    (batch,) = exported(HALF).lines
    assert batch.stream.group.startswith("/aws/apprunner/web/")
    assert (batch.stream.group.rpartition("/")[2], batch.stream.name) == ("service", "events")
    assert batch.lines[-1].text.startswith("[AppRunner] Health check is successful.")
    assert {line.at_ms for line in batch.lines} == {BEGIN_S * 1000}


def test_without_logs_or_metrics_there_are_none() -> None:
    assert exported(HALF, logs=False).lines == []
    assert exported(HALF, metrics=False).points == []
