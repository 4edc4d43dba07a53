"""Current metrics of services, for exporters and live views. A reader of the journal and of closed seconds.

Memory is bounded by the number of services: instances are counted by state and not listed. Values are aggregated when
metrics are read; until then, a request costs one packed row (outcomes.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, NamedTuple, assert_never

from simulator.model.instance import InstanceState
from simulator.model.sizes import InstanceSize
from simulator.records.events import (
    BackgroundLogged,
    ConfigurationChanged,
    DownstreamLogged,
    Event,
    EventLogged,
    InstanceMoved,
    ScalingDecided,
    TimelineActed,
)
from simulator.records.journal import Journal
from simulator.records.outcomes import Outcomes, Rows
from simulator.rules.policies.port import Sample
from simulator.rules.pricing import Rates

SECONDS_PER_HOUR: Final = 3600.0

_LIVING: Final = (InstanceState.STARTING, InstanceState.IDLE, InstanceState.ACTIVE, InstanceState.DRAINING)
_BUSY: Final = frozenset({InstanceState.STARTING, InstanceState.ACTIVE, InstanceState.DRAINING})


@dataclass(slots=True)
class ServiceMetrics:
    """Metrics of one service.

    Counters begin when the service is first seen; `in_flight` and `waiting` are means of the last second.
    """

    outcomes: Outcomes = field(default_factory=Outcomes)
    arrivals: int = 0
    in_flight: float = 0.0
    waiting: float = 0.0
    busy: int = 0  # number of instances that had a request in the last second
    cpu_s: float = 0.0  # CPU seconds used by instances; measured only if a policy needs it
    desired: int = 0
    decisions_out: int = 0
    decisions_in: int = 0
    launches: int = 0
    ready: int = 0  # number of instances that became ready
    activations: int = 0  # number of times that a request activated an idle instance
    crashes: int = 0  # number of instances that crashed
    events: int = 0  # number of lines of the event log
    web_acl: Counter[tuple[str, str]] = field(default_factory=Counter)  # number of requests by (web ACL rule, action)
    shadows: dict[str, int] = field(default_factory=dict)  # desired counts of policies that do not act, by policy
    states: dict[InstanceState, int] = field(default_factory=lambda: dict.fromkeys(_LIVING, 0))
    usd: float = 0.0  # cost so far, see `Metrics`
    since_s: float = 0.0  # when the service was first seen, in seconds of the run
    _rates: Rates | None = None
    _size: InstanceSize | None = None
    _priced_at_s: float = 0.0

    @property
    def provisioned(self) -> int:
        return sum(self.states.values())

    @property
    def active(self) -> int:
        return self.states[InstanceState.ACTIVE]

    def priced(self, size: InstanceSize, rates: Rates | None, at_s: float) -> None:
        """Set the size and the rates of the service's instances from `at_s` on. Without rates, no cost is computed."""
        self.charge(at_s)
        self._size, self._rates = size, rates

    def charge(self, at_s: float) -> None:
        """Add the cost until `at_s` of the current instances: memory of all, CPU of the active ones."""
        hours, self._priced_at_s = max(0.0, at_s - self._priced_at_s) / SECONDS_PER_HOUR, at_s
        size, rates = self._size, self._rates
        if size is None or rates is None or not hours:
            return
        busy = sum(count for state, count in self.states.items() if state in _BUSY)
        idle = self.provisioned - busy
        self.usd += hours * (
            busy * (size.vcpu * rates.active_vcpu_hour + size.memory_gb * rates.active_gb_hour)
            + idle * size.memory_gb * rates.provisioned_gb_hour
        )


class SecondCounted(NamedTuple):
    """A closed second of a service was counted."""

    service: str
    sample: Sample


class RequestsCounted(NamedTuple):
    """Completed requests of a service were aggregated. `rows`: one row per request, valid during the call only."""

    service: str
    rows: Rows


class LastArrivals(NamedTuple):
    """`arrivals` requests of a service arrived after its last closed second; they do not form a second."""

    service: str
    arrivals: int


