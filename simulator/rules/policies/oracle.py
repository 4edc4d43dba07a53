"""The oracle knows the future: what an autoscaler could do at best with the same actuator and limits (policies P17).

It is told, for every second of the run, how many instances the traffic needs. An instance ordered now serves after the
start lag and the application's start-up, and one that is given up could not be back sooner; so the greatest need until
then decides. No supply without a shortage can be smaller, and regret is measured against it.

Whoever runs it brings `demand`: computed from the scenario's own arrivals and service times. Needs `demand`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from simulator.model.scaling import AutoScalingConfiguration
from simulator.rules.policies import readiness
from simulator.rules.policies.bounds import bounded
from simulator.rules.policies.port import Actuator, Decision, Observation, Sample
from simulator.rules.policies.ranges import check_within
from simulator.rules.policies.requirements import Requirements, Signal, Trigger

DEMAND: Final = "demand"


@dataclass(frozen=True, slots=True)
class OracleParameters:
    """`demand[t]`: instances needed in the second [t, t + 1) of the run; after its end nothing is needed.

    `start_up_s`: from an instance's launch until it serves, at its slowest. `activates`, the lag and the start-up
    probe are those of the platform that the oracle stands in for. Times in seconds.

    Raises:
        ValueError: when a number is out of range.
    """

    demand: tuple[int, ...] = ()
    start_lag_s: float = 0.0
    start_up_s: float = 0.0
    activates: bool = False
    startup_probe_s: float = readiness.APP_RUNNER_S

    def __post_init__(self) -> None:
        check_within("start_lag_s", self.start_lag_s, 0, 3600)
        check_within("start_up_s", self.start_up_s, 0, 3600)
        check_within("startup_probe_s", self.startup_probe_s, 0, 3600)
        if self.demand and min(self.demand) < 0:
            msg = f"demand = {min(self.demand)}, must be at least 0 in every second"
            raise ValueError(msg)

    @property
    def needs(self) -> frozenset[str]:
        return frozenset() if self.demand else frozenset({DEMAND})

    def requires(self, scaling: AutoScalingConfiguration) -> Requirements:  # noqa: ARG002 one signature for all
        """See requirements.py."""
        return Requirements((Trigger(Signal.DEMAND),))


class OraclePolicy:
    """Looks each second as far ahead as an instance takes to serve."""

    name = "oracle"
    tick_s = 1.0
    pokes = False

    def __init__(
        self,
        parameters: OracleParameters,
        scaling: AutoScalingConfiguration,  # noqa: ARG002  the port's signature; each observation brings the one in force
    ) -> None:
        self.actuator = Actuator(
            start_lag_s=parameters.start_lag_s,
            activates=parameters.activates,
            startup_probe_s=parameters.startup_probe_s,
        )
        # The next chance to decide is a tick away: what is ordered then serves a tick later.
        self._ahead = math.ceil(parameters.start_lag_s + parameters.start_up_s + self.tick_s)
        self._greatest = greatest_ahead(parameters.demand, self._ahead)

    @property
    def needed_at_start(self) -> int:
        """Instances that must stand at the start of the run: one ordered then would come too late."""
        return self._greatest[0] if self._greatest else 0

    def observe(self, sample: Sample) -> None:
        """The past does not matter."""

    def decide(self, observation: Observation) -> Decision:
        second = math.floor(observation.now_s)
        needed = self._greatest[second] if second < len(self._greatest) else 0
        desired, clamps = bounded(needed, observation.scaling)
        return Decision(
            desired=desired,
            formula=f"max(demand of the next {self._ahead} s) = {needed}",
            reason=f"{needed} instances will be needed within the time that one takes to serve",
            inputs=(("needed", needed),),
            clamps=clamps,
        )


def greatest_ahead(demand: Sequence[int], ahead: int) -> tuple[int, ...]:
    """For each second the greatest of `demand[t : t + ahead + 1]`; in O(len), from the end (a falling queue)."""
    greatest = [0] * len(demand)
    falling: list[int] = []  # seconds, later ones first, each needing more than those before it in time
    first = 0
    for second in range(len(demand) - 1, -1, -1):
        while len(falling) > first and demand[falling[-1]] <= demand[second]:
            falling.pop()
        falling.append(second)
        while falling[first] > second + ahead:
            first += 1
        greatest[second] = demand[falling[first]]
    return tuple(greatest)
