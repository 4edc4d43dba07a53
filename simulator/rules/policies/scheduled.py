"""Scheduled scaling: so many instances from certain times on, over and over, as cron schedules of any platform do.

The run's start is time 0 of the first round. Before the first entry of a schedule the last one counts, as it was still
in force from the round before. Traffic does not matter.
"""

from __future__ import annotations

import bisect
import itertools
from dataclasses import dataclass

from simulator.model.scaling import AutoScalingConfiguration
from simulator.rules.policies import readiness
from simulator.rules.policies.bounds import bounded
from simulator.rules.policies.port import Actuator, Decision, Observation, Sample
from simulator.rules.policies.ranges import check_above, check_within
from simulator.rules.policies.requirements import Requirements, Signal, Trigger


@dataclass(frozen=True, slots=True)
class Entry:
    """From `at_s` after the round's start on: this many `instances`.

    Raises:
        ValueError: when a number is out of range.
    """

    at_s: float = 0.0
    instances: int = 1

    def __post_init__(self) -> None:
        check_within("at_s", self.at_s, 0, 366 * 86400)
        check_within("instances", self.instances, 0, 1000)


@dataclass(frozen=True, slots=True)
class ScheduledParameters:
    """Times in seconds. An empty schedule is MinSize.

    Raises:
        ValueError: when a number is out of range or the entries are not in order within a round.
    """

    schedule: tuple[Entry, ...] = ()
    every_s: float = 86400.0  # a day
    start_lag_s: float = 0.0  # nothing is known of a platform here

    def __post_init__(self) -> None:
        check_above("every_s", self.every_s, 0)
        check_within("start_lag_s", self.start_lag_s, 0, 3600)
        times = [entry.at_s for entry in self.schedule]
        if any(later <= earlier for earlier, later in itertools.pairwise(times)):
            msg = f"schedule = {', '.join(f'{at_s:g}s' for at_s in times)}, must be in rising order of at"
            raise ValueError(msg)
        if times and times[-1] >= self.every_s:
            msg = f"schedule = {times[-1]:g}s, must be below every = {self.every_s:g}s"
            raise ValueError(msg)

    def requires(self, scaling: AutoScalingConfiguration) -> Requirements:  # noqa: ARG002 one signature for all
        """See requirements.py."""
        return Requirements((Trigger(Signal.SCHEDULE),) if self.schedule else ())


class ScheduledPolicy:
    """Looks each second which entry is in force."""

    name = "scheduled"
    tick_s = 1.0
    pokes = False

    def __init__(
        self,
        parameters: ScheduledParameters,
        scaling: AutoScalingConfiguration,  # noqa: ARG002  the port's signature; each observation brings the one in force
    ) -> None:
        self.actuator = Actuator(start_lag_s=parameters.start_lag_s, startup_probe_s=readiness.APP_RUNNER_S)
        self._schedule = parameters.schedule
        self._every_s = parameters.every_s
        self._times = [entry.at_s for entry in parameters.schedule]

    def observe(self, sample: Sample) -> None:
        """Traffic does not matter."""

    def decide(self, observation: Observation) -> Decision:
        if not self._schedule:
            least = observation.scaling.min_size
            return Decision(least, f"min_size = {least}", "the schedule is empty", (("min_size", least),))
        at_s = observation.now_s % self._every_s
        entry = self._schedule[bisect.bisect_right(self._times, at_s) - 1]
        desired, clamps = bounded(entry.instances, observation.scaling)
        return Decision(
            desired=desired,
            formula=f"instances = {entry.instances}",
            reason=f"the schedule's entry of {entry.at_s:g}s is in force",
            inputs=(("at_s", at_s), ("instances", entry.instances)),
            clamps=clamps,
        )
