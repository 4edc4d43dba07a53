"""Azure Container Apps with its HTTP rule (policies 3.8; learn.microsoft.com/azure/container-apps/scale-app).

Pipeline: every 15 s "concurrency" is the number of requests in the last 15 s divided by 15. It is really a rate, so
slow requests do not count more than fast ones (read). Decision: rate / `concurrent_requests`, by an HPA that KEDA
manages (read). Limits: steps of 1, 4, 8, 16, 32 ... for scale-out, 300 s of stabilisation for scale-in (newer page;
memory). Scale to zero after a cooldown without a request; the first request at zero starts a replica.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from simulator.model.scaling import AutoScalingConfiguration
from simulator.rules.policies import readiness
from simulator.rules.policies.kubernetes.hpa_behaviour import DOWN_STABILISATION_S, Direction, RateLimit
from simulator.rules.policies.kubernetes.hpa_external import TOLERANCE, ExternalHpa
from simulator.rules.policies.kubernetes.scaled_object import Activation, ScaledObject
from simulator.rules.policies.metrics.published_metric import PublishedMetric
from simulator.rules.policies.port import Actuator, Decision, Observation, Sample
from simulator.rules.policies.ranges import check_above, check_whole_seconds, check_within
from simulator.rules.policies.requirements import Requirements, Signal, Trigger

# 1, 4, 8, 16, 32: at most twice as many each period, but four are always allowed.
_STEP_FLOOR: Final = 4


@dataclass(frozen=True, slots=True)
class ContainerAppsParameters:
    """Parameters of the policy. Times are in seconds.

    Raises:
        ValueError: if a number is out of range.
    """

    concurrent_requests: float = 10.0  # the HTTP rule's default (read); in effect requests/s per replica
    period_s: float = 15.0  # window of the rate, and the HPA's sync (read)
    # ASSUMPTION: an HPA decides, so its tolerance applies. The number of replicas under a slow ramp settles it.
    tolerance: float = TOLERANCE
    scale_down_stabilisation_s: float = DOWN_STABILISATION_S  # (memory)
    cooldown_s: float = 300.0  # cooldownPeriod, to zero only (read)
    # ASSUMPTION: the image is on a warm node; a container start with its sidecar takes 3 s. System log events between
    # "AssigningReplica" and "ContainerStarted" settle it.
    start_lag_s: float = 3.0

    def __post_init__(self) -> None:
        check_above("concurrent_requests", self.concurrent_requests, 0)
        check_whole_seconds("period_s", self.period_s, 1, 3600)
        check_within("tolerance", self.tolerance, 0, 1)
        check_within("scale_down_stabilisation_s", self.scale_down_stabilisation_s, 0, 3600)
        check_within("cooldown_s", self.cooldown_s, 0, 86400)
        check_within("start_lag_s", self.start_lag_s, 0, 3600)

    def requires(self, scaling: AutoScalingConfiguration) -> Requirements:  # noqa: ARG002 part of the protocol
        """Return the conditions under which a policy with these parameters can act."""
        return Requirements(
            (Trigger(Signal.RATE, self.concurrent_requests * (1 + self.tolerance)),),
            soonest_s=self.period_s,
            slowest_s=max(self.scale_down_stabilisation_s, self.cooldown_s),
        )


class ContainerAppsPolicy:
    """Sizes once per closed period; checks every second whether a service at zero needs a replica."""

    name = "container-apps"
    tick_s = 1.0
    reacts_to_queue = True

    def __init__(
        self,
        parameters: ContainerAppsParameters,
        scaling: AutoScalingConfiguration,  # noqa: ARG002  part of the protocol; each observation has the current one
    ) -> None:
        self.actuator = Actuator(start_lag_s=parameters.start_lag_s, startup_probe_s=readiness.CONTAINER_APPS_S)
        self._parameters = parameters
        self._rates = PublishedMetric(parameters.period_s)
        self._seen = 0
        up = Direction(0.0, (RateLimit(share=1.0, period_s=parameters.period_s),), floor=_STEP_FLOOR)
        hpa = ExternalHpa(
            tolerance=parameters.tolerance, down_stabilisation_s=parameters.scale_down_stabilisation_s, up=up
        )
        self._object = ScaledObject(hpa, Activation(parameters.cooldown_s))
        self._arrivals = 0  # in the last second

    def observe(self, sample: Sample) -> None:
        self._rates.record(sample.second, sample.arrivals)
        self._arrivals = sample.arrivals

    def decide(self, observation: Observation) -> Decision:
        now_s = observation.now_s
        rate_rps = self._rates.newest(now_s) or 0.0
        closed = self._rates.count > self._seen
        self._seen = self._rates.count
        active = self._arrivals + observation.in_flight + observation.waiting > 0
        self._object.activation.check(now_s, active=active, polls=closed)
        return self._object.decide(
            observation,
            sync=closed,
            total=rate_rps,
            target=self._parameters.concurrent_requests,
            inputs=(("rate_rps", rate_rps),),
        )
