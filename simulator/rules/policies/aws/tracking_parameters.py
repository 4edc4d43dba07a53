"""The parameters of target tracking: one metric with its alarms and cooldowns, and further metrics of the same service.

Needs the signals `cpu` or `memory` for these metrics.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Final, Literal, get_args

from simulator.model.scaling import AutoScalingConfiguration
from simulator.rules.policies.aws.alarms import PERIOD_S, late_s_of
from simulator.rules.policies.aws.fargate_start import IMAGE_BYTES, PULL_BYTES_PER_SECOND, check_start
from simulator.rules.policies.metrics.metric import (
    PER_TARGET,
    Metric,
    check_period,
    check_target,
    concurrency_target,
    needs_of,
)
from simulator.rules.policies.ranges import check_above, check_choice, check_whole_seconds, check_within
from simulator.rules.policies.requirements import Requirements, trigger_of

Base = Literal["running", "measured", "desired"]

LOW_S: Final = 900.0
"""The time for which the metric must be low before a scale-in: 15 minutes."""


@dataclass(frozen=True, slots=True)
class TrackedMetric:
    """A further target tracking policy of a service: its metric, and what may differ from the first one.

    `target` as in TargetTrackingParameters. `scale_in` False: the policy never removes instances, and does not prevent
    other policies from removing some (DisableScaleIn). `metric_period_s` None: that of the first policy; for
    `requests-per-target` a minute, unless the first has whole minutes.

    Raises:
        ValueError: if a number is out of range.
    """

    metric: Metric = "cpu"
    target: float | None = None
    scale_in: bool = True
    scale_out_cooldown_s: float = 300.0  # ECS services (CDK documentation; read)
    scale_in_cooldown_s: float = 300.0
    metric_period_s: float | None = None

    def __post_init__(self) -> None:
        check_choice("metric", self.metric, get_args(Metric))
        check_target(self.metric, self.target)
        check_within("scale_out_cooldown_s", self.scale_out_cooldown_s, 0, 86400)
        check_within("scale_in_cooldown_s", self.scale_in_cooldown_s, 0, 86400)
        if self.metric_period_s is not None:
            check_whole_seconds("metric_period_s", self.metric_period_s, 1, 3600)
            check_period(self.metric, self.metric_period_s)

    def period_s(self, first_s: float) -> float:
        """Return the period of its points; `first_s` is that of the first policy."""
        if self.metric_period_s is not None:
            return self.metric_period_s
        return PERIOD_S if self.metric == PER_TARGET and first_s % PERIOD_S else first_s


@dataclass(frozen=True, slots=True)
class TargetTrackingParameters:
    """Parameters of the policy. Times are in seconds.

    `target`: mean share of CPU or memory, requests in flight per instance, requests/s per instance, or requests per
    instance and minute (`requests-per-target`: ALBRequestCountPerTarget, a sum). None takes `target_utilisation`, of
    CPU, memory or MaxConcurrency. `also`: further policies of the same service.

    Raises:
        ValueError: if a number is out of range.
    """

    metric: Metric = "cpu"
    target: float | None = None
    # ASSUMPTION: AWS has no default; 70 % is the value in its tutorials, and for concurrency it makes policies
    # comparable. Nothing to settle: set the target that the service needs.
    target_utilisation: float = 0.7
    vcpus: float = 1.0  # per instance; utilisation is a share of them
    memory_gb: float = 2.0  # per instance, as `vcpus`
    out_points: int = 3  # AlarmHigh: 3 of 3 (read in issues that show the alarms)
    # AlarmLow: 15 of 15 minutes (same source).
    # ASSUMPTION: with points of 20 s it covers 15 minutes too, 45 points (None). `describe-alarms` settles it.
    in_points: int | None = None
    # DatapointsToAlarm: how many of these points must breach the threshold; None: all of them. The alarms of target
    # tracking on ECS have all; others were seen with 9 of 15 (policies 3.3).
    out_breaching: int | None = None
    in_breaching: int | None = None
    low_share: float = 0.9  # AlarmLow's threshold: "usually more than 10 % lower" than the target
    scale_out_cooldown_s: float = 300.0  # ECS services (CDK documentation; read)
    scale_in_cooldown_s: float = 300.0
    scale_in: bool = True  # False: DisableScaleIn
    # Seconds of a point: 60, or 20 with ECS's high-resolution metrics (of CPU and memory).
    metric_period_s: float = PERIOD_S
    metric_late_s: float | None = None  # until a point is visible; None: that of the period (alarms.py)
    # The proportional rule multiplies the running count, not the desired one (ECS guide service-auto-scaling; read).
    # ASSUMPTION: it uses the mean running count over the minute of the point (`measured`); otherwise capacity that is
    # already starting would be requested again until the metric shows it. `running`: the count at the time of the
    # alarm; `desired`: the capacity in the published formula. A trace of desired counts after a step, without
    # cooldowns, settles it.
    base: Base = "measured"
    # ASSUMPTION: it is not published how much more gradual than proportional scale-in is; here the whole certain
    # surplus is removed at once. Below 1 only that share of it is removed, at least one instance. The same trace
    # settles it.
    scale_in_share: float = 1.0
    # ASSUMPTION: a metric of requests has no data if there are no requests: some products then publish nothing and
    # never scale in (Lambda's utilisation); ECS always publishes CPU. Load balancers publish counts only while requests
    # arrive, so None means missing for `requests-per-target`, otherwise 0. The SampleCount of an idle hour settles it.
    silence_is_missing: bool | None = None
    start_lag_s: float | None = None  # a constant in place of the stages of a start on Fargate (fargate_start.py)
    image_bytes: float = IMAGE_BYTES  # compressed
    pull_bytes_per_second: float = PULL_BYTES_PER_SECOND
    also: tuple[TrackedMetric, ...] = ()

    def __post_init__(self) -> None:
        check_choice("metric", self.metric, get_args(Metric))
        check_target(self.metric, self.target)
        check_above("target_utilisation", self.target_utilisation, 0)
        check_within("target_utilisation", self.target_utilisation, 0, 1)
        check_above("vcpus", self.vcpus, 0)
        check_above("memory_gb", self.memory_gb, 0)
        check_choice("base", self.base, get_args(Base))
        check_above("scale_in_share", self.scale_in_share, 0)
        check_within("scale_in_share", self.scale_in_share, 0, 1)
        check_within("scale_out_cooldown_s", self.scale_out_cooldown_s, 0, 86400)
        check_within("scale_in_cooldown_s", self.scale_in_cooldown_s, 0, 86400)
        check_whole_seconds("metric_period_s", self.metric_period_s, 1, 3600)
        check_period(self.metric, self.metric_period_s)
        check_within("out_points", self.out_points, 1, 60)
        if self.in_points is not None:
            check_within("in_points", self.in_points, 1, 180)
        for name, count, points in (
            ("out_breaching", self.out_breaching, self.out_points),
            ("in_breaching", self.in_breaching, self.low_points),
        ):
            if count is not None:
                check_within(name, count, 1, points)
        if self.metric_late_s is not None:
            check_whole_seconds("metric_late_s", self.metric_late_s, 0, 3600)
        check_start(self.start_lag_s, self.image_bytes, self.pull_bytes_per_second)
        for number, other in enumerate(self.also):
            try:
                self._further(other)  # its own checks apply too, such as that of in_breaching by its period
            except ValueError as error:
                msg = f"also[{number}]: {error}"
                raise ValueError(msg) from error

    @property
    def needs(self) -> frozenset[str]:
        return needs_of(self.metric).union(*(needs_of(other.metric) for other in self.also))

    @property
    def late_s(self) -> float:
        """The delay of a point in seconds."""
        return late_s_of(self.metric_period_s) if self.metric_late_s is None else self.metric_late_s

    @property
    def low_points(self) -> int:
        """The number of points that AlarmLow considers."""
        return math.ceil(LOW_S / self.metric_period_s) if self.in_points is None else self.in_points

    @property
    def no_requests_is_missing(self) -> bool:
        """True if the metric has no data without requests: in a period of a count, in a second of other metrics."""
        return self.metric == PER_TARGET if self.silence_is_missing is None else self.silence_is_missing

    def target_for(self, scaling: AutoScalingConfiguration) -> float:
        """Return the target in the metric's unit."""
        if self.metric == "concurrency":
            return concurrency_target(self.target, self.target_utilisation, scaling)
        return self.target_utilisation if self.target is None else self.target

    @property
    def each(self) -> tuple[TargetTrackingParameters, ...]:
        """The parameters of each policy of the service, this one first."""
        return dataclasses.replace(self, also=()), *map(self._further, self.also)

    def _further(self, other: TrackedMetric) -> TargetTrackingParameters:
        """Return the parameters of a further policy."""
        return dataclasses.replace(
            self,
            metric=other.metric,
            target=other.target,
            scale_in=other.scale_in,
            scale_out_cooldown_s=other.scale_out_cooldown_s,
            scale_in_cooldown_s=other.scale_in_cooldown_s,
            metric_period_s=other.period_s(self.metric_period_s),
            metric_late_s=None if other.metric_period_s is not None else self.metric_late_s,
            also=(),
        )

    def requires(self, scaling: AutoScalingConfiguration) -> Requirements:
        """Return the conditions under which a policy with these parameters can act."""
        each = self.each
        return Requirements(
            tuple(trigger_of(one.metric, one.target_for(scaling), one.vcpus, one.memory_gb) for one in each),
            soonest_s=min(one.out_points * one.metric_period_s + one.late_s for one in each),
            slowest_s=max(
                max(one.low_points * one.metric_period_s + one.late_s, one.scale_in_cooldown_s) for one in each
            ),
        )
