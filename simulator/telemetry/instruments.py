"""What is exported of a platform's figures: one definition of each, for Prometheus and for OTLP.

Names and units are OpenTelemetry's (dots, UCUM); an exporter for another house says them in its own way. The only
labels are the service, an instance's state, a status or its class, a direction and a signal: none grows with instances
or requests, and the series of a deleted service end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Final, Generic, TypeAlias, TypeVar

from simulator.records.metrics import Metrics, ServiceMetrics
from simulator.records.outcomes import CLASSES, Durations

S_contra = TypeVar("S_contra", contravariant=True)

Labels: TypeAlias = tuple[str, ...]
# The values of an instrument's own labels, and what it shows for them.
Reading: TypeAlias = tuple[Labels, float | Durations]


class Kind(Enum):
    COUNTER = "counter"  # never falls
    GAUGE = "gauge"
    HISTOGRAM = "histogram"  # its readings are Durations


@dataclass(frozen=True, slots=True)
class Instrument(Generic[S_contra]):
    """`read` gives the readings of one service, or of the platform; `labels` names what its readings differ by.

    `unit` is UCUM's: seconds are `s`, things are in braces. Of a service the label `service` is added by who reads.
    """

    name: str
    text: str
    unit: str
    kind: Kind
    read: Callable[[S_contra], Iterable[Reading]]
    labels: Labels = ()


def _one(
    name: str, text: str, unit: str, kind: Kind, value: Callable[[S_contra], float | Durations]
) -> Instrument[S_contra]:
    """One without labels of its own."""
    return Instrument(name, text, unit, kind, lambda source: (((), value(source)),))


def _counter(name: str, text: str, unit: str, value: Callable[[ServiceMetrics], float]) -> Instrument[ServiceMetrics]:
    return _one(name, text, unit, Kind.COUNTER, value)


def _gauge(name: str, text: str, unit: str, value: Callable[[ServiceMetrics], float]) -> Instrument[ServiceMetrics]:
    return _one(name, text, unit, Kind.GAUGE, value)


def _duration(name: str, text: str, taken: Callable[[ServiceMetrics], Durations]) -> Instrument[ServiceMetrics]:
    return _one(name, text, "s", Kind.HISTOGRAM, taken)


def _classes(figures: ServiceMetrics) -> Iterable[Reading]:
    counts: list[int] = figures.outcomes.classes.tolist()
    return [((name,), count) for name, count in zip(CLASSES, counts, strict=True)]


def _decisions(figures: ServiceMetrics) -> Iterable[Reading]:
    return [(("out",), figures.decisions_out), (("in",), figures.decisions_in)]


def _states(figures: ServiceMetrics) -> Iterable[Reading]:
    return [((state.value,), count) for state, count in figures.states.items()]


OF_SERVICES: Final[tuple[Instrument[ServiceMetrics], ...]] = (
    Instrument(
        "requests",
        "Requests that have ended, by the class of their status; none: the connection was cut.",
        "{request}",
        Kind.COUNTER,
        _classes,
        ("code_class",),
    ),
    Instrument(
        "scaling.decisions",
        "Decisions of the policy that changed how many instances it wants.",
        "{decision}",
        Kind.COUNTER,
        _decisions,
        ("direction",),
    ),
    Instrument("instances", "Instances that are there, by state.", "{instance}", Kind.GAUGE, _states, ("state",)),
    _counter(
        "arrivals",
        "Requests that came to the service, rejected ones included.",
        "{request}",
        lambda figures: figures.arrivals,
    ),
    _counter(
        "requests.rejected",
        "Requests answered 429: neither a slot nor a place in the queue.",
        "{request}",
        lambda figures: figures.outcomes.rejected,
    ),
    _counter("instance.launches", "Instances launched.", "{instance}", lambda figures: figures.launches),
    _counter("instance.starts", "Instances that became ready.", "{instance}", lambda figures: figures.ready),
    _counter(
        "instance.activations",
        "Idle instances woken by a request.",
        "{activation}",
        lambda figures: figures.activations,
    ),
    _counter("instance.deaths", "Instances that ended by themselves.", "{instance}", lambda figures: figures.deaths),
    _counter("events", "Lines of the service's event log.", "{event}", lambda figures: figures.events),
    _counter(
        "cost",
        "Price of the instances, by App Runner's rates of the Region, without the bill's rounding.",
        "USD",
        lambda figures: figures.usd,
    ),
    _gauge(
        "requests.in_flight",
        "Requests that hold a slot or wait for one, mean of the last second.",
        "{request}",
        lambda figures: figures.in_flight,
    ),
    _gauge(
        "requests.waiting",
        "Requests that wait for a slot, mean of the last second.",
        "{request}",
        lambda figures: figures.waiting,
    ),
    _gauge("instances.wanted", "Instances that the policy wants.", "{instance}", lambda figures: figures.desired),
    _duration("request.duration", "Time of a request in the load balancer.", lambda figures: figures.outcomes.total),
    _duration(
        "request.queue",
        "Part of it spent waiting for a slot, without starts and wakes.",
        lambda figures: figures.outcomes.queue,
    ),
    _duration(
        "request.cold_start",
        "Part of it that an instance's start or wake caused, of the requests that it held up.",
        lambda figures: figures.outcomes.cold,
    ),
    _duration("request.upstream", "Part of it spent at the instance.", lambda figures: figures.outcomes.service),
)

OF_THE_PLATFORM: Final[tuple[Instrument[Metrics], ...]] = (
    _one(
        "event_loop.lag",
        "How late the last timer of a second was, of the one loop that does everything.",
        "s",
        Kind.GAUGE,
        lambda metrics: metrics.lag_s,
    ),
    Instrument(
        "balancer.answers",
        "Requests that the load balancer answered itself, for no service: unknown host, redirect, no request at all.",
        "{request}",
        Kind.COUNTER,
        lambda metrics: [((str(status),), count) for status, count in sorted(metrics.own_answers.items())],
        ("code",),
    ),
    Instrument(
        "exports.dropped",
        "What could not be sent to where it was to go.",
        "{item}",
        Kind.COUNTER,
        lambda metrics: [((signal,), lost()) for signal, lost in metrics.losses.items()],
        ("signal",),
    ),
)
