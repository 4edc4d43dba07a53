"""KEDA's HTTP add-on: an interceptor counts and holds requests, so that a service can wake from zero (policies P5).

Pipeline: the scaler reads the interceptors each 500 ms; concurrency is what is pending there at that moment, the
request rate a mean over `rate_window_s` in one-second buckets. Both are divided by their target and the greater result
counts. The interceptor holds requests: run it with overflow `hold`, or only what is in progress is ever pending.

Decision: KEDA wakes at the first pending request (the interceptor tells it within 200 ms) and an HPA sizes 1 to N.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from simulator.model.scaling import AutoScalingConfiguration
from simulator.rules.policies import readiness
from simulator.rules.policies.every import Every
from simulator.rules.policies.hpa_behaviour import DOWN_STABILISATION_S
from simulator.rules.policies.hpa_external import SYNC_S, TOLERANCE, ExternalHpa
from simulator.rules.policies.port import Actuator, Decision, Observation, Sample
from simulator.rules.policies.ranges import check_above, check_whole_seconds, check_within
from simulator.rules.policies.requirements import Requirements, Signal, Trigger
from simulator.rules.policies.scaled_object import Activation, ScaledObject
from simulator.rules.windows import SlidingSum

# KEDA's executor looks at the ScaledObject that the add-on makes each 15 s (operator/controllers/http/scaled_object.go,
# soPollingInterval; read): the last replica goes at such a look.
POLLING_S: Final = 15.0


@dataclass(frozen=True, slots=True)
class KedaHttpParameters:
    """Defaults of an HTTPScaledObject (kedacore/http-add-on at 59b2f6a1, scaler and interceptor config; read).

    Times in seconds; targets are for each replica, and None leaves that metric out.

    Raises:
        ValueError: when a number is out of range, or both targets are left out.
    """

    concurrency_target: float | None = 100.0  # scalingMetric.concurrency.targetValue
    rate_target_rps: float | None = None  # scalingMetric.requestRate.targetValue is 100/s once it is chosen
    rate_window_s: float = 60.0  # scalingMetric.requestRate.window
    scale_down_period_s: float = 300.0  # scaledownPeriod: idle time before zero (memory)
    sync_s: float = SYNC_S
    tolerance: float = TOLERANCE
    scale_down_stabilisation_s: float = DOWN_STABILISATION_S
    # ASSUMPTION: a node has room; Kubernetes schedules a pod and starts its container, image present, in about a
    # second. The time between "Scheduled" and "Started" events of a cluster settles it.
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

    def requires(self, scaling: AutoScalingConfiguration) -> Requirements:  # noqa: ARG002 one signature for all
        """See requirements.py."""
        targets = ((Signal.CONCURRENCY, self.concurrency_target), (Signal.RATE, self.rate_target_rps))
        return Requirements(
            tuple(Trigger(signal, target * (1 + self.tolerance)) for signal, target in targets if target is not None),
            soonest_s=self.sync_s,
            slowest_s=max(self.scale_down_stabilisation_s, self.scale_down_period_s),
        )


class KedaHttpPolicy:
    """Only at zero does a poke change anything; from one replica on the HPA's clock counts."""

    name = "keda-http"
    tick_s = 1.0
    pokes = True

    def __init__(
        self,
        parameters: KedaHttpParameters,
        scaling: AutoScalingConfiguration,  # noqa: ARG002  the port's signature; each observation brings the one in force
    ) -> None:
        self.actuator = Actuator(start_lag_s=parameters.start_lag_s, startup_probe_s=readiness.KUBELET_S)
        self._parameters = parameters
        self._arrivals = SlidingSum(int(parameters.rate_window_s))
        self._sync = Every(parameters.sync_s)
        self._poll = Every(POLLING_S)
        hpa = ExternalHpa(tolerance=parameters.tolerance, down_stabilisation_s=parameters.scale_down_stabilisation_s)
        self._object = ScaledObject(hpa, Activation(parameters.scale_down_period_s))
        self._refused = 0  # of the last second: at zero, where nothing holds, they are all that shows

    def observe(self, sample: Sample) -> None:
        self._arrivals.record(sample.second, sample.arrivals)
        self._refused = sample.refused

    def decide(self, observation: Observation) -> Decision:
        now_s, pending = observation.now_s, observation.in_flight + observation.waiting
        total, target, name = self._greater(pending)
        self._object.activation.look(now_s, active=pending + self._refused > 0, polls=self._poll.due(now_s))
        return self._object.decide(
            observation,
            sync=self._sync.due(now_s),
            total=total,
            target=target,
            inputs=((name, total),),
        )

    def _greater(self, pending: int) -> tuple[float, float, str]:
        """(value, target, name) of the metric that asks for more replicas."""
        concurrency = self._parameters.concurrency_target
        rate_rps = self._parameters.rate_target_rps
        by_rate = self._arrivals.mean / rate_rps if rate_rps is not None else -math.inf
        if concurrency is None or pending / concurrency < by_rate:
            assert rate_rps is not None
            return self._arrivals.mean, rate_rps, "rate_rps"
        return pending, concurrency, "concurrency"
