"""Metrics over OTLP: the instruments of Prometheus, with OpenTelemetry's names and units."""

from __future__ import annotations

import asyncio
from typing import Any

from opentelemetry.proto.metrics.v1.metrics_pb2 import AGGREGATION_TEMPORALITY_CUMULATIVE, Metric
from prometheus_client.core import Metric as Family

from simulator.model.instance import InstanceState
from simulator.model.times import RUN_START
from simulator.records.events import EventLogged, InstanceMoved, ScalingDecided
from simulator.records.metrics import Metrics
from simulator.telemetry.exporters import Exporters, ExportSettings
from simulator.telemetry.instruments import OF_SERVICES, OF_THE_PLATFORM, Instrument
from simulator.telemetry.otlp.settings import Compression, Destination, MetricsExport, OtlpSettings, signal_url
from simulator.telemetry.prometheus.families import PlatformCollector
from tests.telemetry.otlp.collector import Collector, collecting, values

NEVER_S = 3600.0


def settings(collector: Collector, every_s: float = NEVER_S, **to: Any) -> ExportSettings:
    destination = Destination(signal_url(collector.url, "v1/metrics"), **to)
    return ExportSettings(otlp=OtlpSettings(MetricsExport(destination, every_s), resource={"service.name": "mine"}))


def figures() -> Metrics:
    """Return metrics at second 100 of a run."""
    metrics = Metrics(lambda: 100.0)
    for status in (200, 200, 301, 404, 429, 500, 0):
        metrics.of("web").outcomes.add(status, 0.2, 0.05, 0.06, 0.1)
    metrics.of("quiet")
    metrics.read(InstanceMoved(RUN_START, "web", 1, InstanceState.PROVISIONING, InstanceState.STARTING, ""))
    metrics.read(EventLogged(RUN_START, "web", "line"))
    metrics.own_answers[404] += 3
    return metrics


async def exported(collector: Collector, metrics: Metrics, **to: Any) -> dict[str, Metric]:
    exporters = Exporters(metrics, settings(collector, **to), lambda: 130.0)
    await exporters.open()
    await exporters.close()
    return collector.latest()


def numbers(metric: Metric) -> dict[tuple[str, ...], float]:
    """Return the values by the attributes, in the order of their keys."""
    data = metric.sum if metric.HasField("sum") else metric.gauge
    return {
        tuple(value for _, value in sorted(values(point.attributes).items())): getattr(
            point, point.WhichOneof("value") or ""
        )
        for point in data.data_points
    }


async def test_a_collector_gets_names_units_and_values() -> None:
    with collecting() as collector:
        got = await exported(collector, figures())
    requests = got["apprunner.requests"]
    assert requests.unit == "{request}"
    assert requests.sum.is_monotonic
    assert requests.sum.aggregation_temporality == AGGREGATION_TEMPORALITY_CUMULATIVE
    classes = {"none": 1, "1xx": 0, "2xx": 2, "3xx": 1, "4xx": 2, "5xx": 1}
    assert numbers(requests) == {(name, "web"): count for name, count in classes.items()} | {
        (name, "quiet"): 0 for name in classes
    }
    assert values(requests.sum.data_points[0].attributes).keys() == {"apprunner.service", "apprunner.code_class"}
    assert numbers(got["apprunner.requests.rejected"]) == {("web",): 1, ("quiet",): 0}
    assert numbers(got["apprunner.balancer.answers"]) == {("404",): 3}
    assert numbers(got["apprunner.instances"])["web", "starting"] == 1
    assert got["apprunner.cost"].unit == "USD"


async def test_a_histogram_is_the_one_that_prometheus_shows() -> None:
    with collecting() as collector:
        got = await exported(collector, figures())
    duration = got["apprunner.request.duration"]
    assert duration.unit == "s"
    point = next(p for p in duration.histogram.data_points if values(p.attributes)["apprunner.service"] == "web")
    assert (point.count, round(point.sum, 6)) == (7, 1.4)
    assert len(point.bucket_counts) == len(point.explicit_bounds) + 1
    assert point.bucket_counts[list(point.explicit_bounds).index(0.25)] == 7
    assert not point.HasField("min")
    # The service first appeared at second 100; the export is at second 130.
    assert round((point.time_unix_nano - point.start_time_unix_nano) / 1e9, 3) == 30


async def test_every_instrument_of_prometheus_goes_out_with_the_same_values() -> None:
    metrics = figures()
    with collecting() as collector:
        got = await exported(collector, metrics)
    families: list[Family] = list(PlatformCollector(metrics).collect())
    instruments: list[Instrument[Any]] = [*OF_SERVICES, *OF_THE_PLATFORM]
    assert len(families) == len(instruments)
    for family, instrument in zip(families, instruments, strict=True):
        metric = got.get(f"apprunner.{instrument.name}")
        if not family.samples:
            assert metric is None
            continue
        assert metric is not None
        assert metric.description == family.documentation
        if family.type == "histogram":
            counts = {s.labels["service"]: s.value for s in family.samples if s.name.endswith("_count")}
            assert {values(p.attributes)["apprunner.service"]: p.count for p in metric.histogram.data_points} == counts
        else:
            shown = {tuple(v for _, v in sorted(s.labels.items())): s.value for s in family.samples}
            assert {tuple(sorted(key)): value for key, value in numbers(metric).items()} == {
                tuple(sorted(key)): value for key, value in shown.items()
            }


async def test_metrics_are_exported_periodically_with_resource_and_headers() -> None:
    with collecting() as collector:
        metrics = figures()
        to: dict[str, Any] = {"headers": {"x-key": "secret"}, "compression": Compression.GZIP}
        exporters = Exporters(metrics, settings(collector, 0.01, **to), lambda: 130.0)
        await exporters.open()
        try:
            await asyncio.to_thread(collector.wait_for, lambda: len(collector.metrics) >= 2)
            metrics.read(ScalingDecided(RUN_START, "web", "policy", 1, 3, "", "", (), ()))
            already = len(collector.metrics)
            await asyncio.to_thread(collector.wait_for, lambda: len(collector.metrics) >= already + 3)
        finally:
            await exporters.close()
        assert numbers(collector.latest()["apprunner.scaling.decisions"])["out", "web"] == 1
        assert collector.headers[0]["x-key"] == "secret"
        assert collector.headers[0]["content-encoding"] == "gzip"
        resource = values(collector.metrics[0].resource_metrics[0].resource.attributes)
        assert resource["service.name"] == "mine"
        assert resource["service.version"]
        assert "secret" not in repr(settings(collector, **to))


async def test_the_series_of_a_service_that_is_gone_end() -> None:
    metrics = figures()
    metrics.forget("web")
    with collecting() as collector:
        got = await exported(collector, metrics)
    assert numbers(got["apprunner.arrivals"]) == {("quiet",): 0}
