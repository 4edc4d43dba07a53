"""The instruments in OTLP's form: sums, gauges and histograms that count from a service's creation.

There are two steps, because the figures belong to the loop and encoding takes time: `snapshot` copies the values on the
loop, `metrics_data` converts them to OpenTelemetry's objects in any thread.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, assert_never

from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Gauge,
    Histogram,
    HistogramDataPoint,
    Metric,
    MetricsData,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from simulator.records.metrics import Metrics
from simulator.records.outcomes import EDGES_S, Durations
from simulator.telemetry.instruments import OF_SERVICES, OF_THE_PLATFORM, Instrument, InstrumentKind

PREFIX: Final = "apprunner"
SERVICE: Final = f"{PREFIX}.service"

_CUMULATIVE: Final = AggregationTemporality.CUMULATIVE
_NS: Final = 1e9


class _Buckets(NamedTuple):
    counts: list[int]
    sum_s: float


@dataclass(frozen=True, slots=True)
class _Point:
    attributes: dict[str, str]
    since_s: float  # calendar time
    value: float | _Buckets


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The values of all instruments at `epoch_s`, in seconds since 1970."""

    epoch_s: float
    instruments: list[tuple[Instrument[Any], list[_Point]]]


def snapshot(metrics: Metrics, at_s: float, epoch_s: float) -> Snapshot:
    """Copy the values, on the platform's loop. `at_s` is the time of the run, `epoch_s` the same time since 1970."""
    services = metrics.settle()
    begun_s = epoch_s - at_s
    taken: list[tuple[Instrument[Any], list[_Point]]] = []
    for of_service in OF_SERVICES:
        points: list[_Point] = []
        for name, figures in services.items():
            points += _points(of_service, of_service.read(figures), {SERVICE: name}, begun_s + figures.since_s)
        taken.append((of_service, points))
    taken.extend((each, _points(each, each.read(metrics), {}, begun_s)) for each in OF_THE_PLATFORM)
    return Snapshot(epoch_s, taken)


def _points(
    instrument: Instrument[Any],
    readings: Iterable[tuple[tuple[str, ...], float | Durations]],
    common: dict[str, str],
    since_s: float,
) -> list[_Point]:
    keys = [f"{PREFIX}.{label}" for label in instrument.labels]
    return [
        _Point(
            common | dict(zip(keys, labels, strict=True)),
            since_s,
            _Buckets(reading.counts.tolist(), reading.sum_s) if isinstance(reading, Durations) else reading,
        )
        for labels, reading in readings
    ]


def metrics_data(taken: Snapshot, resource: Resource, scope: InstrumentationScope) -> MetricsData:
    """Convert a snapshot. Instruments without a point are omitted."""
    metrics = [_metric(instrument, points, taken.epoch_s) for instrument, points in taken.instruments if points]
    return MetricsData([ResourceMetrics(resource, [ScopeMetrics(scope, metrics, "")], "")])


def _metric(instrument: Instrument[Any], points: list[_Point], epoch_s: float) -> Metric:
    data: Sum | Gauge | Histogram
    match instrument.kind:
        case InstrumentKind.COUNTER:
            data = Sum([_number(point, epoch_s) for point in points], _CUMULATIVE, is_monotonic=True)
        case InstrumentKind.GAUGE:
            data = Gauge([_number(point, epoch_s) for point in points])
        case InstrumentKind.HISTOGRAM:
            data = Histogram([_histogram(point, epoch_s) for point in points], _CUMULATIVE)
        case _:
            assert_never(instrument.kind)
    return Metric(f"{PREFIX}.{instrument.name}", instrument.text, instrument.unit, data)


def _number(point: _Point, epoch_s: float) -> NumberDataPoint:
    assert not isinstance(point.value, _Buckets), "a number"
    return NumberDataPoint(point.attributes, _ns(point.since_s), _ns(epoch_s), point.value)


def _histogram(point: _Point, epoch_s: float) -> HistogramDataPoint:
    value = point.value
    assert isinstance(value, _Buckets), "durations"
    return HistogramDataPoint(
        attributes=point.attributes,
        start_time_unix_nano=_ns(point.since_s),
        time_unix_nano=_ns(epoch_s),
        count=sum(value.counts),
        sum=value.sum_s,
        bucket_counts=value.counts,
        explicit_bounds=EDGES_S,
        min=None,  # type: ignore[arg-type] # optional in the protocol, and unknown
        max=None,  # type: ignore[arg-type]
    )


def _ns(epoch_s: float) -> int:
    return int(epoch_s * _NS)
