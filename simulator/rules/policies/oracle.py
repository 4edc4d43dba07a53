"""The oracle: a policy that knows the future demand, so the best possible autoscaler with the same actuator and limits
(policies P17).

Its input is the number of instances that the traffic needs in every second of the run. An instance requested now serves
after the start lag and the application's start-up time, and a removed one could not serve again before that; so the
maximum need until then decides. No supply without a shortage can be smaller, and regret is measured against it.

The caller computes `demand` from the scenario's arrivals and service times. Needs `demand`.
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
    """Parameters of the policy. Times are in seconds.

    `demand[t]`: instances needed in the second [t, t + 1) of the run; none are needed after its end. `start_up_s`: the
    longest time from an instance's launch until it serves. `activates`, the lag and the start-up probe are those of the
    platform that the oracle is compared with.

    Raises:
        ValueError: if a number is out of range.
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

    def requires(self, scaling: AutoScalingConfiguration) -> Requirements:  # noqa: ARG002 part of the protocol
        """Return the conditions under which a policy with these parameters can act."""
        return Requirements((Trigger(Signal.DEMAND),))


class OraclePolicy:
    """Decides every second by the demand within the time that a new instance needs until it serves."""

    name = "oracle"
    tick_s = 1.0
    reacts_to_queue = False

    def __init__(
        self,
        parameters: OracleParameters,
        scaling: AutoScalingConfiguration,  # noqa: ARG002  part of the protocol; each observation has the current one
    ) -> None:
        self.actuator = Actuator(
            start_lag_s=parameters.start_lag_s,
            activates=parameters.activates,
            startup_probe_s=parameters.startup_probe_s,
        )
        # The next decision is one tick later, so an instance requested then serves one tick later.
        self._ahead = math.ceil(parameters.start_lag_s + parameters.start_up_s + self.tick_s)
        self._greatest = greatest_ahead(parameters.demand, self._ahead)

    @property
    def needed_at_start(self) -> int:
        """Number of instances that must be ready at the start of the run, because new ones would be ready too late."""
        return self._greatest[0] if self._greatest else 0

    def observe(self, sample: Sample) -> None:
        """Do nothing: the policy does not depend on the past."""

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
    """Return the maximum of `demand[t : t + ahead + 1]` for each second t, in O(len) with a monotonic queue."""
    greatest = [0] * len(demand)
    falling: list[int] = []  # seconds in descending order; their needs strictly decrease
    first = 0
    for second in range(len(demand) - 1, -1, -1):
        while len(falling) > first and demand[falling[-1]] <= demand[second]:
            falling.pop()
        falling.append(second)
        while falling[first] > second + ahead:
            first += 1
        greatest[second] = demand[falling[first]]
    return tuple(greatest)
