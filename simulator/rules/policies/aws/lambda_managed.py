"""AWS Lambda Managed Instances: environments on EC2 instances, scaled by CPU and by saturation of concurrency.

An instance here is an EC2 instance with one environment. A request never starts one: there is no cold start, and a
request that finds no free slot gets 429. The scaler works asynchronously (policies 5; lambda/latest/dg/
lambda-managed-instances-scaling, read): it keeps headroom so that traffic can double within five minutes, and throttles
beyond that; it scales in gradually. Three instances with three environments are there before a version is active, which
is a MinSize of 3, and it does not scale to zero.

Here: `max(ceil(CPU seconds/s / (target x vCPUs)), ceil(in flight / (target x MaxConcurrency)))`, of the mean over a
window. Targets, window, tick and pace are not published. Of the targets, AWS has a setting for that of CPU.

Needs the signal `cpu`, unless `cpu_target` is left out (`cpu_target: null`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from simulator.model.scaling import AutoScalingConfiguration
from simulator.rules.policies import readiness
from simulator.rules.policies.bounds import bounded
from simulator.rules.policies.metrics.metric import CPU, EPSILON
from simulator.rules.policies.port import Actuator, Decision, Observation, Sample
from simulator.rules.policies.ranges import check_above, check_whole_seconds, check_within
from simulator.rules.policies.requirements import Requirements, Signal, Trigger
from simulator.rules.windows import FadingMax, SlidingSum


@dataclass(frozen=True, slots=True)
class LambdaManagedParameters:
    """Parameters of the policy. Times are in seconds; targets are shares of an instance's vCPUs and of its
    MaxConcurrency.

    Raises:
        ValueError: if a number is out of range.
    """

    # ASSUMPTION: half of the CPU is used, because then twice the traffic fits. AWS's setting of the target resource
    # utilisation has a default that is not published; CPUUtilization of a capacity provider under steady load
    # settles it.
    cpu_target: float | None = 0.5
    # ASSUMPTION: half of the slots are used, for the same reason. The environments of a function that only waits
    # settle it.
    concurrency_target: float = 0.5
    vcpus: float = 1.0  # per instance
    # ASSUMPTION: the agents' signals are means of half a minute. The time from a step of the load to the first new
    # environment settles it.
    window_s: float = 30.0
    # ASSUMPTION: the scaler decides every ten seconds. The same step settles it.
    tick_s: float = 10.0
    # ASSUMPTION: "gradually" means evenly over five minutes after a peak ("a few minutes" until instances end). The
    # number of environments after a burst settles it.
    scale_in_s: float = 300.0
    # ASSUMPTION: an EC2 instance boots, and starts its environment, in one minute. The time stamps of its launch and of
    # the first invocation settle it.
    start_lag_s: float = 60.0

    def __post_init__(self) -> None:
        for name in ("cpu_target", "concurrency_target"):
            target = getattr(self, name)
            if target is not None:
                check_above(name, target, 0)
                check_within(name, target, 0, 1)
        check_above("vcpus", self.vcpus, 0)
        check_whole_seconds("window_s", self.window_s, 1, 3600)
        check_within("tick_s", self.tick_s, 0.1, 3600)
        check_above("scale_in_s", self.scale_in_s, 0)
        check_within("start_lag_s", self.start_lag_s, 0, 3600)

    @property
    def needs(self) -> frozenset[str]:
        return frozenset() if self.cpu_target is None else frozenset({CPU})

    def requires(self, scaling: AutoScalingConfiguration) -> Requirements:
        """Return the conditions under which a policy with these parameters can act."""
        by_cpu = () if self.cpu_target is None else (Trigger(Signal.CPU, self.cpu_target * self.vcpus),)
        by_concurrency = Trigger(Signal.CONCURRENCY, self.concurrency_target * scaling.max_concurrency)
        return Requirements((by_concurrency, *by_cpu), slowest_s=max(self.window_s, self.scale_in_s))


class LambdaManagedPolicy:
    """Sizes by the means at every tick; requests trigger nothing."""

    name = "lambda-managed"
    reacts_to_queue = False

    def __init__(
        self,
        parameters: LambdaManagedParameters,
        scaling: AutoScalingConfiguration,  # noqa: ARG002  part of the protocol; each observation has the current one
    ) -> None:
        self.tick_s = parameters.tick_s
        self.actuator = Actuator(start_lag_s=parameters.start_lag_s, startup_probe_s=readiness.AT_ONCE_S)
        self._parameters = parameters
        self._in_flight = SlidingSum(int(parameters.window_s))
        self._cpu_s = SlidingSum(int(parameters.window_s))
        self._kept = FadingMax(parameters.scale_in_s, spread=1.0)
        self._has_decided = False

    def observe(self, sample: Sample) -> None:
        self._in_flight.record(sample.second, sample.in_flight)
        self._cpu_s.record(sample.second, sample.cpu_s)

    def decide(self, observation: Observation) -> Decision:
        parameters, scaling = self._parameters, observation.scaling
        in_flight, cpu = self._in_flight.mean, self._cpu_s.mean
        each = parameters.concurrency_target * scaling.max_concurrency
        by_concurrency = math.ceil(in_flight / each - EPSILON)
        by_cpu = 0
        if parameters.cpu_target is not None:
            by_cpu = math.ceil(cpu / (parameters.cpu_target * parameters.vcpus) - EPSILON)
        wanted = max(by_concurrency, by_cpu)
        reason = "the saturation of concurrency decides" if wanted == by_concurrency else "the use of CPU decides"
        if not self._has_decided:
            self._kept.record(observation.now_s, observation.ready + observation.coming)
            self._has_decided = True
        kept, peak, ago_s = self._kept.record(observation.now_s, wanted)
        clamps: tuple[str, ...] = ()
        if kept > wanted:
            clamps = (f"gradual scale-in: {kept}",)
            reason += f"; {kept} of the {peak} instances of {ago_s:.3g} s ago stay"
        desired, clamps = bounded(kept, scaling, clamps)
        return Decision(
            desired=desired,
            formula=f"max(ceil({in_flight:.6g} / {each:g}) = {by_concurrency}, CPU {by_cpu})",
            reason=reason,
            inputs=(
                ("in_flight", in_flight),
                ("cpu_s", cpu),
                ("ready", observation.ready),
                ("coming", observation.coming),
            ),
            clamps=clamps,
        )
