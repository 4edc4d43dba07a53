"""AWS target tracking, as Application Auto Scaling does it for ECS services (policies 3.3, P6).

Pipeline: CloudWatch points of one minute (or 20 s) with some delay, and two alarms that users cannot edit. High: 3 of
3 points above the target. Low: 15 of 15 below 90 % of it. Formula: proportional and rounded up, so only a certain
surplus is removed. Limits: a cooldown per direction (`alarms`). Missing data never causes a scale-in. During a
deployment of an ECS service scale-in is off.

Several policies of a service (`also`): the largest scale-out that any of them proposes, and a scale-in only if all of
them allow it, to the largest of their capacities (ECS guide service-autoscaling-targettracking; read).

The exact arithmetic is not published; AWS says that scale-out is proportional and scale-in more gradual. `base` and
`scale_in_share` define the interpretation used here. The response to a step takes three full minutes, the alignment to
the minute, the delay of the metric, and a task start.
"""

from __future__ import annotations

from simulator.model.scaling import AutoScalingConfiguration
from simulator.rules.policies.aws.fargate_start import fargate_actuator
from simulator.rules.policies.aws.metric_tracking import MetricTracking, Proposal
from simulator.rules.policies.aws.tracking_parameters import TargetTrackingParameters
from simulator.rules.policies.bounds import bounded
from simulator.rules.policies.port import Decision, Observation, Sample


class TargetTrackingPolicy:
    """Keeps the desired count itself, like an ECS service; the first one is the number of existing instances.

    `capacity` is that count; predictive scaling, which shares it, may set it between decisions.
    """

    name = "target-tracking"
    tick_s = 10.0  # the maximum delay after a new point; between points nothing changes
    reacts_to_queue = False

    def __init__(
        self,
        parameters: TargetTrackingParameters,
        scaling: AutoScalingConfiguration,  # noqa: ARG002  part of the protocol; each observation has the current one
    ) -> None:
        self.actuator = fargate_actuator(
            parameters.start_lag_s, parameters.image_bytes, parameters.pull_bytes_per_second
        )
        self._trackings = tuple(MetricTracking(each) for each in parameters.each)
        self.capacity: int | None = None  # None until the first decision

    def observe(self, sample: Sample) -> None:
        for tracking in self._trackings:
            tracking.observe(sample)

    def decide(self, observation: Observation) -> Decision:
        scaling, now_s = observation.scaling, observation.now_s
        present = observation.ready + observation.coming if self.capacity is None else self.capacity
        capacity, clamps = bounded(present, scaling)
        inputs: tuple[tuple[str, float], ...] = ()
        for tracking in self._trackings:
            target, value = tracking.parameters.target_for(scaling), tracking.value(now_s)
            if value is not None:
                inputs = (*inputs, (tracking.parameters.metric, value))
            inputs = (*inputs, ("target", target))
        new = [tracking for tracking in self._trackings if tracking.has_new_point(now_s)]
        chosen = Proposal(capacity, f"capacity = {capacity}", "no new point of the metric")
        if new:
            chosen = self._chosen(observation, capacity, new)
        self.capacity = chosen.desired
        return Decision(chosen.desired, chosen.formula, chosen.reason, (*inputs, ("capacity", present)), clamps)

    def _chosen(self, observation: Observation, capacity: int, new: list[MetricTracking]) -> Proposal:
        """Return the proposal that is carried out, and start the cooldowns of the policies that caused it."""
        now_s, scaling = observation.now_s, observation.scaling
        proposals = {
            tracking: tracking.proposal(observation, capacity, tracking.parameters.target_for(scaling))
            for tracking in self._trackings
        }
        outs = [tracking for tracking in new if proposals[tracking].desired > capacity]
        if outs:
            chosen = max((proposals[tracking] for tracking in outs), key=lambda proposal: proposal.desired)
            for tracking in self._trackings:
                tracking.cooldowns.scaled_out(now_s, capacity, starts=tracking in outs)
            return chosen
        deciding = [tracking for tracking in self._trackings if tracking.parameters.scale_in]
        if deciding and all(proposals[tracking].lets_in for tracking in deciding):
            for tracking in deciding:
                tracking.cooldowns.scaled_in(now_s)
            return max((proposals[tracking] for tracking in deciding), key=lambda proposal: proposal.desired)
        return self._unchanged(capacity, [proposals[tracking] for tracking in new])

    def _unchanged(self, capacity: int, proposals: list[Proposal]) -> Proposal:
        """Return the proposal of no change, with the reason of the first policy, or the one that prevents a
        scale-in.
        """
        for proposal in proposals:
            if proposal.lets_in and len(self._trackings) == 1:
                reason = f"{proposal.reason}, but the policy does not scale in"
                return proposal._replace(desired=capacity, reason=reason)
            if proposal.lets_in:
                reason = f"{proposal.reason}, but not every policy of the service allows a scale-in"
                return proposal._replace(desired=capacity, reason=reason)
        return proposals[0]._replace(desired=capacity)
