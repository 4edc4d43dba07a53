"""One target tracking policy: its metric points, its two alarms, its proportional formula and its cooldowns.

A service may have several (target_tracking.py). Each proposes a capacity after every new point; which proposal is
carried out depends on all of them.
"""

from __future__ import annotations

import math
from typing import NamedTuple, assert_never

from simulator.rules.policies.aws.alarms import PERIOD_S, Cooldowns, breaches
from simulator.rules.policies.aws.tracking_parameters import TargetTrackingParameters
from simulator.rules.policies.metrics.metric import EPSILON, PER_TARGET, measured, target_text, value_text
from simulator.rules.policies.metrics.published_metric import PublishedMetric
from simulator.rules.policies.port import Observation, Sample


class Proposal(NamedTuple):
    """The capacity that one policy proposes, with its formula and reason. `lets_in`: it allows a scale-in to it."""

    desired: int
    formula: str
    reason: str
    lets_in: bool = False


class MetricTracking:
    """The state of one policy. `is_new`: a point has been published since the last proposal."""

    def __init__(self, parameters: TargetTrackingParameters) -> None:
        self.parameters = parameters
        self.cooldowns = Cooldowns(parameters.scale_out_cooldown_s, parameters.scale_in_cooldown_s)
        kept = max(parameters.out_points, parameters.low_points)
        self._points = PublishedMetric(parameters.metric_period_s, parameters.late_s, kept)
        self._instances = PublishedMetric(parameters.metric_period_s, parameters.late_s)
        self._seen = 0

    def observe(self, sample: Sample) -> None:
        given = self.parameters
        amount, weight = measured(given.metric, sample, given.vcpus, given.memory_gb)
        if given.no_requests_is_missing and given.metric != PER_TARGET and not amount:
            weight = 0.0
        self._points.record(sample.second, amount, weight)
        self._instances.record(sample.second, sample.ready)

    def value(self, now_s: float) -> float | None:
        """Return the newest visible point; None without data."""
        points = self._published(now_s)
        return points[-1] if points else None

    def has_new_point(self, now_s: float) -> bool:
        """Return True once after each new point."""
        self._points.published(now_s)
        if self._points.count == self._seen:
            return False
        self._seen = self._points.count
        return True

    def proposal(self, observation: Observation, capacity: int, target: float) -> Proposal:
        """Return the proposal for the visible points. `capacity`: the desired count so far."""
        given, scaling, now_s = self.parameters, observation.scaling, observation.now_s
        points = self._published(now_s)
        value = points[-1] if points else None
        if value is None:
            return Proposal(
                capacity, f"capacity = {capacity}", "the newest point has no data, so the alarms cause no action"
            )
        there = self._there(observation)

        def proportional(base: int) -> int:
            """Return the proportional capacity, rounded up in both directions so that no needed instance is removed."""
            return math.ceil(min(base, there) * value / target - EPSILON)

        raw = proportional(capacity)
        formula = f"ceil({min(capacity, there):.6g} x {value:.6g} / {target:g}) = {raw}"
        low, named = target * given.low_share, target_text(given.metric, target)
        shown = value_text(given.metric, value)
        if breaches(points, given.out_points, lambda point: point > target + EPSILON, given.out_breaching):
            desired = self.cooldowns.raised(now_s, capacity, scaling.max_size, proportional)
            alarm = f"{self._span(given.out_points, given.out_breaching)} above {named}, the newest at {shown}"
            return Proposal(desired, formula, _reason(alarm, desired, capacity))
        if breaches(points, given.low_points, lambda point: point < low - EPSILON, given.in_breaching):
            surplus = math.floor((capacity - raw) * given.scale_in_share + EPSILON)
            desired = self.cooldowns.lowered(now_s, capacity, scaling.min_size, max(raw, capacity - max(1, surplus)))
            below = target_text(given.metric, low)
            alarm = f"{self._span(given.low_points, given.in_breaching)} below {below}, the newest at {shown}"
            if observation.deploys:
                return Proposal(capacity, formula, f"{alarm}, but scale-in is off during a deployment")
            return Proposal(desired, formula, _reason(alarm, desired, capacity), lets_in=desired < capacity)
        below = target_text(given.metric, low)
        reason = f"no alarm: {shown} in the newest point, not enough in a row above {named} or below {below}"
        return Proposal(capacity, formula, reason)

    def _published(self, now_s: float) -> list[float | None]:
        """Return the visible points. A count of 0 in a period is missing data if it is not published."""
        points, given = self._points.published(now_s), self.parameters
        if given.no_requests_is_missing and given.metric == PER_TARGET:
            return [value or None for value in points]
        return points

    def _there(self, observation: Observation) -> float:
        """Return the number of instances that the proportional rule multiplies."""
        match self.parameters.base:
            case "running":
                return observation.ready
            case "measured":
                return self._instances.newest(observation.now_s) or 0.0
            case "desired":
                return math.inf
            case _:
                assert_never(self.parameters.base)

    def _span(self, points: int, breaching: int | None) -> str:
        """Return the time that so many points cover, as text."""
        period_s = self.parameters.metric_period_s
        covered = f"{points} minutes" if period_s == PERIOD_S else f"{points} points of {period_s:g} s"
        return covered if breaching is None or breaching == points else f"{breaching} of {covered}"


def _reason(alarm: str, desired: int, capacity: int) -> str:
    return alarm if desired != capacity else f"{alarm}, but bounds or a cooldown keep {capacity}"
