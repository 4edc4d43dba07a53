"""The exported figures of a platform, each defined once for Prometheus and for OTLP.

Names and units are OpenTelemetry's (dots, UCUM); exporters for other systems translate them. The only labels are the
service, an instance's state, a status or its class, a direction, a rule of a web ACL and its action, a policy, and a
signal. The number of their values does not grow with instances or requests, and the series of a deleted service end.
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
# Maps the values of an instrument's own labels to the reading.
Reading: TypeAlias = tuple[Labels, float | Durations]


class InstrumentKind(Enum):
    COUNTER = "counter"  # never decreases
    GAUGE = "gauge"
    HISTOGRAM = "histogram"  # its readings are `Durations`


@dataclass(frozen=True, slots=True)
class Instrument(Generic[S_contra]):
    """One exported figure.

    `read` returns the readings of one service, or of the platform; `labels` names the labels that distinguish them.
    `unit` is in UCUM: seconds are `s`, countable things are in braces. The exporter adds the label `service`.
    """

    name: str
    text: str
    unit: str
    kind: InstrumentKind
    read: Callable[[S_contra], Iterable[Reading]]
    labels: Labels = ()


def _one(
    name: str, text: str, unit: str, kind: InstrumentKind, value: Callable[[S_contra], float | Durations]
) -> Instrument[S_contra]:
    """Make an instrument without labels of its own."""
    return Instrument(name, text, unit, kind, lambda source: (((), value(source)),))


def _counter(name: str, text: str, unit: str, value: Callable[[ServiceMetrics], float]) -> Instrument[ServiceMetrics]:
    return _one(name, text, unit, InstrumentKind.COUNTER, value)


def _gauge(name: str, text: str, unit: str, value: Callable[[ServiceMetrics], float]) -> Instrument[ServiceMetrics]:
    return _one(name, text, unit, InstrumentKind.GAUGE, value)


def _duration(name: str, text: str, taken: Callable[[ServiceMetrics], Durations]) -> Instrument[ServiceMetrics]:
    return _one(name, text, "s", InstrumentKind.HISTOGRAM, taken)


def _classes(figures: ServiceMetrics) -> Iterable[Reading]:
    counts: list[int] = figures.outcomes.classes.tolist()
    return [((name,), count) for name, count in zip(CLASSES, counts, strict=True)]


def _decisions(figures: ServiceMetrics) -> Iterable[Reading]:
    return [(("out",), figures.decisions_out), (("in",), figures.decisions_in)]


def _states(figures: ServiceMetrics) -> Iterable[Reading]:
    return [((state.value,), count) for state, count in figures.states.items()]


def _web_acl(figures: ServiceMetrics) -> Iterable[Reading]:
    return list(figures.web_acl.items())


def _shadows(figures: ServiceMetrics) -> Iterable[Reading]:
    return [((name,), desired) for name, desired in figures.shadows.items()]


OF_SERVICES: Final[tuple[Instrument[ServiceMetrics], ...]] = (
    Instrument(
        "requests",
        "Requests that have ended, by the class of their status; none: the connection was cut.",
        "{request}",
        InstrumentKind.COUNTER,
        _classes,
        ("code_class",),
    ),
    Instrument(
        "scaling.decisions",
        "Decisions of the policy that changed the desired count.",
        "{decision}",
        InstrumentKind.COUNTER,
        _decisions,
        ("direction",),
    ),
    Instrument("instances", "Instances by state.", "{instance}", InstrumentKind.GAUGE, _states, ("state",)),
    Instrument(
        "waf.requests",
        "Requests by the rule of the web ACL that matched and its action; blocked ones are in no other figure.",
        "{request}",
        InstrumentKind.COUNTER,
        _web_acl,
        ("rule", "action"),
    ),
    Instrument(
        "shadow.instances.wanted",
        "Instances that a policy which does not act would have desired.",
        "{instance}",
        InstrumentKind.GAUGE,
        _shadows,
        ("policy",),
    ),
    _counter(
        "arrivals",
        "Requests that arrived at the service, rejected ones included.",
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
    _counter(
        "instance.deaths",
        "Instances that crashed or exited by themselves.",
        "{instance}",
        lambda figures: figures.crashes,
    ),
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
    _gauge("instances.wanted", "Desired instances.", "{instance}", lambda figures: figures.desired),
    _duration("request.duration", "Time of a request in the load balancer.", lambda figures: figures.outcomes.total),
    _duration(
        "request.queue",
        "Time of a request spent waiting for a slot, without starts and wakes.",
        lambda figures: figures.outcomes.queue,
    ),
    _duration(
        "request.cold_start",
        "Delay of a request by an instance's start or wake; only requests with such a delay.",
        lambda figures: figures.outcomes.cold,
    ),
    _duration("request.upstream", "Time of a request spent at the instance.", lambda figures: figures.outcomes.service),
)

OF_THE_PLATFORM: Final[tuple[Instrument[Metrics], ...]] = (
    _one(
        "event_loop.lag",
        "Lateness of the last one-second timer of the event loop.",
        "s",
        InstrumentKind.GAUGE,
        lambda metrics: metrics.lag_s,
    ),
    Instrument(
        "balancer.answers",
        "Requests that the load balancer answered itself, without a service: unknown host, redirect, invalid request.",
        "{request}",
        InstrumentKind.COUNTER,
        lambda metrics: [((str(status),), count) for status, count in sorted(metrics.own_answers.items())],
        ("code",),
    ),
    Instrument(
        "exports.dropped",
        "Items of an export that could not be sent.",
        "{item}",
        InstrumentKind.COUNTER,
        lambda metrics: [((signal,), lost()) for signal, lost in metrics.losses.items()],
        ("signal",),
    ),
)
