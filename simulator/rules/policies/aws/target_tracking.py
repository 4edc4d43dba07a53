"""AWS target tracking, as Application Auto Scaling does it for ECS services (policies 3.3, P6).

Pipeline: CloudWatch points of one minute (or 20 s) with some delay, and two alarms that users cannot edit. High: 3 of
3 points above the target. Low: 15 of 15 below 90 % of it. Formula: proportional and rounded up, so only a certain
surplus is removed. Limits: a cooldown per direction (`alarms`). Missing data never causes a scale-in.

The exact arithmetic is not published; AWS says that scale-out is proportional and scale-in more gradual. `base` and
`scale_in_share` define the interpretation used here. The response to a step takes three full minutes, the alignment to
the minute, the delay of the metric, and a task start.

Needs the signal `cpu`, unless another metric is configured.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal, assert_never, get_args

from simulator.model.scaling import AutoScalingConfiguration
from simulator.rules.policies import readiness
from simulator.rules.policies.aws.alarms import FARGATE_START_LAG_S, PERIOD_S, Cooldowns, breaches, late_s_of
from simulator.rules.policies.bounds import bounded
from simulator.rules.policies.metrics.metric import (
    EPSILON,
    Metric,
    check_target,
    concurrency_target,
    measured,
    needs_of,
)
from simulator.rules.policies.metrics.published_metric import PublishedMetric
from simulator.rules.policies.port import Actuator, Decision, Observation, Sample
from simulator.rules.policies.ranges import check_above, check_choice, check_whole_seconds, check_within
from simulator.rules.policies.requirements import Requirements, trigger_of

Base = Literal["running", "measured", "desired"]

LOW_S: Final = 900.0
"""The time for which the metric must be low before a scale-in: 15 minutes."""


@dataclass(frozen=True, slots=True)
class TargetTrackingParameters:
    """Parameters of the policy. Times are in seconds.

    `target`: mean CPU share, requests in flight per instance, or requests/s per instance (ALBRequestCountPerTarget /
    60); None takes `target_utilisation`, of CPU or of MaxConcurrency.

    Raises:
        ValueError: if a number is out of range.
    """

    metric: Metric = "cpu"
    target: float | None = None
    # ASSUMPTION: AWS has no default; 70 % is the value in its tutorials, and for concurrency it makes policies
    # comparable. Nothing to settle: set the target that the service needs.
    target_utilisation: float = 0.7
    vcpus: float = 1.0  # per instance; utilisation is a share of them
    out_points: int = 3  # AlarmHigh: 3 of 3 (read in issues that show the alarms)
    # AlarmLow: 15 of 15 minutes (same source).
    # ASSUMPTION: with points of 20 s it covers 15 minutes too, 45 points (None). `describe-alarms` settles it.
    in_points: int | None = None
    low_share: float = 0.9  # AlarmLow's threshold: "usually more than 10 % lower" than the target
    scale_out_cooldown_s: float = 300.0  # ECS services (CDK documentation; read)
    scale_in_cooldown_s: float = 300.0
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
    # never scale in (Lambda's utilisation); ECS always publishes CPU. The SampleCount of an idle hour settles it.
    silence_is_missing: bool = False
    start_lag_s: float = FARGATE_START_LAG_S

    def __post_init__(self) -> None:
        check_choice("metric", self.metric, get_args(Metric))
        check_target(self.metric, self.target)
        check_above("target_utilisation", self.target_utilisation, 0)
        check_within("target_utilisation", self.target_utilisation, 0, 1)
        check_above("vcpus", self.vcpus, 0)
        check_within("out_points", self.out_points, 1, 60)
        if self.in_points is not None:
            check_within("in_points", self.in_points, 1, 60)
        check_within("low_share", self.low_share, 0.01, 1)
        check_choice("base", self.base, get_args(Base))
        check_above("scale_in_share", self.scale_in_share, 0)
        check_within("scale_in_share", self.scale_in_share, 0, 1)
        check_within("scale_out_cooldown_s", self.scale_out_cooldown_s, 0, 86400)
        check_within("scale_in_cooldown_s", self.scale_in_cooldown_s, 0, 86400)
        check_whole_seconds("metric_period_s", self.metric_period_s, 1, 3600)
        if self.metric_late_s is not None:
            check_whole_seconds("metric_late_s", self.metric_late_s, 0, 3600)
        check_within("start_lag_s", self.start_lag_s, 0, 3600)

    @property
    def needs(self) -> frozenset[str]:
        return needs_of(self.metric)

    @property
    def late_s(self) -> float:
        """The delay of a point in seconds."""
        return late_s_of(self.metric_period_s) if self.metric_late_s is None else self.metric_late_s

    @property
    def low_points(self) -> int:
        """The number of points that AlarmLow needs."""
        return math.ceil(LOW_S / self.metric_period_s) if self.in_points is None else self.in_points

    def target_for(self, scaling: AutoScalingConfiguration) -> float:
        """Return the target in the metric's unit."""
        if self.metric == "concurrency":
            return concurrency_target(self.target, self.target_utilisation, scaling)
        return self.target_utilisation if self.target is None else self.target

    def requires(self, scaling: AutoScalingConfiguration) -> Requirements:
        """Return the conditions under which a policy with these parameters can act."""
        return Requirements(
            (trigger_of(self.metric, self.target_for(scaling), self.vcpus),),
            soonest_s=self.out_points * self.metric_period_s + self.late_s,
            slowest_s=max(self.low_points * self.metric_period_s + self.late_s, self.scale_in_cooldown_s),
        )