class Metrics:
    """The metrics of a platform. `now_s` returns the seconds of the run, as in the journal.

    `counted` is the journal of what has been counted, with the events `SecondCounted`, `RequestsCounted` and
    `LastArrivals`.

    The cost is computed from the current instances. The bill's rounding to whole seconds and its minimum of one minute
    per activation are not included; the report has them.
    """

    def __init__(self, now_s: Callable[[], float], own_answers: Counter[int] | None = None) -> None:
        """Create empty metrics. `own_answers`: the balancer's own responses, which belong to no service, by status."""
        self.services: dict[str, ServiceMetrics] = {}
        self.lag_s = 0.0  # lag of the event loop in seconds, if it is measured
        self.own_answers: Counter[int] = Counter() if own_answers is None else own_answers
        # key: signal; returns the number of items that an exporter had to drop
        self.losses: dict[str, Callable[[], int]] = {}
        self._now_s = now_s
        self.counted = Journal()

    def of(self, service: str) -> ServiceMetrics:
        """Return the metrics of a service; they are created on first use."""
        found = self.services.get(service)
        if found is None:
            now_s = self._now_s()
            found = self.services[service] = ServiceMetrics(since_s=now_s, _priced_at_s=now_s)
            found.outcomes.listen(lambda rows: self.counted.publish(RequestsCounted(service, rows)))
        return found

    def forget(self, service: str) -> None:
        """Remove the metrics of a deleted service."""
        figures = self.services.pop(service, None)
        if figures is not None:
            figures.outcomes.fold()  # publishes the remaining rows

    def count_last(self, service: str, arrivals: int) -> None:
        """Count the requests that arrived after the last closed second, at the end of a run."""
        self.of(service).arrivals += arrivals
        self.counted.publish(LastArrivals(service, arrivals))

    def sampled(self, service: str, sample: Sample, busy: int) -> None:
        """Count a closed second of a service in which `busy` of its instances had a request."""
        figures = self.of(service)
        figures.busy = busy
        figures.arrivals += sample.arrivals
        figures.in_flight, figures.waiting = sample.in_flight, sample.waiting
        figures.cpu_s += sample.cpu_s
        self.counted.publish(SecondCounted(service, sample))

    def stopped(self, service: str) -> None:
        """Reset the values of the last second, because no more seconds of this service will be closed."""
        figures = self.of(service)
        figures.in_flight = figures.waiting = 0.0
        figures.desired = figures.busy = 0

    def follow(self, journal: Journal) -> None:
        """Count the journal's events from now on."""
        journal.subscribe(InstanceMoved, self.read)
        journal.subscribe(ScalingDecided, self.read)
        journal.subscribe(EventLogged, self.read)

    def read(self, event: Event) -> None:
        """Count an event of the journal."""
        match event:
            case InstanceMoved():
                self._moved(self.of(event.service), event)
            case ScalingDecided():
                figures = self.of(event.service)
                figures.desired = event.desired
                if event.desired > event.before:
                    figures.decisions_out += 1
                else:
                    figures.decisions_in += 1
            case EventLogged():
                self.of(event.service).events += 1
            case TimelineActed() | ConfigurationChanged() | DownstreamLogged() | BackgroundLogged():
                pass  # no metric for these
            case _:
                assert_never(event)

    def settle(self) -> dict[str, ServiceMetrics]:
        """Aggregate all counts and costs until now, and return the metrics by service.

        Call this before reading metrics.
        """
        now_s = self._now_s()
        for figures in self.services.values():
            figures.outcomes.fold()
            figures.charge(now_s)
        return self.services

    def _moved(self, figures: ServiceMetrics, event: InstanceMoved) -> None:
        figures.charge(event.at_s)
        before, after = event.before, event.after
        if before in figures.states:
            figures.states[before] -= 1
        if after in figures.states:
            figures.states[after] += 1
        if after is InstanceState.STARTING:
            figures.launches += 1
        elif before is InstanceState.STARTING and after is InstanceState.ACTIVE:
            figures.ready += 1
        elif before is InstanceState.IDLE and after is InstanceState.ACTIVE:
            figures.activations += 1
        elif before in {InstanceState.IDLE, InstanceState.ACTIVE} and after is InstanceState.STOPPED:
            figures.crashes += 1
