"""KEDA's HTTP add-on: an interceptor counts and queues requests, so that a service can scale from zero (policies P5).

Pipeline: the scaler reads the interceptors every 500 ms. Concurrency is the number of pending requests at that time,
the request rate is a mean over `rate_window_s` in one-second buckets. Both are divided by their target, and the larger
result is used. The interceptor queues requests: run it with overflow `queue`, otherwise only requests in progress are
ever pending.

Decision: KEDA scales from zero at the first pending request (the interceptor reports it within 200 ms), and an HPA
sizes 1 to N.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from simulator.model.scaling import AutoScalingConfiguration
from simulator.rules.policies import readiness
from simulator.rules.policies.kubernetes.hpa_behaviour import DOWN_STABILISATION_S
from simulator.rules.policies.kubernetes.hpa_external import SYNC_S, TOLERANCE, ExternalHpa
from simulator.rules.policies.kubernetes.scaled_object import Activation, ScaledObject
from simulator.rules.policies.metrics.periodic import Periodic
from simulator.rules.policies.port import Actuator, Decision, Observation, Sample
from simulator.rules.policies.ranges import check_above, check_whole_seconds, check_within
from simulator.rules.policies.requirements import Requirements, Signal, Trigger
from simulator.rules.windows import SlidingSum

# KEDA's executor polls the ScaledObject of the add-on every 15 s (operator/controllers/http/scaled_object.go,
# soPollingInterval; read): the last replica is removed at such a poll.
POLLING_S: Final = 15.0


@dataclass(frozen=True, slots=True)
class KedaHttpParameters:
    """Parameters with the defaults of an HTTPScaledObject (kedacore/http-add-on at 59b2f6a1, scaler and interceptor
    config; read).

    Times in seconds; targets are per replica, None disables the metric.

    Raises:
        ValueError: if a number is out of range, or if both targets are None.
    """

    concurrency_target: float | None = 100.0  # scalingMetric.concurrency.targetValue
    rate_target_rps: float | None = None  # scalingMetric.requestRate.targetValue is 100/s if this metric is selected
    rate_window_s: float = 60.0  # scalingMetric.requestRate.window
    scale_down_period_s: float = 300.0  # scaledownPeriod: idle time before zero (memory)
    sync_s: float = SYNC_S
    tolerance: float = TOLERANCE
    scale_down_stabilisation_s: float = DOWN_STABILISATION_S
    # ASSUMPTION: a node has free capacity and the image; Kubernetes then schedules a pod and starts its container in
    # about a second. The time between "Scheduled" and "Started" events of a cluster settles it.
    start_lag_s: float = 1.0

    def __post_init__(self) -> None:
        if self.concurrency_target is None and self.rate_target_rps is None:
            msg = "concurrency_target = nothing, must be given where rate_target is not"
            raise ValueError(msg)
        for name in ("concurrency_target", "rate_target_rps"):
            target = getattr(self, name)
            if target is not None:
                check_above(name, target, 0)
        check_whole_seconds("rate_window_s", self.rate_window_s, 1, 3600)
        check_within("scale_down_period_s", self.scale_down_period_s, 0, 86400)
        check_whole_seconds("sync_s", self.sync_s, 1, 3600)
        check_within("tolerance", self.tolerance, 0, 1)
        check_within("scale_down_stabilisation_s", self.scale_down_stabilisation_s, 0, 3600)
        check_within("start_lag_s", self.start_lag_s, 0, 3600)

    def requires(self, scaling: AutoScalingConfiguration) -> Requirements:  # noqa: ARG002 part of the protocol
        """Return the conditions under which a policy with these parameters can act."""
        targets = ((Signal.CONCURRENCY, self.concurrency_target), (Signal.RATE, self.rate_target_rps))
        return Requirements(
            tuple(Trigger(signal, target * (1 + self.tolerance)) for signal, target in targets if target is not None),
            soonest_s=self.sync_s,
            slowest_s=max(self.scale_down_stabilisation_s, self.scale_down_period_s),
        )


class KedaHttpPolicy:
    """A trigger has an effect only at zero replicas; with one or more replicas the HPA's sync period applies."""

    name = "keda-http"
    tick_s = 1.0
    reacts_to_queue = True

    def __init__(
        self,
        parameters: KedaHttpParameters,
        scaling: AutoScalingConfiguration,  # noqa: ARG002  part of the protocol; each observation has the current one
    ) -> None:
        self.actuator = Actuator(start_lag_s=parameters.start_lag_s, startup_probe_s=readiness.KUBELET_S)
        self._parameters = parameters
        self._arrivals = SlidingSum(int(parameters.rate_window_s))
        self._sync = Periodic(parameters.sync_s)
        self._poll = Periodic(POLLING_S)
        hpa = ExternalHpa(tolerance=parameters.tolerance, down_stabilisation_s=parameters.scale_down_stabilisation_s)
        self._object = ScaledObject(hpa, Activation(parameters.scale_down_period_s))
        self._rejected = 0  # in the last second: at zero without a queue they are the only sign of traffic

    def observe(self, sample: Sample) -> None:
        self._arrivals.record(sample.second, sample.arrivals)
        self._rejected = sample.rejected

    def decide(self, observation: Observation) -> Decision:
        now_s, pending = observation.now_s, observation.in_flight + observation.waiting
        total, target, name = self._greater(pending)
        self._object.activation.check(now_s, active=pending + self._rejected > 0, polls=self._poll.due(now_s))
        return self._object.decide(
            observation,
            sync=self._sync.due(now_s),
            total=total,
            target=target,
            inputs=((name, total),),
        )

    def _greater(self, pending: int) -> tuple[float, float, str]:
        """Return (value, target, name) of the metric that requires more replicas."""
        concurrency = self._parameters.concurrency_target
        rate_rps = self._parameters.rate_target_rps
        by_rate = self._arrivals.mean / rate_rps if rate_rps is not None else -math.inf
        if concurrency is None or pending / concurrency < by_rate:
            assert rate_rps is not None
            return self._arrivals.mean, rate_rps, "rate_rps"
        return pending, concurrency, "concurrency"
