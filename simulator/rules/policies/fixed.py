"""Fixed: a constant number of instances, independent of traffic. It serves as the baseline of comparisons."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.model.scaling import AutoScalingConfiguration
from simulator.rules.policies import readiness
from simulator.rules.policies.bounds import bounded
from simulator.rules.policies.port import Actuator, Decision, Observation, Sample
from simulator.rules.policies.ranges import check_within
from simulator.rules.policies.requirements import Requirements


@dataclass(frozen=True, slots=True)
class FixedParameters:
    """Parameters of the policy. `instances` is the number of instances; None takes the configuration's MinSize.

    Raises:
        ValueError: if a number is out of range.
    """

    instances: int | None = None
    # This policy belongs to no platform, so the default is no lag. The maximum of an hour is far above any start time.
    start_lag_s: float = 0.0

    def __post_init__(self) -> None:
        if self.instances is not None:
            check_within("instances", self.instances, 1, 1000)
        check_within("start_lag_s", self.start_lag_s, 0, 3600)

    def requires(self, scaling: AutoScalingConfiguration) -> Requirements:  # noqa: ARG002 part of the protocol
        """Return the conditions under which a policy with these parameters can act."""
        return Requirements(())


class FixedPolicy:
    """Changes its result only if the configuration changes: MinSize (if `instances` is None) or the bounds."""

    name = "fixed"
    tick_s = 1.0  # the result changes only with the configuration; this is the greatest delay of the change
    reacts_to_queue = False

    def __init__(self, parameters: FixedParameters, scaling: AutoScalingConfiguration) -> None:
        self.actuator = Actuator(start_lag_s=parameters.start_lag_s, startup_probe_s=readiness.APP_RUNNER_S)
        self._instances = parameters.instances
        self._scaling = scaling
        self._decision = self._decide(scaling)

    def observe(self, sample: Sample) -> None:
        """Do nothing: the policy does not depend on traffic."""

    def decide(self, observation: Observation) -> Decision:
        if observation.scaling != self._scaling:
            self._scaling = observation.scaling
            self._decision = self._decide(observation.scaling)
        return self._decision

    def _decide(self, scaling: AutoScalingConfiguration) -> Decision:
        asked = scaling.min_size if self._instances is None else self._instances
        desired, clamps = bounded(asked, scaling)
        source = "min_size" if self._instances is None else "instances"
        return Decision(
            desired=desired,
            formula=f"{source} = {asked}",
            reason=f"the number of instances is fixed at {desired}",
            inputs=((source, asked),),
            clamps=clamps,
        )
