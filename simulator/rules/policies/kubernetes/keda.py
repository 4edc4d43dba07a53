"""KEDA core: it switches between 0 and 1 replicas itself, and supplies the metric of an HPA for 1 to N (policies 3.8,
P4).

Pipeline: the trigger is a user-defined query, typically over a minute. KEDA runs it each `polling_s` to detect
activity; the HPA uses it each `sync_s` to compute the number of replicas. So at zero a request waits for up to a
polling interval: requests themselves do not start a replica (KEDA's HTTP add-on does that).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from simulator.model.scaling import AutoScalingConfiguration
from simulator.rules.policies import readiness
from simulator.rules.policies.kubernetes.hpa_behaviour import DOWN_STABILISATION_S
from simulator.rules.policies.kubernetes.hpa_external import SYNC_S, TOLERANCE, ExternalHpa, MetricType
from simulator.rules.policies.kubernetes.scaled_object import Activation, ScaledObject
from simulator.rules.policies.metrics.metric import check_target, concurrency_target
from simulator.rules.policies.metrics.periodic import Periodic
from simulator.rules.policies.port import Actuator, Decision, Observation, Sample
from simulator.rules.policies.ranges import check_choice, check_whole_seconds, check_within
from simulator.rules.policies.requirements import Requirements, trigger_of
from simulator.rules.windows import SlidingSum

Metric = Literal["concurrency", "requests"]


@dataclass(frozen=True, slots=True)
class KedaParameters:
    """Parameters with the defaults of a ScaledObject (keda-docs 2.21, scaledobject-spec; read). Times in seconds.

    `target`: requests in flight, or requests/s, per replica; None takes 70 % of MaxConcurrency.

    Raises:
        ValueError: if a number is out of range.
    """

    metric: Metric = "concurrency"
    metric_type: MetricType = "average_value"
    # ASSUMPTION: a trigger has no default target; 70 % of MaxConcurrency is Knative's utilisation, so that the two are
    # comparable. Nothing to settle: set `target` to the value that the service needs.
    target: float | None = None
    # ASSUMPTION: the query is user-defined; a minute is usual for a Prometheus rate. The user's query settles it.
    metric_window_s: float = 60.0
    activation_target: float = 0.0  # active if the metric is *above* it
    polling_s: float = 30.0
    cooldown_s: float = 300.0  # for scaling to zero only; between 1 and N the HPA's stabilisation applies
    initial_cooldown_s: float = 0.0
    sync_s: float = SYNC_S
    tolerance: float = TOLERANCE
    scale_down_stabilisation_s: float = DOWN_STABILISATION_S
    # ASSUMPTION: a node has free capacity and the image; Kubernetes then schedules a pod and starts its container in
    # about a second. The time between "Scheduled" and "Started" events of a cluster settles it.
    start_lag_s: float = 1.0

    def __post_init__(self) -> None:
        check_choice("metric", self.metric, get_args(Metric))
        check_choice("metric_type", self.metric_type, get_args(MetricType))
        check_target(self.metric, self.target)
        check_whole_seconds("metric_window_s", self.metric_window_s, 1, 3600)
        check_within("activation_target", self.activation_target, 0, 1e6)
        check_whole_seconds("polling_s", self.polling_s, 1, 3600)
        check_within("cooldown_s", self.cooldown_s, 0, 86400)
        check_within("initial_cooldown_s", self.initial_cooldown_s, 0, 86400)
        check_whole_seconds("sync_s", self.sync_s, 1, 3600)
        check_within("tolerance", self.tolerance, 0, 1)
        check_within("scale_down_stabilisation_s", self.scale_down_stabilisation_s, 0, 3600)
        check_within("start_lag_s", self.start_lag_s, 0, 3600)

    def requires(self, scaling: AutoScalingConfiguration) -> Requirements:
        """Return the conditions under which a policy with these parameters can act."""
        target = concurrency_target(self.target, 0.7, scaling)
        return Requirements(
            (trigger_of(self.metric, target * (1 + self.tolerance), 1.0),),
            soonest_s=self.sync_s,
            slowest_s=max(self.metric_window_s, self.scale_down_stabilisation_s),
        )


class KedaPolicy:
    """Checks every second whether a poll of KEDA or a sync of the HPA is due."""

    name = "keda"
    tick_s = 1.0
    reacts_to_queue = False

    def __init__(
        self,
        parameters: KedaParameters,
        scaling: AutoScalingConfiguration,  # noqa: ARG002  part of the protocol; each observation has the current one
    ) -> None:
        self.actuator = Actuator(start_lag_s=parameters.start_lag_s, startup_probe_s=readiness.KUBELET_S)
        self._parameters = parameters
        self._metric = SlidingSum(int(parameters.metric_window_s))
        self._poll = Periodic(parameters.polling_s)
        self._sync = Periodic(parameters.sync_s)
        hpa = ExternalHpa(
            tolerance=parameters.tolerance,
            down_stabilisation_s=parameters.scale_down_stabilisation_s,
            metric_type=parameters.metric_type,
        )
        self._object = ScaledObject(hpa, Activation(parameters.cooldown_s, parameters.initial_cooldown_s))

    def observe(self, sample: Sample) -> None:
        value = sample.in_flight if self._parameters.metric == "concurrency" else sample.arrivals
        self._metric.record(sample.second, value)

    def decide(self, observation: Observation) -> Decision:
        now_s, value = observation.now_s, self._metric.mean
        polls = self._poll.due(now_s)
        active = polls and value > self._parameters.activation_target
        self._object.activation.check(now_s, active=active, polls=polls)
        return self._object.decide(
            observation,
            sync=self._sync.due(now_s),
            total=value,
            target=concurrency_target(self._parameters.target, 0.7, observation.scaling),
            inputs=((self._parameters.metric, value),),
        )
