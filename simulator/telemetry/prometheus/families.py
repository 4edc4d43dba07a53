"""A platform's figures as Prometheus metric families, with names by Prometheus' conventions.

All values are read at the time of the scrape.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, assert_never

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from simulator.records.metrics import Metrics, ServiceMetrics
from simulator.records.outcomes import EDGES_S, Durations
from simulator.telemetry.instruments import OF_SERVICES, OF_THE_PLATFORM, Instrument, InstrumentKind, Labels

# Maps a unit to the suffix of the name; counts without a unit have none.
_SUFFIXES: Final = {"s": "seconds", "USD": "usd"}
_SERVICE: Final = ("service",)


class PlatformCollector(Collector):
    """A collector for a registry of `prometheus_client`. Collect on the platform's loop only."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def describe(self) -> Iterable[Metric]:
        """Return no metrics, so that registration reads no figures."""
        return ()

    def collect(self) -> Iterable[Metric]:
        families = service_families(self._metrics.settle())
        for each in OF_THE_PLATFORM:
            family = _family(each, each.labels)
            for labels, reading in each.read(self._metrics):
                _add(family, labels, reading)
            families.append(family)
        return families


def service_families(services: Mapping[str, ServiceMetrics]) -> list[Metric]:
    """Build the families. `services`: as `Metrics.settle` returns them."""
    families: list[Metric] = []
    for each in OF_SERVICES:
        family = _family(each, (*_SERVICE, *each.labels))
        for service, figures in services.items():
            for labels, reading in each.read(figures):
                _add(family, (service, *labels), reading)
        families.append(family)
    return families


def _family(instrument: Instrument[Any], labels: Labels) -> Metric:
    suffix = _SUFFIXES.get(instrument.unit, "")
    name = "_".join(("apprunner", *instrument.name.split("."), *((suffix,) if suffix else ())))
    match instrument.kind:
        case InstrumentKind.COUNTER:
            return CounterMetricFamily(name, instrument.text, labels=labels, unit=suffix)
        case InstrumentKind.GAUGE:
            return GaugeMetricFamily(name, instrument.text, labels=labels, unit=suffix)
        case InstrumentKind.HISTOGRAM:
            return HistogramMetricFamily(name, instrument.text, labels=labels, unit=suffix)
        case _:
            assert_never(instrument.kind)


def _add(family: Metric, labels: Labels, reading: float | Durations) -> None:
    if isinstance(family, HistogramMetricFamily):
        assert isinstance(reading, Durations), family.name
        family.add_metric(labels, _buckets(reading), reading.sum_s)
    else:
        assert isinstance(family, CounterMetricFamily | GaugeMetricFamily), family.type
        assert not isinstance(reading, Durations), family.name
        family.add_metric(labels, reading)


def _buckets(durations: Durations) -> list[tuple[str, float]]:
    reached, buckets = 0, []
    for edge, count in zip((*(repr(edge) for edge in EDGES_S), "+Inf"), durations.counts.tolist(), strict=True):
        reached += count
        buckets.append((edge, reached))
    return buckets
