"""Instance time of one service: counts over time as step functions, and activations. A reader of the journal.

Three counts are kept as step functions of time:

    provisioned  launched and not stopped: starting, idle, active or draining. Memory is allocated for these.
    ready        idle or active: can get requests.
    active       has its CPU: starting, active, or draining after being active.

An instance before its launch (`PROVISIONING`) is in none of them.

An activation is an uninterrupted period in which an instance has its CPU. When it ends because the instance became
idle, its last `idle_after_s` seconds contain no work, because the platform waited for another request. `lifetimes` can
exclude them.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.model.instance import READY, InstanceState
from simulator.records.events import Event, InstanceMoved

_LAUNCHED: Final = frozenset({InstanceState.STARTING, InstanceState.IDLE, InstanceState.ACTIVE, InstanceState.DRAINING})
_BUSY: Final = frozenset({InstanceState.STARTING, InstanceState.ACTIVE})


@dataclass(slots=True)
class StepFunction:
    """A step function: the count is `counts[i]` from `times_s[i]` on, and 0 before the first step."""

    times_s: list[float] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)

    def change(self, at_s: float, by: int) -> None:
        """Change the count by `by` at `at_s`, which must not decrease between calls.

        Changes at one time become one step.
        """
        assert not self.times_s or at_s >= self.times_s[-1], f"at_s = {at_s}, must not precede {self.times_s[-1]}"
        count = (self.counts[-1] if self.counts else 0) + by
        if self.times_s and self.times_s[-1] == at_s:
            self.counts[-1] = count
        else:
            self.times_s.append(at_s)
            self.counts.append(count)

    def at(self, at_s: float) -> int:
        """Return the count at `at_s`, including a change at that time."""
        index = bisect.bisect_right(self.times_s, at_s)
        return self.counts[index - 1] if index else 0

    def instance_seconds(self, begin_s: float, end_s: float) -> float:
        """Return the integral over [begin_s, end_s]."""
        return float(np.diff(self._integral(np.array([begin_s, end_s])))[0])

    def highest(self, begin_s: float, end_s: float) -> int:
        """Return the largest count within [begin_s, end_s]."""
        first, last = (bisect.bisect_right(self.times_s, moment) for moment in (begin_s, end_s))
        return max([self.at(begin_s), *self.counts[first:last]])

    def means(self, edges_s: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the mean count between each edge and the next (edges ascending)."""
        means: NDArray[np.float64] = self.integrals(edges_s) / np.diff(edges_s)
        return means

    def integrals(self, edges_s: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the instance-seconds between each edge and the next (edges may be equal)."""
        integrals: NDArray[np.float64] = np.diff(self._integral(edges_s))
        return integrals

    def _integral(self, moments_s: NDArray[np.float64]) -> NDArray[np.float64]:
        if not self.times_s:
            return np.zeros(len(moments_s))
        times, counts = np.array(self.times_s), np.array(self.counts, dtype=np.float64)
        upto = np.concatenate(([0.0], np.cumsum(np.diff(times) * counts[:-1])))
        index = np.searchsorted(times, moments_s, side="right") - 1
        inside = np.maximum(index, 0)
        integral: NDArray[np.float64] = upto[inside] + counts[inside] * (moments_s - times[inside])
        return np.where(index >= 0, integral, 0.0)


class InstanceLifetime(NamedTuple):
    """One instance until the end of the run: seconds provisioned, and its activations as (begin_s, end_s), in order."""

    instance: int
    provisioned_s: float
    activations: tuple[tuple[float, float], ...]


@dataclass(slots=True)
class _Instance:
    launched_s: float
    stopped_s: float | None = None
    busy_since_s: float | None = None
    # (begin, end, True if the instance became idle at the end)
    activations: list[tuple[float, float, bool]] = field(default_factory=list)


class InstanceTime:
    """Computes instance times from the `InstanceMoved` events of one service, in order, during a run or after it."""

    def __init__(self, service: str, events: Iterable[Event] = ()) -> None:
        self.provisioned = StepFunction()
        self.ready = StepFunction()
        self.active = StepFunction()
        self.started = 0
        self.became_ready = 0
        self.crashed = 0  # number that crashed while ready: no other transition leads from idle or active to stopped
        self.ended_before_ready = 0  # number whose start failed, or that were no longer needed
        self._service = service
        self._instances: dict[int, _Instance] = {}
        for event in events:
            self.read(event)

    def read(self, event: Event) -> None:
        """Process an event; events of other kinds and of other services are ignored."""
        if not isinstance(event, InstanceMoved) or event.service != self._service:
            return
        instance = self._instances.get(event.instance)
        if instance is None:
            if event.after not in _LAUNCHED:
                return
            instance = self._launch(event)
        self._count_readiness(event)
        self._follow_cpu(event, instance)
        if event.after is InstanceState.STOPPED:
            instance.stopped_s = event.at_s
            self.provisioned.change(event.at_s, -1)

    def lifetimes(self, end_s: float, idle_after_s: float = 0.0) -> Sequence[InstanceLifetime]:
        """Return all launched instances. The times of those that still run end at `end_s`.

        `idle_after_s` is subtracted from each activation that ended because the instance became idle (see the module's
        docstring).
        """
        return [_life(number, instance, end_s, idle_after_s) for number, instance in self._instances.items()]

    def _launch(self, event: InstanceMoved) -> _Instance:
        instance = self._instances[event.instance] = _Instance(event.at_s)
        self.started += 1
        self.provisioned.change(event.at_s, +1)
        return instance

    def _count_readiness(self, event: InstanceMoved) -> None:
        was, is_now = event.before in READY, event.after in READY
        if is_now and not was:
            self.became_ready += 1
            self.ready.change(event.at_s, +1)
        if was and not is_now:
            self.ready.change(event.at_s, -1)
        if event.after is InstanceState.STOPPED:
            self.crashed += was
            self.ended_before_ready += event.before is InstanceState.STARTING

    def _follow_cpu(self, event: InstanceMoved, instance: _Instance) -> None:
        busy = instance.busy_since_s is not None
        # a draining instance keeps its CPU
        stays = event.after in _BUSY or (event.after is InstanceState.DRAINING and busy)
        if stays and not busy:
            instance.busy_since_s = event.at_s
            self.active.change(event.at_s, +1)
        if busy and not stays:
            assert instance.busy_since_s is not None
            fell_idle = event.after is InstanceState.IDLE
            instance.activations.append((instance.busy_since_s, event.at_s, fell_idle))
            instance.busy_since_s = None
            self.active.change(event.at_s, -1)


def _life(number: int, instance: _Instance, end_s: float, idle_after_s: float) -> InstanceLifetime:
    activations = [
        (begin_s, max(begin_s, until_s - idle_after_s) if fell_idle else until_s)
        for begin_s, until_s, fell_idle in instance.activations
    ]
    if instance.busy_since_s is not None:
        activations.append((instance.busy_since_s, end_s))
    stopped_s = end_s if instance.stopped_s is None else instance.stopped_s
    return InstanceLifetime(number, max(0.0, stopped_s - instance.launched_s), tuple(activations))
