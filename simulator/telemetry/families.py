"""A platform's figures as Prometheus metric families: names and units by its conventions, labels that stay few.

The only labels are the service, an instance's state, a status class and a direction; none grows with instances or
requests, and the series of a deleted service end. Everything is read when it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from simulator.records.metrics import Metrics, ServiceMetrics
from simulator.records.outcomes import CLASSES, EDGES_S, Durations

_SERVICE: Final = ("service",)

_COUNTERS: Final[tuple[tuple[str, str, Callable[[ServiceMetrics], float]], ...]] = (
    ("arrivals", "Requests that came to the service, refused ones included.", lambda figures: figures.arrivals),
    (
        "requests_refused",
        "Requests answered 429: neither a slot nor a place in the line.",
        lambda figures: figures.outcomes.refused,
    ),
    ("instance_launches", "Instances launched.", lambda figures: figures.launches),
    ("instance_starts", "Instances that became ready.", lambda figures: figures.ready),
    ("instance_activations", "Idle instances woken by a request.", lambda figures: figures.activations),
    ("instance_deaths", "Instances that ended by themselves.", lambda figures: figures.deaths),
    ("events", "Lines of the service's event log.", lambda figures: figures.events),
    (
        "cost_usd",
        "Price of the instances, by App Runner's rates of the Region, without the bill's rounding.",
        lambda figures: figures.usd,
    ),
)
_GAUGES: Final[tuple[tuple[str, str, Callable[[ServiceMetrics], float]], ...]] = (
    (
        "requests_in_flight",
        "Requests that hold a slot or wait for one, mean of the last second.",
        lambda figures: figures.in_flight,
    ),
    ("requests_waiting", "Requests that wait for a slot, mean of the last second.", lambda figures: figures.waiting),
    ("instances_wanted", "Instances that the policy wants.", lambda figures: figures.wish),
)
_DURATIONS: Final[tuple[tuple[str, str, Callable[[ServiceMetrics], Durations]], ...]] = (
    ("request_duration", "Time of a request in the load balancer.", lambda figures: figures.outcomes.total),
    (
        "request_queue",
        "Part of it spent waiting for a slot, without starts and wakes.",
        lambda figures: figures.outcomes.queue,
    ),
    (
        "request_cold_start",
        "Part of it that an instance's start or wake caused, of the requests that it held up.",
        lambda figures: figures.outcomes.cold,
    ),
    ("request_upstream", "Part of it spent at the instance.", lambda figures: figures.outcomes.service),
)


class PlatformCollector(Collector):
    """For a `prometheus_client` registry. To be read from the platform's loop only."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def describe(self) -> Iterable[Metric]:
        """Nothing is read to register it."""
        return ()

    def collect(self) -> Iterable[Metric]:
        lag = GaugeMetricFamily(
            "apprunner_event_loop_lag",
            "How late the last timer of a second was, of the one loop that does everything.",
            unit="seconds",
        )
        lag.add_metric((), self._metrics.lag_s)
        return [*service_families(self._metrics.settle()), lag]


def service_families(services: Mapping[str, ServiceMetrics]) -> list[Metric]:
    """`services` as `Metrics.settle` gives them."""
    families: list[Metric] = [_requests(services), _decisions(services), _instances(services)]
    for name, text, counted in _COUNTERS:
        counter = CounterMetricFamily(f"apprunner_{name}", text, labels=_SERVICE)
        for service, figures in services.items():
            counter.add_metric((service,), counted(figures))
        families.append(counter)
    for name, text, measured in _GAUGES:
        gauge = GaugeMetricFamily(f"apprunner_{name}", text, labels=_SERVICE)
        for service, figures in services.items():
            gauge.add_metric((service,), measured(figures))
        families.append(gauge)
    for name, text, durations in _DURATIONS:
        histogram = HistogramMetricFamily(f"apprunner_{name}_seconds", text, labels=_SERVICE, unit="seconds")
        for service, figures in services.items():
            taken = durations(figures)
            histogram.add_metric((service,), _buckets(taken), taken.sum_s)
        families.append(histogram)
    return families


def _requests(services: Mapping[str, ServiceMetrics]) -> Metric:
    family = CounterMetricFamily(
        "apprunner_requests",
        "Requests that have ended, by the class of their status; none: the connection was cut.",
        labels=("service", "code_class"),
    )
    for service, figures in services.items():
        for name, count in zip(CLASSES, figures.outcomes.classes.tolist(), strict=True):
            family.add_metric((service, name), count)
    return family


def _decisions(services: Mapping[str, ServiceMetrics]) -> Metric:
    family = CounterMetricFamily(
        "apprunner_scaling_decisions",
        "Decisions of the policy that changed how many instances it wants.",
        labels=("service", "direction"),
    )
    for service, figures in services.items():
        family.add_metric((service, "out"), figures.decisions_out)
        family.add_metric((service, "in"), figures.decisions_in)
    return family


def _instances(services: Mapping[str, ServiceMetrics]) -> Metric:
    family = GaugeMetricFamily(
        "apprunner_instances", "Instances that are there, by state.", labels=("service", "state")
    )
    for service, figures in services.items():
        for state, count in figures.states.items():
            family.add_metric((service, state.value), count)
    return family


def _buckets(durations: Durations) -> list[tuple[str, float]]:
    reached, buckets = 0, []
    for edge, count in zip((*(repr(edge) for edge in EDGES_S), "+Inf"), durations.counts.tolist(), strict=True):
        reached += count
        buckets.append((edge, reached))
    return buckets
