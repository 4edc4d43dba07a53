"""App Runner's scaler, as far as it is documented and as its public load test shows it (policies 3.7, P1).

Documented: concurrent requests are the only signal; instances are added when they exceed MaxConcurrency per instance
and removed when traffic falls; at most MaxSize are active and at least MinSize stay provisioned (facts 4.1). Nothing is
documented about window, target, speed or scale-in (facts 4.2), so each of these is a parameter with its evidence.

The rule: `want = ceil(mean requests in flight / (target_utilisation x MaxConcurrency))`, the mean being over the last
`window_s` closed seconds. Seconds before the start count as no traffic: the service was idle, so after a step from
silence the mean rises as a straight line and reaches its target only when the whole window has seen the step.

Two numbers come out. `desired` is how many instances there should be, never fewer than MinSize; `active` how many of
them take requests first, 0 to MaxSize. The rest is provisioned and idle, and the pool wakes one by itself when a
request finds the active ones full, so this policy needs no poke. Falling idle and waking change no `desired`.

Why a start lag of 32 s (validation cases 30 and 31, a public load test of June 2023): 200 requests/s x 85 ms = 17 in
flight, offered to one instance with MaxConcurrency 10 from silence. The mean after t seconds is 17 t / 60; it passes
0.7 x 10 = 7 at t = 24.7, so the decision of t = 25 asks for the second instance. Loss ended at 58 s. The application, a
small Go program that boots within a second, is not there yet for the probe at its launch and passes the next one, a
second later (readiness.py): 25 + 32 + 1 = 58.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from simulator.model.scaling import AutoScalingConfiguration
from simulator.rules.policies import readiness
from simulator.rules.policies.port import Actuator, Decision, Observation, Sample
from simulator.rules.policies.ranges import check_above, check_whole_seconds, check_within
from simulator.rules.policies.requirements import Requirements, Signal, Trigger
from simulator.rules.policies.silence import since_text
from simulator.rules.windows import SlidingSum, WindowedMax

# 0.7 x 3 is a hair below 2.1 in binary: a load of exactly 2.1 must not cost an instance.
_DUST = 1e-9

IDLE_AFTER_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class AppRunnerParameters:
    """Times in seconds; windows in whole seconds.

    Raises:
        ValueError: when a number is out of range.
    """

    # ASSUMPTION: AWS publishes the metric by the minute and both measured steps fit a 60 s mean with 0.7 and 28 s. A
    # load test with steps of several heights settles it: the time to the decision shrinks as the step grows (window,
    # target), the lag after it does not.
    window_s: float = 60.0
    # ASSUMPTION: the ladder of case 31 is reproduced by 0.5 to 0.79 and not by 0.8 or 1.0; 0.7 is also Knative's. The
    # highest steady load at which the number of instances does not grow settles it.
    target_utilisation: float = 0.7
    # ASSUMPTION: refused requests are not in flight, so n overloaded instances alone would show n x MaxConcurrency and
    # ask for n/0.7; both bursts measured went 0 -> 5 within a minute, so offered load seems to count. A step to ten
    # times the capacity settles it: one jump, or a climb by 1.4 per lag.
    count_refusals: bool = True
    # A refused request counts for the mean service time. Before the first request has finished that time is unknown:
    # by default refused ones do not count until then (a guess would outweigh the requests in flight, which are
    # measured), and the first answers count for all of the window.
    first_service_s: float = 0.0
    # ASSUMPTION: unknown; one second suits a mean that changes by the second (facts 4.2 suggest it too).
    tick_s: float = 1.0
    # ASSUMPTION: fitted, see above; per-second logs of instance names behind a load step would show it.
    start_lag_s: float = 32.0
    # ASSUMPTION: no public figure; "several minutes" is the plausible side (facts 18, 19.4: adding an instance takes
    # most of a minute, and a delay of the same size would make a service flap on ordinary traffic). Five, as the
    # cooldowns of ECS and the stabilisation of Kubernetes. A lower need must have held this long. A step down, watched,
    # settles it.
    scale_in_delay_s: float = 300.0
    # ASSUMPTION: ActiveInstances shows 0 when there are no requests (facts 4.2), after how long is not published; same
    # minute. The one-minute CloudWatch points of a service after its last request would settle it.
    # None: 60 s, or the service's own `idle_after`: one number for both.
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
        """See requirements.py."""
        signal = Signal.OFFERED if self.count_refusals else Signal.CONCURRENCY
        return Requirements(
            (Trigger(signal, self.target_utilisation * scaling.max_concurrency),),
            soonest_s=self.tick_s,
            slowest_s=max(self.window_s, self.scale_in_delay_s, self.idle_s),
        )


class AppRunnerPolicy:
    """Active instances for the mean number of requests in flight. Decides always, also before the first sample."""

    name = "app-runner"
    pokes = False

    def __init__(
        self,
        parameters: AppRunnerParameters,
        scaling: AutoScalingConfiguration,  # noqa: ARG002  the port's signature; each observation brings the one in force
    ) -> None:
        self.tick_s = parameters.tick_s
        self.actuator = Actuator(
            start_lag_s=parameters.start_lag_s, startup_probe_s=readiness.APP_RUNNER_S, activates=True
        )
        self._parameters = parameters
        self._load = _OfferedLoad(parameters)
        self._traffic_until_s = -math.inf  # the end of the last second with any traffic
        self._idle_after_s = parameters.idle_s
        self._has_looked = False
        delay_s = parameters.scale_in_delay_s
        self._held = WindowedMax(delay_s, parameters.tick_s) if delay_s > 0 else None

    def observe(self, sample: Sample) -> None:
        self._load.observe(sample)
        if sample.in_flight or sample.arrivals or sample.refused:
            self._traffic_until_s = sample.second + 1

    def decide(self, observation: Observation) -> Decision:
        load = self._load.mean
        target, scaling = self._parameters.target_utilisation, observation.scaling
        raw = math.ceil(load / (target * scaling.max_concurrency) - _DUST)
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
                ("refused", self._load.refused),
                ("service_s", self._load.service_s),
                ("ready", observation.ready),
                ("active", active),
            ),
            clamps=clamps,
            active=active,
            assumes=assumes,
        )

    def _remember_start(self, observation: Observation) -> None:
        """What is there beyond MinSize at the first look was needed a moment ago, as far as anybody knows."""
        if self._has_looked:
            return
        self._has_looked = True
        there = observation.ready + observation.coming
        if self._held is not None and there > observation.scaling.min_size:
            self._held.record(observation.now_s, there)

    def _bound(self, raw: int, load: float, observation: Observation) -> tuple[int, str, tuple[str, ...], str]:
        """How many are to be active after all clamps, the reason, what clamped, and which assumption decided."""
        now_s = observation.now_s
        if self._is_idle(observation):
            # Silence wins over the scale-in delay, and an old need must not come back with the next request.
            if self._held is not None:
                self._held.clear()
            reason = f"{since_text('request', now_s - self._traffic_until_s)}: none needs to be active"
            return 0, reason, ("idle",) if raw else (), ""
        clamps: tuple[str, ...] = ()
        assumes = ""
        active = raw
        if raw < 1:
            active, clamps = 1, ("at least 1: there is traffic",)
        reason = f"{load:.4g} requests in flight on average over {self._parameters.window_s:g}s"
        if self._held is not None:
            held = self._held.record(now_s, active)
            if held > active:
                delay_s = self._parameters.scale_in_delay_s
                clamps += (f"scale-in delay {delay_s:g}s: {held}",)
                reason += f"; {active} would suffice, but scale-in waits {delay_s:g}s"
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
    """Mean requests in flight over the window, with the refused ones as the concurrency they would have added.

    By Little's law that is refused per second x mean service time. The service time is the window's, or the last one
    known when nothing finished in the window; it applies to the whole window, so the first answers correct the guess
    made for the refusals before them.
    """

    __slots__ = ("_finished", "_in_flight", "_refused", "_service", "in_flight", "mean", "refused", "service_s")

    def __init__(self, parameters: AppRunnerParameters) -> None:
        window_s = int(parameters.window_s)
        self._in_flight = SlidingSum(window_s)
        self._service = SlidingSum(window_s)
        self._finished = SlidingSum(window_s)
        self._refused = SlidingSum(window_s) if parameters.count_refusals else None
        self.service_s = parameters.first_service_s
        self.in_flight = 0.0  # mean, holding or waiting for a slot
        self.refused = 0.0  # mean concurrency that the refused requests would have added
        self.mean = 0.0

    def observe(self, sample: Sample) -> None:
        self._in_flight.record(sample.second, sample.in_flight)
        self.in_flight = self.mean = self._in_flight.mean
        if self._refused is None:
            return
        self._service.record(sample.second, sample.service_s)
        self._finished.record(sample.second, sample.finished)
        self._refused.record(sample.second, sample.refused)
        finished = self._finished.total
        if finished:
            self.service_s = self._service.total / finished
        self.refused = self._refused.mean * self.service_s
        self.mean += self.refused
