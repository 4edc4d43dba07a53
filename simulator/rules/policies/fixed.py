"""Fixed: the same number of instances whatever the traffic. The baseline that every comparison wants."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.model.scaling import AutoScalingConfiguration
from simulator.rules.policies import readiness
from simulator.rules.policies.port import Actuator, Decision, Observation, Sample
from simulator.rules.policies.ranges import check_within
from simulator.rules.policies.requirements import Requirements


@dataclass(frozen=True, slots=True)
class FixedParameters:
    """`instances`: how many; None takes the configuration's MinSize.

    Raises:
        ValueError: when a number is out of range.
    """

    instances: int | None = None
    # Nothing is known of a platform here, so by default nothing is waited for; an hour is far beyond any start.
    start_lag_s: float = 0.0

    def __post_init__(self) -> None:
        if self.instances is not None:
            check_within("instances", self.instances, 1, 1000)
        check_within("start_lag_s", self.start_lag_s, 0, 3600)

    def requires(self, scaling: AutoScalingConfiguration) -> Requirements:  # noqa: ARG002 one signature for all
        """See requirements.py."""
        return Requirements(())


class FixedPolicy:
    """Never changes by itself. It follows the configuration: MinSize when `instances` is not given, and the bounds."""

    name = "fixed"
    tick_s = 1.0  # only a changed configuration is ever noticed here, and that within a second
    pokes = False

    def __init__(self, parameters: FixedParameters, scaling: AutoScalingConfiguration) -> None:
        self.actuator = Actuator(start_lag_s=parameters.start_lag_s, startup_probe_s=readiness.APP_RUNNER_S)
        self._instances = parameters.instances
        self._scaling = scaling
        self._decision = self._decide(scaling)

    def observe(self, sample: Sample) -> None:
        """Traffic does not matter."""

    def decide(self, observation: Observation) -> Decision:
        if observation.scaling != self._scaling:
            self._scaling = observation.scaling
            self._decision = self._decide(observation.scaling)
        return self._decision

    def _decide(self, scaling: AutoScalingConfiguration) -> Decision:
        asked = scaling.min_size if self._instances is None else self._instances
        desired = min(max(asked, scaling.min_size), scaling.max_size)
        clamps: tuple[str, ...] = ()
        if desired != asked:
            clamps = (f"min_size = {desired}",) if desired > asked else (f"max_size = {desired}",)
        source = "min_size" if self._instances is None else "instances"
        return Decision(
            desired=desired,
            formula=f"{source} = {asked}",
            reason=f"the number of instances is fixed at {desired}",
            inputs=((source, asked),),
            clamps=clamps,
        )