class TargetTrackingPolicy:
    """Keeps the desired count itself, like an ECS service; the first one is the number of existing instances.

    `capacity` is that count; predictive scaling, which shares it, may set it between decisions.
    """

    name = "target-tracking"
    tick_s = 10.0  # the maximum delay after a new point; between points nothing changes
    reacts_to_queue = False

    def __init__(
        self,
        parameters: TargetTrackingParameters,
        scaling: AutoScalingConfiguration,  # noqa: ARG002  part of the protocol; each observation has the current one
    ) -> None:
        self.actuator = Actuator(start_lag_s=parameters.start_lag_s, startup_probe_s=readiness.AT_ONCE_S)
        self._parameters = parameters
        kept = max(parameters.out_points, parameters.low_points)
        self._points = PublishedMetric(parameters.metric_period_s, parameters.late_s, kept)
        self._instances = PublishedMetric(parameters.metric_period_s, parameters.late_s)
        self._seen = 0
        self._cooldowns = Cooldowns(parameters.scale_out_cooldown_s, parameters.scale_in_cooldown_s)
        self.capacity: int | None = None  # None until the first decision

    def observe(self, sample: Sample) -> None:
        amount, weight = measured(self._parameters.metric, sample, self._parameters.vcpus)
        if self._parameters.silence_is_missing and not amount:
            weight = 0.0
        self._points.record(sample.second, amount, weight)
        self._instances.record(sample.second, sample.ready)

    def decide(self, observation: Observation) -> Decision:
        scaling = observation.scaling
        present = observation.ready + observation.coming if self.capacity is None else self.capacity
        capacity, clamps = bounded(present, scaling)
        points = self._points.published(observation.now_s)
        value = points[-1] if points else None
        target = self._parameters.target_for(scaling)
        desired, formula = capacity, f"capacity = {capacity}"
        if self._points.count == self._seen:
            reason = "no new point of the metric"
        else:
            self._seen = self._points.count
            desired, formula, reason = self._act(observation, capacity, points, target)
        self.capacity = desired
        inputs: tuple[tuple[str, float], ...] = (("target", target), ("capacity", present))
        if value is not None:
            inputs = ((self._parameters.metric, value), *inputs)
        return Decision(desired, formula, reason, inputs, clamps)

    def _act(
        self, observation: Observation, capacity: int, points: list[float | None], target: float
    ) -> tuple[int, str, str]:
        """Return (capacity, formula, reason) for a new point."""
        parameters, scaling = self._parameters, observation.scaling
        value = points[-1]
        if value is None:
            return capacity, f"capacity = {capacity}", "the newest point has no data, so the alarms cause no action"
        there = self._there(observation)

        def proportional(base: int) -> int:
            """Return the proportional capacity, rounded up in both directions so that no needed instance is removed."""
            return math.ceil(min(base, there) * value / target - EPSILON)

        raw = proportional(capacity)
        formula = f"ceil({min(capacity, there):.6g} x {value:.6g} / {target:g}) = {raw}"
        low = target * parameters.low_share
        if breaches(points, parameters.out_points, lambda point: point > target + EPSILON):
            desired = self._cooldowns.raised(observation.now_s, capacity, scaling.max_size, proportional)
            alarm = f"{self._span(parameters.out_points)} above {target:g}, the newest at {value:.4g}"
            return desired, formula, self._reason(alarm, desired, capacity)
        if breaches(points, parameters.low_points, lambda point: point < low - EPSILON):
            kept = capacity - max(1, math.floor((capacity - raw) * parameters.scale_in_share + EPSILON))
            desired = self._cooldowns.lowered(observation.now_s, capacity, scaling.min_size, max(raw, kept))
            alarm = f"{self._span(parameters.low_points)} below {low:g}, the newest at {value:.4g}"
            return desired, formula, self._reason(alarm, desired, capacity)
        reason = f"no alarm: {value:.4g} in the newest point, not enough in a row above {target:g} or below {low:g}"
        return capacity, formula, reason

    def _there(self, observation: Observation) -> float:
        """Return the number of instances that the proportional rule multiplies."""
        match self._parameters.base:
            case "running":
                return observation.ready
            case "measured":
                return self._instances.newest(observation.now_s) or 0.0
            case "desired":
                return math.inf
            case _:
                assert_never(self._parameters.base)

    def _span(self, points: int) -> str:
        """Return the time that so many points cover, as text."""
        period_s = self._parameters.metric_period_s
        return f"{points} minutes" if period_s == PERIOD_S else f"{points} points of {period_s:g} s"

    @staticmethod
    def _reason(alarm: str, desired: int, capacity: int) -> str:
        return alarm if desired != capacity else f"{alarm}, but bounds or a cooldown keep {capacity}"
