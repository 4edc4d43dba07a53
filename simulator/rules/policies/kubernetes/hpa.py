"""Kubernetes' Horizontal Pod Autoscaler v2 for CPU or concurrency (policies 3.2, P3).

Pipeline: metrics-server collects a point from every pod each `metric_period_s`. The HPA decides each `tick_s`, not
synchronised with it. Decision: `hpa_replicas`. Limits: `hpa_behaviour`. An instance is a pod; one that is not ready yet
is an unready pod.

CPU is read in whole percent, as in the controller (utilisation is an integer there; read), concurrency in thousandths.
A pod that became ready after the start of the point's period is not in the point. For CPU it counts as unready (CPU
used for start-up is not load, hence `cpu_initialisation_s`), for concurrency as missing. The initial readiness delay
(30 s) concerns pods that *become* unready; here such an instance is replaced, so the delay has no effect and is not a
parameter.

Needs the signal `cpu`, unless the metric is concurrency.
"""

from __future__ import annotations

import itertools
import math
from collections import deque
from dataclasses import dataclass
from typing import Final, Literal, get_args

from simulator.model.scaling import AutoScalingConfiguration
from simulator.rules.policies import readiness
from simulator.rules.policies.bounds import bounded
from simulator.rules.policies.kubernetes.hpa_behaviour import (
    DOWN_LIMITS,
    DOWN_STABILISATION_S,
    UP_LIMITS,
    UP_STABILISATION_S,
    Direction,
    HpaBehaviour,
    RateLimit,
    Select,
)
from simulator.rules.policies.kubernetes.hpa_replicas import Pods, by_pods
from simulator.rules.policies.metrics.metric import EPSILON, check_target, concurrency_target, measured, needs_of
from simulator.rules.policies.metrics.published_metric import PublishedMetric
from simulator.rules.policies.port import Actuator, Decision, Observation, Sample
from simulator.rules.policies.ranges import check_above, check_choice, check_whole_seconds, check_within
from simulator.rules.policies.requirements import Requirements, trigger_of

Metric = Literal["cpu", "concurrency"]

# autoscaling/v2 defaults.go: 80 % if no metric is given (read).
CPU_TARGET: Final = 0.8
_PERCENT: Final = 100
_MILLI: Final = 1000


