"""Scheduled scaling: a number of instances from certain times on, repeated periodically like cron schedules.

The first period (round) starts with the run. Before the first entry of the schedule the last one applies, as it would
in every later round. Traffic has no influence.
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
class ScheduleEntry:
    """The number of `instances` from `at_s` after the start of the round on.

    Raises:
        ValueError: if a number is out of range.
    """

    at_s: float = 0.0
    instances: int = 1

    def __post_init__(self) -> None:
        check_within("at_s", self.at_s, 0, 366 * 86400)
        check_within("instances", self.instances, 0, 1000)


@dataclass(frozen=True, slots=True)
class ScheduledParameters:
    """Parameters of the policy. Times are in seconds. An empty schedule means MinSize.

    Raises:
        ValueError: if a number is out of range, or if the entries are not in order within a round.
    """

    schedule: tuple[ScheduleEntry, ...] = ()
    every_s: float = 86400.0  # a day
    start_lag_s: float = 0.0  # this policy belongs to no platform

    def __post_init__(self) -> None:
        check_above("every_s", self.every_s, 0)
        check_within("start_lag_s", self.start_lag_s, 0, 3600)
        times = [entry.at_s for entry in self.schedule]
        if any(later <= earlier for earlier, later in itertools.pairwise(times)):
            msg = f"schedule = {', '.join(f'{at_s:g}s' for at_s in times)}, must be in ascending order of at"
            raise ValueError(msg)
        if times and times[-1] >= self.every_s:
            msg = f"schedule = {times[-1]:g}s, must be below every = {self.every_s:g}s"
            raise ValueError(msg)

    def requires(self, scaling: AutoScalingConfiguration) -> Requirements:  # noqa: ARG002 part of the protocol
        """Return the conditions under which a policy with these parameters can act."""
        return Requirements((Trigger(Signal.SCHEDULE),) if self.schedule else ())


class ScheduledPolicy:
    """Applies the entry that is in force; decides every second."""

    name = "scheduled"
    tick_s = 1.0
    reacts_to_queue = False

    def __init__(
        self,
        parameters: ScheduledParameters,
        scaling: AutoScalingConfiguration,  # noqa: ARG002  part of the protocol; each observation has the current one
    ) -> None:
        self.actuator = Actuator(start_lag_s=parameters.start_lag_s, startup_probe_s=readiness.APP_RUNNER_S)
        self._schedule = parameters.schedule
        self._every_s = parameters.every_s
        self._times = [entry.at_s for entry in parameters.schedule]

    def observe(self, sample: Sample) -> None:
        """Do nothing: the policy does not depend on traffic."""

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
            reason=f"the schedule's entry of {entry.at_s:g} s is in force",
            inputs=(("at_s", at_s), ("instances", entry.instances)),
            clamps=clamps,
        )
