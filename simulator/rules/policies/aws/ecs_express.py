"""Amazon ECS Express Mode: target tracking with the presets of Express Mode (policies P6b).

Source: API_ExpressGatewayScalingTarget (read): AVERAGE_CPU, AVERAGE_MEMORY or REQUEST_COUNT_PER_TARGET; CPU 60 by
default. Memory is not simulated, so that metric is not available. Alarms, formula and cooldowns are those of
`target_tracking`.

Needs the signal `cpu`, unless the metric is requests.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

from simulator.model.scaling import AutoScalingConfiguration
from simulator.rules.policies.aws.alarms import FARGATE_START_LAG_S, PERIOD_S
from simulator.rules.policies.aws.target_tracking import TargetTrackingParameters, TargetTrackingPolicy
from simulator.rules.policies.metrics.metric import check_target, needs_of
from simulator.rules.policies.ranges import check_above, check_choice, check_whole_seconds, check_within
from simulator.rules.policies.requirements import Requirements

Metric = Literal["cpu", "requests"]

CPU_TARGET: Final = 0.6


@dataclass(frozen=True, slots=True)
class EcsExpressParameters:
    """Parameters of the policy. Times are in seconds. `target` is the mean CPU share, or the requests/s per instance;
    None takes 60 % CPU.

    Raises:
        ValueError: if a number is out of range.
    """

    metric: Metric = "cpu"
    target: float | None = None
    vcpus: float = 1.0  # 1 vCPU and 2 GB by default (read)
    # Seconds of a point of CPU. Express Mode's own API has no member for 20 s; ecs:UpdateService and a second policy
    # set it (ecs-express 5).
    metric_period_s: float = PERIOD_S
    start_lag_s: float = FARGATE_START_LAG_S

    def __post_init__(self) -> None:
        check_choice("metric", self.metric, get_args(Metric))
        check_target(self.metric, self.target)
        check_above("vcpus", self.vcpus, 0)
        check_whole_seconds("metric_period_s", self.metric_period_s, 1, 3600)
        check_within("start_lag_s", self.start_lag_s, 0, 3600)

    @property
    def needs(self) -> frozenset[str]:
        return needs_of(self.metric)

    def requires(self, scaling: AutoScalingConfiguration) -> Requirements:
        """Return the conditions under which a policy with these parameters can act."""
        return self.tracking.requires(scaling)

    @property
    def tracking(self) -> TargetTrackingParameters:
        """The equivalent parameters of target tracking."""
        return TargetTrackingParameters(
            metric=self.metric,
            target=CPU_TARGET if self.target is None else self.target,
            vcpus=self.vcpus,
            metric_period_s=self.metric_period_s,
            start_lag_s=self.start_lag_s,
        )


class EcsExpressPolicy(TargetTrackingPolicy):
    """Target tracking with the presets of Express Mode."""

    name = "ecs-express"

    def __init__(self, parameters: EcsExpressParameters, scaling: AutoScalingConfiguration) -> None:
        super().__init__(parameters.tracking, scaling)