@dataclass(frozen=True, slots=True)
class HpaParameters:
    """Parameters with Kubernetes' defaults (config/v1alpha1/defaults.go at 85643c0f, v2/defaults.go; read).

    Times in seconds. `target`: mean CPU share, or requests in flight per pod; None takes 80 % CPU, or 70 % of
    MaxConcurrency.

    Raises:
        ValueError: if a number is out of range.
    """

    metric: Metric = "cpu"
    # ASSUMPTION: a concurrency metric is user-defined and has no default target; 70 % of MaxConcurrency is Knative's
    # utilisation, so that the two are comparable. Nothing to settle: set `target` to the value that the service needs.
    target: float | None = None
    vcpus: float = 1.0  # the CPU request of a pod; utilisation is a share of it
    tick_s: float = 15.0  # --horizontal-pod-autoscaler-sync-period
    tolerance: float = 0.1  # --horizontal-pod-autoscaler-tolerance
    cpu_initialisation_s: float = 300.0  # --horizontal-pod-autoscaler-cpu-initialization-period
    metric_period_s: float = 15.0  # metrics-server --metric-resolution=15s (memory)
    # ASSUMPTION: scrape and sync are not synchronised and the kubelet's values are seconds old, so a sync uses a point
    # that ended up to two periods ago. Timestamps of `kubectl get --raw /apis/metrics.k8s.io` settle it.
    metric_late_s: float = 15.0
    # The number of last seconds of a period that its point covers; None means all of it. Releases of metrics-server
    # before 0.4 used the kubelet's current usage, which covers about one of its own sampling intervals.
    metric_window_s: float | None = None
    scale_up_stabilisation_s: float = UP_STABILISATION_S
    scale_up_limits: tuple[RateLimit, ...] = UP_LIMITS
    scale_up_select: Select = "max"
    scale_down_stabilisation_s: float = DOWN_STABILISATION_S
    scale_down_limits: tuple[RateLimit, ...] = DOWN_LIMITS
    scale_down_select: Select = "max"
    # ASSUMPTION: a node has free capacity and the image; Kubernetes then schedules a pod and starts its container in
    # about a second. The time between "Scheduled" and "Started" events of a cluster settles it.
    start_lag_s: float = 1.0

    def __post_init__(self) -> None:
        check_choice("metric", self.metric, get_args(Metric))
        check_target(self.metric, self.target)
        check_above("vcpus", self.vcpus, 0)
        check_within("tick_s", self.tick_s, 0.1, 3600)
        check_within("tolerance", self.tolerance, 0, 1)
        check_within("cpu_initialisation_s", self.cpu_initialisation_s, 0, 3600)
        check_whole_seconds("metric_period_s", self.metric_period_s, 1, 3600)
        check_within("metric_late_s", self.metric_late_s, 0, 3600)
        if self.metric_window_s is not None:
            check_whole_seconds("metric_window_s", self.metric_window_s, 1, math.floor(self.metric_period_s))
        check_within("scale_up_stabilisation_s", self.scale_up_stabilisation_s, 0, 3600)
        check_within("scale_down_stabilisation_s", self.scale_down_stabilisation_s, 0, 3600)
        check_limits("scale_up_limits", self.scale_up_limits)
        check_limits("scale_down_limits", self.scale_down_limits)
        check_choice("scale_up_select", self.scale_up_select, get_args(Select))
        check_choice("scale_down_select", self.scale_down_select, get_args(Select))
        check_within("start_lag_s", self.start_lag_s, 0, 3600)

    @property
    def needs(self) -> frozenset[str]:
        return needs_of(self.metric)

    @property
    def behaviour(self) -> HpaBehaviour:
        return HpaBehaviour(
            Direction(self.scale_up_stabilisation_s, self.scale_up_limits, self.scale_up_select),
            Direction(self.scale_down_stabilisation_s, self.scale_down_limits, self.scale_down_select),
        )

    def requires(self, scaling: AutoScalingConfiguration) -> Requirements:
        """Return the conditions under which a policy with these parameters can act."""
        if self.metric == "cpu":
            target = CPU_TARGET if self.target is None else self.target
        else:
            target = concurrency_target(self.target, 0.7, scaling)
        return Requirements(
            (trigger_of(self.metric, target * (1 + self.tolerance), self.vcpus),),
            soonest_s=self.metric_period_s + self.metric_late_s + self.scale_up_stabilisation_s,
            slowest_s=max(self.scale_down_stabilisation_s, self.scale_up_stabilisation_s),
        )


def check_limits(name: str, limits: tuple[RateLimit, ...]) -> None:
    """Check that there is a limit.

    Raises:
        ValueError: if `limits` is empty; use `select: disabled` to allow no change.
    """
    if not limits:
        msg = f"{name} = [], must be at least one limit"
        raise ValueError(msg)


