"""Scale per request: starts an instance for every request without a free slot, and removes it after ten idle minutes.

The model of AWS Lambda and similar platforms as SimFaaS simulates it (policies P10, validation cases 1 to 17;
pacslab/simfaas, arXiv 2102.08904). There an instance has one slot (MaxConcurrency 1); here it has MaxConcurrency slots.

The published counts are reproduced only if requests go to the *newest* idle instance: other algorithms keep resetting
idle timers (random: 11.4 instances instead of 7.7), so use the balancing `newest-first`.
"""

from __future__ import annotations

from dataclasses import dataclass

from simulator.model.scaling import AutoScalingConfiguration
from simulator.rules.policies import readiness
from simulator.rules.policies.bounds import bounded
from simulator.rules.policies.port import Actuator, Decision, Observation, Sample
from simulator.rules.policies.ranges import check_above, check_within
from simulator.rules.policies.requirements import Requirements, Signal, Trigger


@dataclass(frozen=True, slots=True)
class ScalePerRequestParameters:
    """Parameters of the policy. Times are in seconds.

    Raises:
        ValueError: if a number is out of range.
    """

    # SimFaaS and its measurements of AWS Lambda in 2020: about 10 minutes (policies P10, 3.5; observed).
    idle_expiry_s: float = 600.0
    # SimFaaS counts the whole cold start as service time of the first request, without a lag of the platform.
    start_lag_s: float = 0.0

    def __post_init__(self) -> None:
        check_above("idle_expiry_s", self.idle_expiry_s, 0)
        check_within("start_lag_s", self.start_lag_s, 0, 3600)

    def requires(self, scaling: AutoScalingConfiguration) -> Requirements:  # noqa: ARG002 part of the protocol
        """Return the conditions under which a policy with these parameters can act."""
        return Requirements((Trigger(Signal.QUEUED),), slowest_s=self.idle_expiry_s)


class ScalePerRequestPolicy:
    """Only adds instances; `actuator.idle_expiry_s` removes them."""

    name = "scale-per-request"
    tick_s = 1.0  # requests trigger decisions; the tick only restores MinSize after an expiry or a crash
    reacts_to_queue = True

    def __init__(
        self,
        parameters: ScalePerRequestParameters,
        scaling: AutoScalingConfiguration,  # noqa: ARG002  part of the protocol; each observation has the current one
    ) -> None:
        self.actuator = Actuator(
            start_lag_s=parameters.start_lag_s,
            startup_probe_s=readiness.AT_ONCE_S,
            idle_expiry_s=parameters.idle_expiry_s,
        )

    def observe(self, sample: Sample) -> None:
        """Do nothing: the policy does not depend on the past."""

    def decide(self, observation: Observation) -> Decision:
        scaling = observation.scaling
        there = observation.ready + observation.coming
        short = max(0, observation.waiting - observation.coming * scaling.max_concurrency)
        missing = -(-short // scaling.max_concurrency)
        asked = there + missing
        desired, clamps = bounded(asked, scaling)
        if missing:
            reason = f"{short} requests wait without a free or starting slot"
        else:
            reason = "every request has a slot or one that is starting"
        return Decision(
            desired=desired,
            formula=f"{observation.ready} ready + {observation.coming} coming + {missing} missing = {asked}",
            reason=reason,
            inputs=(
                ("ready", observation.ready),
                ("coming", observation.coming),
                ("waiting", observation.waiting),
            ),
            clamps=clamps,
        )
