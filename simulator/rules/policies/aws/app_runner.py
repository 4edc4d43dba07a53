"""App Runner's autoscaler, as documented and as its public load test shows it (policies 3.7, P1).

Documented: concurrent requests are the only signal; instances are added when they exceed MaxConcurrency per instance
and removed when traffic decreases; at most MaxSize are active and at least MinSize stay provisioned (facts 4.1). The
window, target, speed and scale-in are not documented (facts 4.2), so each of these is a parameter with its evidence.

The rule: `want = ceil(mean requests in flight / (target_utilisation x MaxConcurrency))`, with the mean over the last
`window_s` closed seconds. Seconds before the start count as no traffic, because the service was idle. So after a step
from no traffic the mean increases linearly and reaches its final value when the step fills the whole window.

A decision has two numbers. `desired` is the number of instances, at least MinSize. `active` is the number of them that
take requests first, 0 to MaxSize. The others are provisioned and idle; the pool activates one when a request finds the
active ones full, so this policy needs no trigger. Becoming idle and being activated do not change `desired`.

Reason for a start lag of 32 s (validation cases 30 and 31, a public load test of June 2023): 200 requests/s x 83 ms =
16.6 in flight, offered to one instance with MaxConcurrency 10 after no traffic. The mean after t seconds is 16.6 t /
60; it exceeds 0.7 x 10 = 7 at t = 25.3, so the decision at t = 26 requests the second instance. The error rate fell to
0 at 58 s. The application, a small Go program that starts within a second, does not yet listen at the probe at its
launch and passes the next one, a second later (rules/policies/readiness.py): 26 + 32 + 1 = 59, one second late.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from simulator.model.scaling import AutoScalingConfiguration
from simulator.rules.policies import readiness
from simulator.rules.policies.metrics.silence import since_text
from simulator.rules.policies.port import Actuator, Decision, Observation, Sample
from simulator.rules.policies.ranges import check_above, check_whole_seconds, check_within
from simulator.rules.policies.requirements import Requirements, Signal, Trigger
from simulator.rules.windows import SlidingSum, WindowedMax

# 0.7 x 3 is slightly below 2.1 in binary: a load of exactly 2.1 must not require another instance.
_EPSILON = 1e-9

IDLE_AFTER_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class AppRunnerParameters:
    """Parameters of the policy. Times are in seconds, windows in whole seconds.

    Raises:
        ValueError: if a number is out of range.
    """

    # ASSUMPTION: AWS publishes the metric per minute, and both measured steps fit a 60 s mean with 0.7 and 28 s. A load
    # test with steps of several heights settles it: the time to the decision decreases with the height of the step
    # (window, target), the lag after it does not.
    window_s: float = 60.0
    # ASSUMPTION: 0.5 to 0.79 reproduce the steps of case 31, 0.8 and 1.0 do not; 0.7 is also Knative's value. The
    # highest constant load at which the number of instances does not grow settles it.
    target_utilisation: float = 0.7
    # ASSUMPTION: rejected requests are not in flight, so by them alone n overloaded instances would have n x
    # MaxConcurrency in flight and need n/0.7 instances; both measured bursts went from 0 to 5 instances within a
    # minute, so the offered load seems to be the signal. A step to ten times the capacity settles it: one jump, or an
    # increase by a factor of 1.4 per lag.
    count_rejections: bool = True
    # A rejected request is counted as in flight for the mean service time. This time is unknown before the first
    # request has completed: by default rejected requests do not count until then (a guess would outweigh the measured
    # requests in flight), and the service time of the first responses applies to the whole window.
    first_service_s: float = 0.0
    # ASSUMPTION: unknown; one second fits a mean that changes every second (facts 4.2 suggest it too).
    tick_s: float = 1.0
    # ASSUMPTION: fitted, see above; per-second logs of the instances that serve a load step would settle it.
    start_lag_s: float = 32.0
    # ASSUMPTION: no public figure; "several minutes" is plausible (facts 18, 19.4: adding an instance takes most of a
    # minute, and with a delay of the same length the number of instances would oscillate on ordinary traffic). Five
    # minutes, like the cooldowns of ECS and the stabilisation of Kubernetes. The need must have been lower for this
    # long. An observed step down settles it.
    scale_in_delay_s: float = 300.0
    # ASSUMPTION: ActiveInstances shows 0 when there are no requests (facts 4.2); after how long is not published. One
    # minute, like the window. The one-minute CloudWatch points of a service after its last request would settle it.
    # None: the service's `idle_after` if it is set, otherwise 60 s.
    idle_after_s: float | None = None

    def __post_init__(self) -> None:
        check_whole_seconds("window_s", self.window_s, 1, 3600)
        check_above("target_utilisation", self.target_utilisation, 0)
        check_within("target_utilisation", self.target_utilisation, 0, 1)
        check_within("first_service_s", self.first_service_s, 0, 3600)
        check_within("tick_s", self.tick_s, 0.1, 3600)
        check_within("start_lag_s", self.start_lag_s, 0, 3600)
        check_within("scale_in_delay_s", self.scale_in_delay_s, 0, 3600)
        if self.idle_after_s is not None:
            check_within("idle_after_s", self.idle_after_s, 0, 86400)

    @property
    def idle_s(self) -> float:
        return IDLE_AFTER_S if self.idle_after_s is None else self.idle_after_s

    def requires(self, scaling: AutoScalingConfiguration) -> Requirements:
        """Return the conditions under which a policy with these parameters can act."""
        signal = Signal.OFFERED if self.count_rejections else Signal.CONCURRENCY
        return Requirements(
            (Trigger(signal, self.target_utilisation * scaling.max_concurrency),),
            soonest_s=self.tick_s,
            slowest_s=max(self.window_s, self.scale_in_delay_s, self.idle_s),
        )


class AppRunnerPolicy:
    """Sets active instances by the mean number of requests in flight. Always decides, even before the first sample."""

    name = "app-runner"
    reacts_to_queue = False

    def __init__(
        self,
        parameters: AppRunnerParameters,
        scaling: AutoScalingConfiguration,  # noqa: ARG002  part of the protocol; each observation has the current one
    ) -> None:
        self.tick_s = parameters.tick_s
        self.actuator = Actuator(
            start_lag_s=parameters.start_lag_s, startup_probe_s=readiness.APP_RUNNER_S, activates=True
        )
        self._parameters = parameters
        self._load = _OfferedLoad(parameters)
        self._traffic_until_s = -math.inf  # end of the last second with traffic
        self._idle_after_s = parameters.idle_s
        self._has_decided = False
        delay_s = parameters.scale_in_delay_s
        self._held = WindowedMax(delay_s, parameters.tick_s) if delay_s > 0 else None

    def observe(self, sample: Sample) -> None:
        self._load.observe(sample)
        if sample.in_flight or sample.arrivals or sample.rejected:
            self._traffic_until_s = sample.second + 1

    def decide(self, observation: Observation) -> Decision:
        load = self._load.mean
        target, scaling = self._parameters.target_utilisation, observation.scaling
        raw = math.ceil(load / (target * scaling.max_concurrency) - _EPSILON)
        self._remember_start(observation)
        active, reason, clamps, assumes = self._bound(raw, load, observation)
        desired = max(active, scaling.min_size)
        if desired > active:
            clamps += (f"min_size = {desired}",)
        return Decision(
            desired=desired,
            formula=f"ceil({load:.6g} / ({target:g} x {scaling.max_concurrency})) = {raw}",
            reason=reason,
            inputs=(
                ("in_flight", self._load.in_flight),
                ("rejected", self._load.rejected),
                ("service_s", self._load.service_s),
                ("ready", observation.ready),
                ("active", active),
            ),
            clamps=clamps,
            active=active,
            assumes=assumes,
        )

    def _remember_start(self, observation: Observation) -> None:
        """Count the instances beyond MinSize at the first decision as needed until then, so that the delay applies."""
        if self._has_decided:
            return
        self._has_decided = True
        there = observation.ready + observation.coming
        if self._held is not None and there > observation.scaling.min_size:
            self._held.record(observation.now_s, there)

    def _bound(self, raw: int, load: float, observation: Observation) -> tuple[int, str, tuple[str, ...], str]:
        """Return the number of active instances after all clamps, the reason, the clamps, and the assumption that
        decided.
        """
        now_s = observation.now_s
        if self._is_idle(observation):
            # Idleness overrides the scale-in delay, and a need from before it must not apply again with the next
            # request.
            if self._held is not None:
                self._held.clear()
            reason = f"{since_text('request', now_s - self._traffic_until_s)}: none needs to be active"
            return 0, reason, ("idle",) if raw else (), ""
        clamps: tuple[str, ...] = ()
        assumes = ""
        active = raw
        if raw < 1:
            active, clamps = 1, ("at least 1: there is traffic",)
        reason = f"{load:.4g} requests in flight on average over {self._parameters.window_s:g} s"
        if self._held is not None:
            held = self._held.record(now_s, active)
            if held > active:
                delay_s = self._parameters.scale_in_delay_s
                clamps += (f"scale-in delay {delay_s:g} s: {held}",)
                reason += f"; {active} would suffice, but scale-in waits {delay_s:g} s"
                active = held
            assumes = "scale_in_delay"
        if active > observation.scaling.max_size:
            active = observation.scaling.max_size
            clamps += (f"max_size = {active}",)
        return active, reason, clamps, assumes

    def _is_idle(self, observation: Observation) -> bool:
        if observation.in_flight or observation.waiting:
            return False
        return observation.now_s - self._traffic_until_s >= self._idle_after_s


class _OfferedLoad:
    """Mean requests in flight over the window, plus the concurrency that the rejected requests would have added.

    By Little's law that concurrency is rejected requests per second x mean service time. The service time is that of
    the window, or the last known one if no request completed in the window. It applies to the whole window, so the
    first responses correct the value assumed for the rejections before them.
    """

    __slots__ = ("_finished", "_in_flight", "_rejected", "_service", "in_flight", "mean", "rejected", "service_s")

    def __init__(self, parameters: AppRunnerParameters) -> None:
        window_s = int(parameters.window_s)
        self._in_flight = SlidingSum(window_s)
        self._service = SlidingSum(window_s)
        self._finished = SlidingSum(window_s)
        self._rejected = SlidingSum(window_s) if parameters.count_rejections else None
        self.service_s = parameters.first_service_s
        self.in_flight = 0.0  # mean number of requests that use or wait for a slot
        self.rejected = 0.0  # mean concurrency that the rejected requests would have added
        self.mean = 0.0

    def observe(self, sample: Sample) -> None:
        self._in_flight.record(sample.second, sample.in_flight)
        self.in_flight = self.mean = self._in_flight.mean
        if self._rejected is None:
            return
        self._service.record(sample.second, sample.service_s)
        self._finished.record(sample.second, sample.finished)
        self._rejected.record(sample.second, sample.rejected)
        finished = self._finished.total
        if finished:
            self.service_s = self._service.total / finished
        self.rejected = self._rejected.mean * self.service_s
        self.mean += self.rejected
