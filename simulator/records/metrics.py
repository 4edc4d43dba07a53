"""Figures of services as they stand, for whoever exports or shows them. A reader of the journal and of closed seconds.

Everything is bounded by the number of services: instances are counted by their state and never named. Reading folds;
between two readings a request costs one packed row (outcomes.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from simulator.model.instance import InstanceState
from simulator.model.sizes import InstanceSize
from simulator.records.facts import EventLogged, Fact, InstanceMoved, ScalingDecided
from simulator.records.outcomes import Outcomes, Rows
from simulator.rules.policies.port import Sample
from simulator.rules.pricing import Rates

SECONDS_PER_HOUR: Final = 3600.0

_LIVING: Final = (InstanceState.STARTING, InstanceState.IDLE, InstanceState.ACTIVE, InstanceState.DRAINING)
_BUSY: Final = frozenset({InstanceState.STARTING, InstanceState.ACTIVE, InstanceState.DRAINING})


@dataclass(slots=True)
class ServiceMetrics:
    """Counters count since the service was first seen; `in_flight` and `waiting` are means of the last second."""

    outcomes: Outcomes = field(default_factory=Outcomes)
    arrivals: int = 0
    in_flight: float = 0.0
    waiting: float = 0.0
    busy: int = 0  # instances that had a request in the last second
    cpu_s: float = 0.0  # used by instances; only where a policy asks for it
    wish: int = 0
    decisions_out: int = 0
    decisions_in: int = 0
    launches: int = 0
    ready: int = 0  # instances that became ready
    activations: int = 0  # idle instances that a request woke
    deaths: int = 0  # instances that ended by themselves
    events: int = 0  # lines of the event log
    states: dict[InstanceState, int] = field(default_factory=lambda: dict.fromkeys(_LIVING, 0))
    usd: float = 0.0  # see `Metrics.read`
    since_s: float = 0.0  # when it was first seen
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
        """Its instances have that size from now on; without rates there is no cost."""
        self.charge(at_s)
        self._size, self._rates = size, rates

    def charge(self, at_s: float) -> None:
        """The cost up to `at_s` of the instances that are there: memory of all, CPU of those that work."""
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


class Metrics:
    """Of a platform. `now_s`: seconds of the run, the journal's clock.

    The cost is that of the instances as they are: the bill's whole seconds and its minimum of a minute for each
    activation belong to activations and are in the report.
    """

    def __init__(self, now_s: Callable[[], float]) -> None:
        self.services: dict[str, ServiceMetrics] = {}
        self.lag_s = 0.0  # of the event loop, when somebody measures it
        self.own_answers: Counter[int] = Counter()  # by status: what the balancer answers for no service
        self.losses: dict[str, Callable[[], int]] = {}  # by signal: what an exporter could not get rid of
        self._now_s = now_s
        self._on_sample: list[Callable[[str, Sample], None]] = []
        self._on_rows: list[Callable[[str, Rows], None]] = []
        self._on_last: list[Callable[[str, int], None]] = []

    def of(self, service: str) -> ServiceMetrics:
        """Made when it is asked for first."""
        found = self.services.get(service)
        if found is None:
            now_s = self._now_s()
            found = self.services[service] = ServiceMetrics(since_s=now_s, _priced_at_s=now_s)
            for read in self._on_rows:
                found.outcomes.listen(partial(read, service))
        return found

    def forget(self, service: str) -> None:
        """It was deleted: its series end."""
        figures = self.services.pop(service, None)
        if figures is not None:
            figures.outcomes.fold()  # for who listens

    def subscribe(self, read: Callable[[str, Sample], None]) -> None:
        """`read` hears every closed second of every service, after it was counted."""
        self._on_sample.append(read)

    def subscribe_rows(self, read: Callable[[str, Rows], None]) -> None:
        """`read` hears the requests of every service that have ended, row by row, when they are folded."""
        self._on_rows.append(read)
        for service, figures in self.services.items():
            figures.outcomes.listen(partial(read, service))

    def subscribe_last(self, read: Callable[[str, int], None]) -> None:
        """`read` hears how many requests came after a service's last closed second."""
        self._on_last.append(read)

    def count_last(self, service: str, arrivals: int) -> None:
        """At the end: so many came after the last closed second. No second is made of them."""
        self.of(service).arrivals += arrivals
        for read in self._on_last:
            read(service, arrivals)

    def sampled(self, service: str, sample: Sample, busy: int) -> None:
        """A second of a service was closed, in which `busy` of its instances had a request."""
        figures = self.of(service)
        figures.busy = busy
        figures.arrivals += sample.arrivals
        figures.in_flight, figures.waiting = sample.in_flight, sample.waiting
        figures.cpu_s += sample.cpu_s
        for read in self._on_sample:
            read(service, sample)

    def stopped(self, service: str) -> None:
        """No second of it is closed any more: nothing is in flight."""
        figures = self.of(service)
        figures.in_flight = figures.waiting = 0.0
        figures.wish = figures.busy = 0

    def read(self, fact: Fact) -> None:
        """A fact of the journal."""
        match fact:
            case InstanceMoved():
                self._moved(self.of(fact.service), fact)
            case ScalingDecided():
                figures = self.of(fact.service)
                figures.wish = fact.desired
                if fact.desired > fact.before:
                    figures.decisions_out += 1
                else:
                    figures.decisions_in += 1
            case EventLogged():
                self.of(fact.service).events += 1
            case _:
                pass

    def settle(self) -> dict[str, ServiceMetrics]:
        """Everything counted and charged up to now: what a reader reads."""
        now_s = self._now_s()
        for figures in self.services.values():
            figures.outcomes.fold()
            figures.charge(now_s)
        return self.services

    def _moved(self, figures: ServiceMetrics, fact: InstanceMoved) -> None:
        figures.charge(fact.at_s)
        before, after = fact.before, fact.after
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
            figures.deaths += 1
