"""AWS step scaling: the further the metric is beyond the alarm's threshold, the larger the change (policies 3.4).

The bounds of a step are relative to the threshold. Above it a step includes its lower bound and excludes its upper
bound; below it the reverse. Percentages become whole instances by AWS's rounding: towards zero, but never to zero.

The defaults are the example of the Application Auto Scaling user guide (read; validation case 44): threshold 50 %,
+10 % from 60 and +30 % from 70, -10 % from 40 and -30 % from 30.

Needs the signals `cpu` or `memory` for these metrics. Scale-in is off during a deployment of an ECS service.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal, get_args

from simulator.model.scaling import AutoScalingConfiguration
from simulator.rules.policies.aws.alarms import PERIOD_S, Cooldowns, breaches, late_s_of
from simulator.rules.policies.aws.fargate_start import (
    IMAGE_BYTES,
    PULL_BYTES_PER_SECOND,
    check_start,
    fargate_actuator,
)
from simulator.rules.policies.bounds import bounded
from simulator.rules.policies.metrics.metric import (
    EPSILON,
    PER_TARGET,
    Metric,
    check_period,
    measured,
    needs_of,
    target_text,
    value_text,
)
from simulator.rules.policies.metrics.published_metric import PublishedMetric
from simulator.rules.policies.port import Decision, Observation, Sample
from simulator.rules.policies.ranges import check_above, check_choice, check_whole_seconds, check_within
from simulator.rules.policies.requirements import Requirements, trigger_of

AdjustmentType = Literal["change", "percent", "exact"]


@dataclass(frozen=True, slots=True)
class Step:
    """A change of the capacity by `by` for metrics from `lower` to `upper` above the threshold (None: unbounded).

    `by` is a number of instances or a share of them, depending on the adjustment type.

    Raises:
        ValueError: if `lower` is not below `upper`.
    """

    by: float = 0.0
    lower: float | None = None
    upper: float | None = None

    def __post_init__(self) -> None:
        check_within("by", self.by, -1000, 1000)
        if self.lower is not None and self.upper is not None and self.lower >= self.upper:
            msg = f"lower = {self.lower:g}, must be below upper = {self.upper:g}"
            raise ValueError(msg)

    def holds(self, beyond: float) -> bool:
        """Return True if a metric `beyond` the threshold (negative: below it) is in this step."""
        low = -math.inf if self.lower is None else self.lower
        high = math.inf if self.upper is None else self.upper
        if beyond >= 0:
            return low - EPSILON <= beyond < high - EPSILON
        return low + EPSILON < beyond <= high + EPSILON


OUT: Final = (Step(by=0.1, lower=0.1, upper=0.2), Step(by=0.3, lower=0.2))
IN: Final = (Step(by=-0.1, lower=-0.2, upper=-0.1), Step(by=-0.3, upper=-0.2))


@dataclass(frozen=True, slots=True)
class StepScalingParameters:
    """Parameters of the policy. Times are in seconds, the threshold is in the metric's unit: share of CPU or memory,
    requests in flight or requests/s per instance, or requests per instance and minute (`requests-per-target`).

    Raises:
        ValueError: if a number is out of range, or if the default steps, which are shares, are used for
            `requests-per-target`.
    """

    metric: Metric = "cpu"
    threshold: float = 0.5
    scale_out: tuple[Step, ...] = OUT
    scale_in: tuple[Step, ...] = IN
    adjustment: AdjustmentType = "percent"
    min_magnitude: int = 0  # MinAdjustmentMagnitude: the minimum change by a percentage
    vcpus: float = 1.0  # per instance; utilisation is a share of them
    memory_gb: float = 2.0  # per instance, as `vcpus`
    # ASSUMPTION: the alarms are user-defined; two one-minute points are usual. The user's alarms settle it.
    out_points: int = 2
    in_points: int = 2
    out_breaching: int | None = None  # DatapointsToAlarm: how many of the points must breach; None: all
    in_breaching: int | None = None
    scale_out_cooldown_s: float = 300.0  # ECS services (CDK documentation; read)
    scale_in_cooldown_s: float = 300.0
    metric_period_s: float = PERIOD_S  # seconds of a point: 60, or 20 with ECS's high-resolution metrics
    metric_late_s: float | None = None  # until a point is visible; None: that of the period (alarms.py)
    start_lag_s: float | None = None  # a constant in place of the stages of a start on Fargate (fargate_start.py)
    image_bytes: float = IMAGE_BYTES  # compressed
    pull_bytes_per_second: float = PULL_BYTES_PER_SECOND

    def __post_init__(self) -> None:
        check_choice("metric", self.metric, get_args(Metric))
        check_above("threshold", self.threshold, 0)
        if self.metric == PER_TARGET and (self.scale_out == OUT or self.scale_in == IN):
            msg = f"metric = {self.metric!r}, must be given with scale_out and scale_in: requests per target and minute"
            raise ValueError(msg)
        check_choice("adjustment", self.adjustment, get_args(AdjustmentType))
        check_within("min_magnitude", self.min_magnitude, 0, 1000)
        check_above("vcpus", self.vcpus, 0)
        check_above("memory_gb", self.memory_gb, 0)
        check_within("out_points", self.out_points, 1, 60)
        check_within("in_points", self.in_points, 1, 60)
        if self.out_breaching is not None:
            check_within("out_breaching", self.out_breaching, 1, self.out_points)
        if self.in_breaching is not None:
            check_within("in_breaching", self.in_breaching, 1, self.in_points)
        check_within("scale_out_cooldown_s", self.scale_out_cooldown_s, 0, 86400)
        check_within("scale_in_cooldown_s", self.scale_in_cooldown_s, 0, 86400)
        check_whole_seconds("metric_period_s", self.metric_period_s, 1, 3600)
        check_period(self.metric, self.metric_period_s)
        if self.metric_late_s is not None:
            check_whole_seconds("metric_late_s", self.metric_late_s, 0, 3600)
        check_start(self.start_lag_s, self.image_bytes, self.pull_bytes_per_second)

    @property
    def late_s(self) -> float:
        """The delay of a point in seconds."""
        return late_s_of(self.metric_period_s) if self.metric_late_s is None else self.metric_late_s

    @property
    def needs(self) -> frozenset[str]:
        return needs_of(self.metric)

    def requires(self, scaling: AutoScalingConfiguration) -> Requirements:  # noqa: ARG002 part of the protocol
        """Return the conditions under which a policy with these parameters can act."""
        least = min((step.lower or 0.0 for step in self.scale_out if step.by > 0), default=math.inf)
        return Requirements(
            (trigger_of(self.metric, self.threshold + max(0.0, least), self.vcpus, self.memory_gb),),
            soonest_s=self.out_points * self.metric_period_s + self.late_s,
            slowest_s=max(self.in_points * self.metric_period_s + self.late_s, self.scale_in_cooldown_s),
        )


def adjusted(capacity: int, by: float, kind: AdjustmentType, min_magnitude: int = 0) -> int:
    """Return the new capacity, at least 0.

    Changes by a share are rounded: 12.7 to 12, 0.67 to 1, -0.58 to -1, -6.67 to -6.
    """
    if kind == "exact":
        return max(0, round(by))
    if kind == "change":
        return max(0, capacity + round(by))
    change = capacity * by
    whole = math.floor(abs(change) + EPSILON)
    if change:
        whole = max(whole, 1, min_magnitude)
    return max(0, capacity + (whole if change > 0 else -whole))


class StepScalingPolicy:
    """Keeps the desired count itself, like an ECS service; the first one is the number of existing instances."""

    name = "step-scaling"
    tick_s = 10.0  # the maximum delay after a new point; between points nothing changes
    reacts_to_queue = False

    def __init__(
        self,
        parameters: StepScalingParameters,
        scaling: AutoScalingConfiguration,  # noqa: ARG002  part of the protocol; each observation has the current one
    ) -> None:
        self.actuator = fargate_actuator(
            parameters.start_lag_s, parameters.image_bytes, parameters.pull_bytes_per_second
        )
        self._parameters = parameters
        self._points = PublishedMetric(
            parameters.metric_period_s, parameters.late_s, max(parameters.out_points, parameters.in_points)
        )
        self._seen = 0
        self._cooldowns = Cooldowns(parameters.scale_out_cooldown_s, parameters.scale_in_cooldown_s)
        self._capacity: int | None = None

    def observe(self, sample: Sample) -> None:
        given = self._parameters
        self._points.record(sample.second, *measured(given.metric, sample, given.vcpus, given.memory_gb))

    def decide(self, observation: Observation) -> Decision:
        present = observation.ready + observation.coming if self._capacity is None else self._capacity
        capacity, clamps = bounded(present, observation.scaling)
        points = self._points.published(observation.now_s)
        value = points[-1] if points else None
        desired, formula, reason = capacity, f"capacity = {capacity}", "no new point of the metric"
        if self._points.count > self._seen:
            self._seen = self._points.count
            desired, formula, reason = self._act(observation, capacity, points)
        self._capacity = desired
        inputs: tuple[tuple[str, float], ...] = (("threshold", self._parameters.threshold), ("capacity", present))
        if value is not None:
            inputs = ((self._parameters.metric, value), *inputs)
        return Decision(desired, formula, reason, inputs, clamps)

    def _act(self, observation: Observation, capacity: int, points: list[float | None]) -> tuple[int, str, str]:
        """Return (capacity, formula, reason) for a new point."""
        parameters, scaling = self._parameters, observation.scaling
        threshold, value = parameters.threshold, points[-1]
        named = target_text(parameters.metric, threshold)
        out = breaches(
            points, parameters.out_points, lambda point: point >= threshold - EPSILON, parameters.out_breaching
        )
        low = breaches(
            points, parameters.in_points, lambda point: point <= threshold + EPSILON, parameters.in_breaching
        )
        if value is None or not (out or low):
            shown = "" if value is None else value_text(parameters.metric, value)
            newest = "the newest point has no data" if value is None else f"{shown} in the newest point"
            return capacity, f"capacity = {capacity}", f"no alarm at {named}: {newest}"
        beyond = value - threshold
        steps = parameters.scale_out if out else parameters.scale_in
        step = next((step for step in steps if step.holds(beyond)), None)
        if step is None:
            return capacity, f"{value:.6g} - {threshold:g} = {beyond:.6g}", "the breach is too small for every step"

        def proposed(base: int) -> int:
            return adjusted(base, step.by, parameters.adjustment, parameters.min_magnitude)

        wanted = proposed(capacity)
        formula = (
            f"{value:.6g} - {threshold:g} = {beyond:.6g}: {parameters.adjustment} {step.by:+g} of {capacity} = {wanted}"
        )
        side = "above" if out else "below"
        reason = f"the metric is {abs(beyond):.4g} {side} the threshold of {named}"
        if out:
            desired = self._cooldowns.raised(observation.now_s, capacity, scaling.max_size, proposed)
        elif observation.deploys:
            return capacity, formula, f"{reason}, but scale-in is off during a deployment"
        else:
            desired = self._cooldowns.lowered(observation.now_s, capacity, scaling.min_size, wanted)
        if desired > capacity:
            self._cooldowns.scaled_out(observation.now_s, capacity)
        elif desired < capacity:
            self._cooldowns.scaled_in(observation.now_s)
        return (
            desired,
            formula,
            reason if desired != capacity else f"{reason}, but bounds or a cooldown keep {capacity}",
        )
