"""Knative's pod autoscaler (KPA): metric pipeline, decision, bounds, scaling to zero (policies 3.1, P2 to P2e).

An instance is a pod, MaxConcurrency its `containerConcurrency`, MinSize and MaxSize its scale bounds (0 is allowed).

Pipeline: every second the load of the whole revision is recorded in a stable and a panic window (60 s and 6 s). Knative
scrapes only `ceil(n s / (n + s - 1))` of n > 3 pods, s = 15.366, and extrapolates; the simulation observes every pod,
so its averages have no sampling error. A second's value is recorded when the second has closed, as by a scrape.

Decision: `knative_decider`. Zero: `knative_zero`. At zero the first request triggers a decision: the activator reports
it before the second has closed, here in the observation's `waiting`. Requests are queued in the activator while it is
in the path (`activator_in_path`); the platform decides whether that changes their route.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal, get_args

from simulator.model.scaling import AutoScalingConfiguration
from simulator.rules.policies import readiness
from simulator.rules.policies.bounds import bounded
from simulator.rules.policies.kubernetes.knative_decider import Decider, DeciderSpec, Scale
from simulator.rules.policies.kubernetes.knative_zero import ScaleToZero, ZeroRules
from simulator.rules.policies.port import Actuator, Decision, Observation, Sample
from simulator.rules.policies.ranges import check_above, check_choice, check_whole_seconds, check_within
from simulator.rules.policies.requirements import Requirements, Signal, Trigger
from simulator.rules.windows import LinearWindow, WeightedWindow

Metric = Literal["concurrency", "rps"]
Aggregation = Literal["linear", "weighted_exponential"]

# resources/target.go: the smallest possible target.
TARGET_MIN: Final = 0.01


@dataclass(frozen=True, slots=True)
class KnativeParameters:
    """Parameters with the defaults of Knative Serving (config/core/configmaps/autoscaler.yaml at 98e5ef90; read).

    Times in seconds, windows in whole seconds; rates and shares are factors.

    Raises:
        ValueError: if a number is out of range.
    """

    metric: Metric = "concurrency"
    aggregation: Aggregation = "linear"
    # Per instance, in the metric's unit, before utilisation: the annotation `autoscaling.knative.dev/target`. None
    # takes MaxConcurrency, or `rps_target`. For concurrency the smaller of this and MaxConcurrency is used (target.go).
    target: float | None = None
    rps_target: float = 200.0
    # container-concurrency-target-percentage; it also multiplies a target given by annotation, and the target of rps.
    target_utilisation: float = 0.7
    tick_s: float = 2.0
    stable_window_s: float = 60.0
    panic_window_share: float = 0.1  # panic-window-percentage 10: 6 s
    panic_threshold: float = 2.0  # panic-threshold-percentage 200
    max_scale_up_rate: float = 1000.0
    max_scale_down_rate: float = 2.0
    scale_down_delay_s: float = 0.0
    activation_scale: int = 1
    # A new revision starts with this many instances and keeps them until they have been ready once.
    initial_scale: int = 1
    target_burst_capacity: float = 211.0  # -1 = unlimited: the activator is always in the path
    scale_to_zero: bool = True
    scale_to_zero_grace_s: float = 30.0
    last_pod_retention_s: float = 0.0
    # ASSUMPTION: Kubernetes schedules a pod and starts its container in about a second if the image is on the node (the
    # analytical model of case 22 uses 1 /s). The time between "Scheduled" and "Started" events of a cluster settles it.
    start_lag_s: float = 1.0

    def __post_init__(self) -> None:
        # Ranges: pkg/apis/autoscaling/annotation_validation.go and config.go (memory); wider where that is harmless.
        check_choice("metric", self.metric, get_args(Metric))
        check_choice("aggregation", self.aggregation, get_args(Aggregation))
        if self.target is not None:
            check_within("target", self.target, TARGET_MIN, 1e6)
        check_within("rps_target", self.rps_target, TARGET_MIN, 1e6)
        check_within("target_utilisation", self.target_utilisation, 0.01, 1)
        check_within("tick_s", self.tick_s, 0.1, 3600)
        check_whole_seconds("stable_window_s", self.stable_window_s, 6, 3600)
        check_within("panic_window_share", self.panic_window_share, 0.01, 1)
        check_within("panic_threshold", self.panic_threshold, 1.1, 10)
        check_above("max_scale_up_rate", self.max_scale_up_rate, 1)
        check_above("max_scale_down_rate", self.max_scale_down_rate, 1)
        check_within("scale_down_delay_s", self.scale_down_delay_s, 0, 3600)
        check_within("activation_scale", self.activation_scale, 1, 1000)
        check_within("initial_scale", self.initial_scale, 0, 1000)
        if self.target_burst_capacity != -1:
            check_within("target_burst_capacity", self.target_burst_capacity, 0, 1e6)
        check_within("scale_to_zero_grace_s", self.scale_to_zero_grace_s, 0, 3600)
        check_within("last_pod_retention_s", self.last_pod_retention_s, 0, 3600)
        check_within("start_lag_s", self.start_lag_s, 0, 3600)

    @property
    def panic_window_s(self) -> int:
        """The length of the panic window, rounded to whole seconds, at least 1."""
        return max(1, math.floor(self.stable_window_s * self.panic_window_share + 0.5))

    def total(self, max_concurrency: int) -> float:
        """Return the capacity of one instance in the metric's unit."""
        if self.metric == "rps":
            return self.rps_target if self.target is None else self.target
        return max_concurrency if self.target is None else min(self.target, max_concurrency)

    def requires(self, scaling: AutoScalingConfiguration) -> Requirements:
        """Return the conditions under which a policy with these parameters can act."""
        signal = Signal.RATE if self.metric == "rps" else Signal.CONCURRENCY
        above = max(TARGET_MIN, self.total(scaling.max_concurrency) * self.target_utilisation)
        slowest_s = max(self.stable_window_s, self.scale_down_delay_s)
        return Requirements((Trigger(signal, above),), soonest_s=self.tick_s, slowest_s=slowest_s)