class HpaPolicy:
    """Keeps the number of replicas itself, like the scale subresource; the first one is the number of existing
    instances.

    `replicas` is that number; a predictive HPA, which shares it, may set it between decisions.
    """

    name = "hpa"
    reacts_to_queue = False

    def __init__(
        self,
        parameters: HpaParameters,
        scaling: AutoScalingConfiguration,  # noqa: ARG002  part of the protocol; each observation has the current one
    ) -> None:
        self.tick_s = parameters.tick_s
        self.actuator = Actuator(start_lag_s=parameters.start_lag_s, startup_probe_s=readiness.KUBELET_S)
        self._parameters = parameters
        self._points = PublishedMetric(parameters.metric_period_s, parameters.metric_late_s)
        self._behaviour = parameters.behaviour
        self.replicas: int | None = None  # None until the first decision
        # Ready pods per second, back to the start of the oldest point that a decision may use.
        seconds = 2 * parameters.metric_period_s + parameters.metric_late_s + parameters.tick_s
        self._ready: deque[int] = deque(maxlen=math.ceil(seconds))

    def observe(self, sample: Sample) -> None:
        covered = self._is_covered(sample.second)
        point = measured(self._parameters.metric, sample, self._parameters.vcpus) if covered else (0.0, 0.0)
        self._points.record(sample.second, *point)
        self._ready.append(sample.ready)

    def decide(self, observation: Observation) -> Decision:
        present = observation.ready + observation.coming if self.replicas is None else self.replicas
        current, clamps = bounded(present, observation.scaling)
        self._behaviour.reconcile(observation.now_s, present)
        value = self._points.newest(observation.now_s)
        pods = self._pods(observation)
        if clamps or value is None or not pods.ready or not current:
            desired, formula, reason = current, f"replicas = {current}", "no metric of a ready pod: nothing changes"
            if clamps:
                reason = f"the bounds require {current} instead of {present}, before any metric"
        else:
            desired, formula, reason, clamps = self._follow(observation, current, value, pods)
        self._behaviour.moved(observation.now_s, current, desired)
        self.replicas = desired
        inputs: tuple[tuple[str, float], ...] = (
            ("ready", pods.ready),
            ("unready", pods.unready),
            ("missing", pods.missing),
            ("replicas", present),
        )
        if value is not None:
            inputs = ((self._parameters.metric, value), *inputs)
        return Decision(desired, formula, reason, inputs, clamps)

    def _follow(
        self, observation: Observation, current: int, value: float, pods: Pods
    ) -> tuple[int, str, str, tuple[str, ...]]:
        parameters = self._parameters
        if parameters.metric == "cpu":
            target, unit = CPU_TARGET if parameters.target is None else parameters.target, _PERCENT
        else:
            target, unit = concurrency_target(parameters.target, 0.7, observation.scaling), _MILLI
        # Whole numbers in the controller's unit, so that the ratio has the same rounding errors as the controller's.
        mean, goal = math.floor(value * unit + EPSILON), target * unit
        full = _PERCENT if parameters.metric == "cpu" else None
        wanted = by_pods(mean, goal, pods, current, parameters.tolerance, full)
        desired, clamps = self._behaviour.settle(observation.now_s, current, wanted)
        desired, clamps = bounded(desired, observation.scaling, clamps)
        beside = f" beside {pods.unready} unready, {pods.missing} missing" if pods.unready or pods.missing else ""
        formula = f"ceil({pods.ready} x {mean / unit:g} / {target:g}){beside} = {wanted}"
        if wanted == current and mean != goal:
            reason = (
                f"{parameters.metric} is {mean / goal:.3g} of its target: within the tolerance of "
                f"{parameters.tolerance:g}, or new pods may suffice"
            )
        else:
            reason = f"{parameters.metric} is {mean / goal:.3g} of its target on {pods.ready} ready pods"
        if desired != wanted:
            reason += f"; {wanted} would be desired, {desired} is allowed now"
        return desired, formula, reason, clamps

    def _is_covered(self, second: int) -> bool:
        """Return True if the point of its period covers this second."""
        period_s, window_s = self._parameters.metric_period_s, self._parameters.metric_window_s
        return window_s is None or second % period_s >= period_s - window_s

    def _pods(self, observation: Observation) -> Pods:
        """Classify the pods: those ready since the start of the point's period have a value; pending: unready."""
        since_s = observation.now_s - (self._points.ended_s - self._parameters.metric_period_s)
        fewest = min(itertools.islice(reversed(self._ready), max(0, math.ceil(since_s))), default=observation.ready)
        measured_ones = min(observation.ready, fewest)
        fresh = observation.ready - measured_ones
        if self._parameters.metric == "cpu" and self._parameters.cpu_initialisation_s > 0:
            return Pods(measured_ones, observation.coming + fresh)
        return Pods(measured_ones, observation.coming, missing=fresh)
