"""Plays a scenario in virtual time; its requests and instance counts are columns."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.model.instance import InstanceState
from simulator.records.events import EventLogged, InstanceMoved, ScalingDecided
from simulator.records.instance_time import InstanceTime, StepFunction
from simulator.records.request_log import Chunk
from simulator.replay.runner import Run, play
from simulator.scenario.scenario import read_scenario

Column = NDArray[np.float64]
_COLUMNS: Final = ("intended_s", "latency_s", "status")


class PlayedScenario:
    """The requests of a run, in the order in which they ended, and the instances of its only service.

    `intended_s`: the time of sending; `latency_s`: the time until the client got the answer; `status`: 200 if served;
    `instance`: the number of the instance that answered. `lines`: the event log with its times.
    """

    def __init__(self, text: str, seed: int = 1) -> None:
        scenario = read_scenario(text).with_seed(seed)
        (service,) = scenario.services
        run = Run(scenario)
        chunks: list[Chunk] = []
        run.journal.subscribe(Chunk, chunks.append)
        play(run, signals=False)
        self.intended_s, self.latency_s, self.status = (
            np.concatenate([np.asarray(getattr(chunk, name), np.float64) for chunk in chunks]) for name in _COLUMNS
        )
        self.instance = np.concatenate([np.asarray(chunk.instance, np.int64) for chunk in chunks])
        self.lines = [(event.at_s, event.line) for event in run.journal.events if isinstance(event, EventLogged)]
        self._launches = {
            event.instance: event.at_s
            for event in run.journal.events
            if isinstance(event, InstanceMoved) and event.after is InstanceState.STARTING
        }
        self._times = InstanceTime(service, run.journal.events)
        self._decisions = [event for event in run.journal.events if isinstance(event, ScalingDecided)]

    @property
    def replicas(self) -> StepFunction:
        """The number of started instances that have not stopped, over time."""
        return self._times.provisioned

    @property
    def ready(self) -> StepFunction:
        """The number of ready instances over time."""
        return self._times.ready

    def launched_s(self, instance: int) -> float:
        """Return the time at which an instance was launched."""
        return self._launches[instance]

    def decisions(self, after_s: float) -> list[tuple[float, int]]:
        """Return (time, desired instances) of the changes that the policy decided after `after_s`."""
        return [(event.at_s, event.desired) for event in self._decisions if event.at_s > after_s]

    def first_launch_s(self, after_s: float) -> float:
        """Return the time at which the replicas first increase after `after_s`; infinity if they never do."""
        return _first_increase_s(self.replicas, after_s)

    def first_ready_s(self, after_s: float) -> float:
        """Return the time at which the ready instances first increase after `after_s`; infinity if they never do."""
        return _first_increase_s(self.ready, after_s)

    def first_zero_s(self, after_s: float) -> float:
        """Return when there is no replica for the first time after `after_s`; infinity if there always is one."""
        steps = zip(self.replicas.times_s, self.replicas.counts, strict=True)
        return next((at_s for at_s, count in steps if at_s > after_s and not count), math.inf)

    def within(self, begin_s: float, end_s: float) -> NDArray[np.bool_]:
        """Return which requests were sent in [begin_s, end_s)."""
        inside: NDArray[np.bool_] = (self.intended_s >= begin_s) & (self.intended_s < end_s)
        return inside

    def mean_latency_s(self, begin_s: float, end_s: float) -> float:
        """Return the mean latency of the requests that were sent in [begin_s, end_s)."""
        return float(self.latency_s[self.within(begin_s, end_s)].mean())

    def rate_rps(self, begin_s: float, end_s: float) -> float:
        """Return the requests/s that were sent in [begin_s, end_s)."""
        return float(self.within(begin_s, end_s).sum()) / (end_s - begin_s)

    def mean_replicas(self, begin_s: float, end_s: float) -> float:
        """Return the time average of the replicas in [begin_s, end_s)."""
        return self.replicas.instance_seconds(begin_s, end_s) / (end_s - begin_s)

    def noted_replicas(self, begin_s: float, end_s: float, every_s: float) -> list[int]:
        """Return the replicas as an observer would record them every `every_s` seconds."""
        count = int((end_s - begin_s) // every_s) + 1
        return [self.replicas.at(begin_s + place * every_s) for place in range(count)]


def _first_increase_s(steps: StepFunction, after_s: float) -> float:
    before = steps.at(after_s)
    for at_s, count in zip(steps.times_s, steps.counts, strict=True):
        if at_s > after_s and count > before:
            return at_s
        before = count if at_s > after_s else before
    return math.inf