class KnativePolicy:
    """The KPA. `excess_burst_capacity`, `panicking` and `activator_in_path` are the state after the last decision."""

    name = "knative"
    reacts_to_queue = True

    def __init__(self, parameters: KnativeParameters, scaling: AutoScalingConfiguration) -> None:
        self.tick_s = parameters.tick_s
        self.actuator = Actuator(start_lag_s=parameters.start_lag_s, startup_probe_s=readiness.QUEUE_PROXY_S)
        self.excess_burst_capacity = -1
        self.panicking = False
        self.activator_in_path = True
        self._parameters = parameters
        self._scaling = scaling
        self._spec = _spec(parameters, scaling)
        window = LinearWindow if parameters.aggregation == "linear" else WeightedWindow
        self._stable = window(int(parameters.stable_window_s))
        self._panic = window(parameters.panic_window_s)
        self._decider: Decider | None = None  # created at the first decision, which needs the ready instances
        self._zero = ScaleToZero(_zero_rules(parameters))
        self._initialised = False  # True after the initial scale has been ready once
        self._desired = 0

    def observe(self, sample: Sample) -> None:
        # Knative's queue-proxy counts requests on arrival, including rejected ones.
        load = sample.arrivals if self._parameters.metric == "rps" else sample.in_flight
        self._record(sample.second + 1, load)

    def decide(self, observation: Observation) -> Decision | None:
        """Return the decision; None while there is no data after the initial scale has been reached."""
        now_s, ready = observation.now_s, observation.ready
        self._follow(observation.scaling)
        floor = self._floor(ready)
        if self._initialised and self._desired == ready == 0 and observation.waiting:
            self._record(now_s, observation.waiting)  # the activator reports the first requests at zero
        if self._stable.is_empty(now_s):
            return self._without_data(floor)
        if self._decider is None:
            self._decider = Decider(self._spec, now_s, ready)
        stable, panic = self._stable.average(now_s), self._panic.average(now_s)
        scale = self._decider.scale(now_s, ready, stable, panic)
        desired, clamps = self._bound(scale, floor)
        proxied = ready == 0 or scale.excess_burst_capacity < 0
        self._zero.note(now_s, ready, wanted=desired > 0, proxied=proxied)
        reason = scale.reason
        if desired == 0:
            desired, why = self._zero.settle(now_s, self._desired)
            if desired:
                # MaxSize always applies: the kept instances were within the bounds when they were decided.
                desired = min(desired, self._scaling.max_size)
                clamps += (f"scale to zero waits: {desired}",)
                reason = f"no instance is needed, but {why}"
        self._desired = desired
        self.excess_burst_capacity = scale.excess_burst_capacity
        self.panicking = scale.panicking
        self.activator_in_path = proxied or scale.desired == 0
        return Decision(
            desired=desired,
            formula=scale.formula,
            reason=reason,
            inputs=(
                ("stable", stable),
                ("panic", panic),
                ("target", self._spec.target),
                ("ready", ready),
                ("excess_burst_capacity", scale.excess_burst_capacity),
                ("panicking", float(scale.panicking)),
            ),
            clamps=clamps,
        )

    def _record(self, now_s: float, load: float) -> None:
        self._stable.record(now_s, load)
        self._panic.record(now_s, load)

    def _follow(self, scaling: AutoScalingConfiguration) -> None:
        if scaling == self._scaling:
            return
        self._scaling = scaling
        self._spec = _spec(self._parameters, scaling)
        if self._decider is not None:
            self._decider.update(self._spec)

    def _floor(self, ready: int) -> int:
        """Return the minimum now: MinSize, and the initial scale until it has been ready once."""
        scaling = self._scaling
        if not self._initialised:
            initial, _ = bounded(self._parameters.initial_scale, scaling)
            if ready < initial:
                return initial
            self._initialised = True
        return scaling.min_size

    def _without_data(self, floor: int) -> Decision | None:
        if self._initialised:
            return None
        self._desired = floor
        return Decision(floor, f"initial_scale = {floor}", "a new revision starts with its initial scale")

    def _bound(self, scale: Scale, floor: int) -> tuple[int, tuple[str, ...]]:
        if scale.desired < floor:
            name = "min_size" if floor == self._scaling.min_size else "initial_scale"
            return floor, (*scale.clamps, f"{name} = {floor}")
        most = self._scaling.max_size
        if scale.desired > most:
            return most, (*scale.clamps, f"max_size = {most}")
        return scale.desired, scale.clamps


def _spec(parameters: KnativeParameters, scaling: AutoScalingConfiguration) -> DeciderSpec:
    total = parameters.total(scaling.max_concurrency)
    return DeciderSpec(
        target=max(TARGET_MIN, total * parameters.target_utilisation),
        total=total,
        target_burst_capacity=parameters.target_burst_capacity,
        max_scale_up_rate=parameters.max_scale_up_rate,
        max_scale_down_rate=parameters.max_scale_down_rate,
        panic_threshold=parameters.panic_threshold,
        stable_window_s=parameters.stable_window_s,
        activation_scale=parameters.activation_scale,
        scale_down_delay_s=parameters.scale_down_delay_s,
    )


def _zero_rules(parameters: KnativeParameters) -> ZeroRules:
    return ZeroRules(
        enabled=parameters.scale_to_zero,
        stable_window_s=parameters.stable_window_s,
        grace_s=parameters.scale_to_zero_grace_s,
        retention_s=parameters.last_pod_retention_s,
    )
