"""The Predictive Horizontal Pod Autoscaler: the larger of an HPA's result and the extrapolation of its history (P14).

Source: jthomperoo/predictive-horizontal-pod-autoscaler, algorithms/linear_regression (04adb9ef; read): a least-squares
line through the replica counts of the last `history` syncs, evaluated `look_ahead_s` from now, rounded up. Everything
else is the same as in `hpa`.

Needs the signal `cpu`, unless the metric is concurrency.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import get_args

from simulator.model.scaling import AutoScalingConfiguration
from simulator.rules.policies import readiness
from simulator.rules.policies.bounds import bounded
from simulator.rules.policies.kubernetes.hpa import HpaParameters, HpaPolicy, Metric
from simulator.rules.policies.metrics.forecast import straight_line
from simulator.rules.policies.metrics.metric import EPSILON, check_target, needs_of
from simulator.rules.policies.port import Actuator, Decision, Observation, Sample
from simulator.rules.policies.ranges import check_above, check_choice, check_within
from simulator.rules.policies.requirements import Requirements


@dataclass(frozen=True, slots=True)
class PredictiveHpaParameters:
    """Parameters of the policy. Times are in seconds, metric and target as in `hpa`.

    Raises:
        ValueError: if a number is out of range.
    """

    metric: Metric = "cpu"
    target: float | None = None
    vcpus: float = 1.0
    look_ahead_s: float = 10.0  # from its examples (read)
    history: int = 6  # from its examples (read)
    # ASSUMPTION: a node has free capacity and the image, as for `hpa`.
    start_lag_s: float = 1.0

    def __post_init__(self) -> None:
        check_choice("metric", self.metric, get_args(Metric))
        check_target(self.metric, self.target)
        check_above("vcpus", self.vcpus, 0)
        check_within("look_ahead_s", self.look_ahead_s, 0, 86400)
        check_within("history", self.history, 1, 1000)
        check_within("start_lag_s", self.start_lag_s, 0, 3600)

    @property
    def needs(self) -> frozenset[str]:
        return needs_of(self.metric)

    def requires(self, scaling: AutoScalingConfiguration) -> Requirements:
        """Return the conditions under which a policy with these parameters can act."""
        return HpaParameters(metric=self.metric, target=self.target, vcpus=self.vcpus).requires(scaling)


class PredictiveHpaPolicy:
    """Wraps an HPA; both change the same number of replicas."""

    name = "predictive-hpa"
    reacts_to_queue = False

    def __init__(self, parameters: PredictiveHpaParameters, scaling: AutoScalingConfiguration) -> None:
        inner = HpaParameters(
            metric=parameters.metric,
            target=parameters.target,
            vcpus=parameters.vcpus,
            start_lag_s=parameters.start_lag_s,
        )
        self._hpa = HpaPolicy(inner, scaling)
        self.tick_s = self._hpa.tick_s
        self.actuator = Actuator(start_lag_s=parameters.start_lag_s, startup_probe_s=readiness.KUBELET_S)
        self._look_ahead_s = parameters.look_ahead_s
        self._times_s: deque[float] = deque(maxlen=parameters.history)
        self._replicas: deque[float] = deque(maxlen=parameters.history)

    def observe(self, sample: Sample) -> None:
        self._hpa.observe(sample)

    def decide(self, observation: Observation) -> Decision:
        asked = self._hpa.decide(observation)
        self._times_s.append(observation.now_s)
        self._replicas.append(asked.desired)
        line = straight_line(self._times_s, self._replicas, observation.now_s + self._look_ahead_s)
        foreseen = math.ceil(line - EPSILON)
        desired, clamps = bounded(max(asked.desired, foreseen), observation.scaling, asked.clamps)
        self._hpa.replicas = desired
        reason = asked.reason
        if foreseen > asked.desired:
            reason = f"{foreseen} replicas are predicted in {self._look_ahead_s:g} s; now: {reason}"
        return Decision(
            desired=desired,
            formula=f"max(HPA {asked.formula}, line {line:.4g} -> {foreseen})",
            reason=reason,
            inputs=(*asked.inputs, ("hpa", asked.desired), ("foreseen", line)),
            clamps=clamps,
        )
