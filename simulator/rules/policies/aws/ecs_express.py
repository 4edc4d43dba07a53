"""Amazon ECS Express Mode: target tracking with the presets of Express Mode (policies P6b, ecs-express 1.2, 5).

Its API has one metric and one target: AVERAGE_CPU (60 by default), AVERAGE_MEMORY or REQUEST_COUNT_PER_TARGET, here
`cpu`, `memory` and `requests-per-target`. The third is a sum per target and minute, although a page of AWS says "per
second" (ecs-express 0). Alarms, formula and cooldowns are those of `target_tracking`. Further policies (`also`) and
points of 20 s are set outside of Express Mode's API.

Needs the signals `cpu` or `memory` for these metrics.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

from simulator.model.scaling import AutoScalingConfiguration
from simulator.rules.policies.aws.alarms import PERIOD_S
from simulator.rules.policies.aws.fargate_start import IMAGE_BYTES, PULL_BYTES_PER_SECOND
from simulator.rules.policies.aws.target_tracking import TargetTrackingPolicy
from simulator.rules.policies.aws.tracking_parameters import Base, TargetTrackingParameters, TrackedMetric
from simulator.rules.policies.metrics.metric import PER_TARGET, check_target
from simulator.rules.policies.ranges import check_choice
from simulator.rules.policies.requirements import Requirements

ExpressMetric = Literal["cpu", "memory", "requests", "requests-per-target"]

SHARE_TARGET: Final = 0.6
"""autoScalingTargetValue of 60, for CPU and memory (ecs-express 1.2: read)."""
REQUESTS_TARGET: Final = 60.0
"""The same value for requests per target and minute."""


@dataclass(frozen=True, slots=True)
class EcsExpressParameters:
    """Parameters of the policy. Times are in seconds.

    `target`: mean share of CPU or memory, requests per task and minute (`requests-per-target`), or requests/s per task
    (`requests`). None takes 60 %, or 60 requests per task and minute.

    Raises:
        ValueError: if a number is out of range.
    """

    metric: ExpressMetric = "cpu"
    target: float | None = None
    vcpus: float = 1.0  # 1 vCPU and 2 GB by default (read)
    memory_gb: float = 2.0
    # Seconds of a point of CPU. Express Mode's own API has no member for 20 s; ecs:UpdateService and a second policy
    # set it (ecs-express 5).
    metric_period_s: float = PERIOD_S
    metric_late_s: float | None = None  # as for target tracking
    base: Base = "measured"  # as for target tracking
    scale_in_share: float = 1.0  # as for target tracking
    scale_in: bool = True  # disableScaleIn is false (ecs-express 2)
    scale_out_cooldown_s: float = 300.0  # none is listed: Application Auto Scaling's default (ecs-express 2: inferred)
    scale_in_cooldown_s: float = 300.0  # likewise
    start_lag_s: float | None = None  # a constant in place of the stages of a start on Fargate (fargate_start.py)
    image_bytes: float = IMAGE_BYTES  # compressed
    pull_bytes_per_second: float = PULL_BYTES_PER_SECOND
    also: tuple[TrackedMetric, ...] = ()  # AWS suggests CPU and the request count together (ecs-express 2)

    def __post_init__(self) -> None:
        check_choice("metric", self.metric, get_args(ExpressMetric))
        if self.metric == "requests" or self.target is not None:
            check_target(self.metric, self.target)
        _ = self.tracking  # its own checks apply too

    @property
    def needs(self) -> frozenset[str]:
        return self.tracking.needs

    def requires(self, scaling: AutoScalingConfiguration) -> Requirements:
        """Return the conditions under which a policy with these parameters can act."""
        return self.tracking.requires(scaling)

    @property
    def tracking(self) -> TargetTrackingParameters:
        """The equivalent parameters of target tracking."""
        default = REQUESTS_TARGET if self.metric == PER_TARGET else SHARE_TARGET
        return TargetTrackingParameters(
            metric=self.metric,
            target=default if self.target is None else self.target,
            vcpus=self.vcpus,
            memory_gb=self.memory_gb,
            scale_out_cooldown_s=self.scale_out_cooldown_s,
            scale_in_cooldown_s=self.scale_in_cooldown_s,
            scale_in=self.scale_in,
            metric_period_s=self.metric_period_s,
            metric_late_s=self.metric_late_s,
            base=self.base,
            scale_in_share=self.scale_in_share,
            start_lag_s=self.start_lag_s,
            image_bytes=self.image_bytes,
            pull_bytes_per_second=self.pull_bytes_per_second,
            also=self.also,
        )


class EcsExpressPolicy(TargetTrackingPolicy):
    """Target tracking with the presets of Express Mode."""

    name = "ecs-express"

    def __init__(self, parameters: EcsExpressParameters, scaling: AutoScalingConfiguration) -> None:
        super().__init__(parameters.tracking, scaling)
