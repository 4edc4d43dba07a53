"""Azure Container Apps with its HTTP rule (policies 3.8; learn.microsoft.com/azure/container-apps/scale-app).

Pipeline: every 15 s "concurrency" is the number of requests in the last 15 s divided by 15, really a rate (read).
Requests in progress count as well: open streams, and requests that wait for the first replica (facts validation-2 V4
and V5: measured). The larger of the two is the metric.
Decision: metric / `concurrent_requests`, by an HPA that KEDA manages (read). Limits: those of an HPA for scale-out, at
most 4 more or twice as many in 15 s; 300 s of stabilisation for scale-in (memory). Scale to zero at a poll of KEDA
after a cooldown without a request; the first request at zero starts a replica at once.

A replica starts in stages: 0.7 to 1.4 s of decision, 9.8 to 11.9 s of placement, the pull of the image, and 12 s (one
of five: 4 s) of container start. Then the ingress registers it, which takes 1.3 s, or 12 to 15 s after a long start
from zero for a waiting request (V3: measured).
"""

from __future__ import annotations

from dataclasses import dataclass

from simulator.model.scaling import AutoScalingConfiguration
from simulator.rules.policies import readiness
from simulator.rules.policies.kubernetes.container_apps_start import START_LAW
from simulator.rules.policies.kubernetes.hpa_behaviour import DOWN_STABILISATION_S
from simulator.rules.policies.kubernetes.hpa_external import TOLERANCE, ExternalHpa
from simulator.rules.policies.kubernetes.scaled_object import Activation, ScaledObject
from simulator.rules.policies.metrics.periodic import Periodic
from simulator.rules.policies.metrics.published_metric import PublishedMetric
from simulator.rules.policies.port import Actuator, Decision, Observation, Sample
from simulator.rules.policies.ranges import check_above, check_whole_seconds, check_within
from simulator.rules.policies.requirements import Requirements, Signal, Trigger


@dataclass(frozen=True, slots=True)
class ContainerAppsParameters:
    """Parameters of the policy. Times are in seconds.

    `start_lag_s`: a constant time from the decision to the launch of a replica, which then has no gap at the ingress;
    None: the measured stages (container_apps_start.py).

    Raises:
        ValueError: if a number is out of range.
    """

    concurrent_requests: float = 10.0  # the HTTP rule's default (read)
    period_s: float = 15.0  # window of the rate, and the HPA's sync (read)
    # ASSUMPTION: an HPA decides, so its tolerance applies. The number of replicas under a slow ramp settles it.
    tolerance: float = TOLERANCE
    scale_down_stabilisation_s: float = DOWN_STABILISATION_S  # (memory)
    # KEDA's pollingInterval (read). Zero is decided at a poll: in V3 310 to 333 s after the last request, always at the
    # same second of half a minute (measured).
    polling_s: float = 30.0
    cooldown_s: float = 300.0  # cooldownPeriod, to zero only (read)
    start_lag_s: float | None = None  # 22.4 s on average, and up to 15 s more at the ingress (measured)

    def __post_init__(self) -> None:
        check_above("concurrent_requests", self.concurrent_requests, 0)
        check_whole_seconds("period_s", self.period_s, 1, 3600)
        check_within("tolerance", self.tolerance, 0, 1)
        check_within("scale_down_stabilisation_s", self.scale_down_stabilisation_s, 0, 3600)
        check_whole_seconds("polling_s", self.polling_s, 1, 3600)
        check_within("cooldown_s", self.cooldown_s, 0, 86400)
        if self.start_lag_s is not None:
            check_within("start_lag_s", self.start_lag_s, 0, 3600)

    def requires(self, scaling: AutoScalingConfiguration) -> Requirements:  # noqa: ARG002 part of the protocol
        """Return the conditions under which a policy with these parameters can act."""
        return Requirements(
            tuple(
                Trigger(signal, self.concurrent_requests * (1 + self.tolerance))
                for signal in (Signal.RATE, Signal.CONCURRENCY)
            ),
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
        lag_s = parameters.start_lag_s
        self.actuator = Actuator(
            start_lag_s=START_LAW.launch_s if lag_s is None else lag_s,
            startup_probe_s=readiness.CONTAINER_APPS_S,
            start_law=START_LAW if lag_s is None else None,
        )
        self._parameters = parameters
        self._rates = PublishedMetric(parameters.period_s)
        self._seen = 0
        self._poll = Periodic(parameters.polling_s)
        # From zero the log of V4 has 1, 5 and 10 replicas (the maximum), 15 s apart: the limits of an HPA.
        hpa = ExternalHpa(tolerance=parameters.tolerance, down_stabilisation_s=parameters.scale_down_stabilisation_s)
        self._object = ScaledObject(hpa, Activation(parameters.cooldown_s))
        self._arrivals = 0  # in the last second
        self._in_progress = 0.0  # mean of the last second, waiting requests included

    def observe(self, sample: Sample) -> None:
        self._rates.record(sample.second, sample.arrivals)
        self._arrivals = sample.arrivals
        self._in_progress = sample.in_flight

    def decide(self, observation: Observation) -> Decision:
        now_s = observation.now_s
        rate_rps = self._rates.newest(now_s) or 0.0
        closed = self._rates.count > self._seen
        self._seen = self._rates.count
        active = self._arrivals + observation.in_flight + observation.waiting > 0
        self._object.activation.check(now_s, active=active, polls=self._poll.due(now_s))
        return self._object.decide(
            observation,
            sync=closed,
            total=max(rate_rps, self._in_progress),
            target=self._parameters.concurrent_requests,
            inputs=(("rate_rps", rate_rps), ("in_progress", self._in_progress)),
        )
