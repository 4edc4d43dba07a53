"""Heroku's autoscaling of web dynos by the 95th percentile of response time (policies 3.9; Dev Center, December 2024).

Documented: the fewest dynos that keep p95 at or below the desired one at the current throughput are computed from the
last hour of data. The service changes towards that number one dyno at a time, with at least a minute between changes,
and scales in more slowly than out.

Here: each minute is a point (requests/s per dyno, p95). The p95 for a number of dynos is that of the hour's points with
nearly the same rate per dyno; if there is none, the next lower point is scaled up in proportion.

Needs the signal `latency`.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import Final

from simulator.model.scaling import AutoScalingConfiguration
from simulator.rules.policies import readiness
from simulator.rules.policies.bounds import bounded
from simulator.rules.policies.metrics.metric import LATENCY
from simulator.rules.policies.metrics.published_metric import PublishedMetric
from simulator.rules.policies.port import Actuator, Decision, Observation, Sample
from simulator.rules.policies.ranges import check_above, check_within
from simulator.rules.policies.requirements import Requirements, Signal, Trigger

MINUTE_S: Final = 60.0
HISTORY: Final = 60  # points: the last hour (read)
# ASSUMPTION: rates within 10 % of each other have the same p95; a finer grid would rarely find a point in an hour.
_NEAR: Final = 1.1


@dataclass(frozen=True, slots=True)
class HerokuParameters:
    """Parameters of the policy. Times are in seconds.

    Raises:
        ValueError: if a number is out of range.
    """

    # ASSUMPTION: Heroku has no default, the user sets it; the dashboard suggests one based on the current p95. Half a
    # second is a common goal. Nothing to settle: set the value that the service needs.
    desired_p95_s: float = 0.5
    up_every_s: float = 60.0  # "at least one minute" between changes (read)
    # ASSUMPTION: "slower" means five minutes; the times of scale-down events in the activity feed settle it.
    down_every_s: float = 300.0
    # ASSUMPTION: placing a dyno and fetching its slug take about 10 s, in addition to the boot time. `State changed
    # from starting to up` in the router's log, minus the boot time, settles it.
    start_lag_s: float = 10.0

    def __post_init__(self) -> None:
        check_above("desired_p95_s", self.desired_p95_s, 0)
        check_within("up_every_s", self.up_every_s, 60, 86400)
        check_within("down_every_s", self.down_every_s, 60, 86400)
        check_within("start_lag_s", self.start_lag_s, 0, 3600)

    @property
    def needs(self) -> frozenset[str]:
        return frozenset({LATENCY})

    def requires(self, scaling: AutoScalingConfiguration) -> Requirements:  # noqa: ARG002 part of the protocol
        """Return the conditions under which a policy with these parameters can act."""
        return Requirements(
            (Trigger(Signal.LATENCY, self.desired_p95_s),), soonest_s=MINUTE_S, slowest_s=self.down_every_s
        )


class HerokuPolicy:
    """Takes at most one step per minute towards the fewest dynos that suffice by the last hour's data."""

    name = "heroku"
    tick_s = MINUTE_S
    reacts_to_queue = False

    def __init__(
        self,
        parameters: HerokuParameters,
        scaling: AutoScalingConfiguration,  # noqa: ARG002  part of the protocol; each observation has the current one
    ) -> None:
        self.actuator = Actuator(start_lag_s=parameters.start_lag_s, startup_probe_s=readiness.AT_ONCE_S)
        self._parameters = parameters
        self._rate = PublishedMetric(MINUTE_S)
        self._dynos = PublishedMetric(MINUTE_S)
        # The mean of the seconds' percentiles, weighted by requests: percentiles cannot be merged exactly.
        self._p95_s = PublishedMetric(MINUTE_S)
        self._past: deque[tuple[float, float]] = deque(maxlen=HISTORY)  # (requests/s per dyno, p95)
        self._moved_s = -math.inf

    def observe(self, sample: Sample) -> None:
        self._rate.record(sample.second, sample.arrivals)
        self._dynos.record(sample.second, sample.ready)
        self._p95_s.record(sample.second, sample.latency_p95_s * sample.finished, sample.finished)

    def decide(self, observation: Observation) -> Decision:
        now_s = observation.now_s
        there = observation.ready + observation.coming
        dynos, clamps = bounded(there, observation.scaling)
        rate_rps, p95_s = self._learn(now_s)
        desired, reason = dynos, "there is no data for the last minute"
        wanted_s = self._parameters.desired_p95_s
        formula = f"dynos = {dynos}"
        if rate_rps is not None and dynos:
            here_s = self._expected_s(rate_rps / dynos)
            formula = f"p95 of {rate_rps / dynos:.4g}/s per dyno: {here_s:.4g} s, target {wanted_s:g} s"
            desired, reason = self._step(now_s, dynos, rate_rps, here_s)
        if desired != dynos:
            desired, clamps = bounded(desired, observation.scaling)
        if desired != there:
            self._moved_s = now_s
        inputs = (("dynos", there), ("rate_rps", rate_rps or 0.0), ("p95_s", p95_s or 0.0))
        return Decision(desired, formula, reason, inputs, clamps)

    def _learn(self, now_s: float) -> tuple[float | None, float | None]:
        """Record the newest minute and return its rate and p95; None for unknown values."""
        seen = self._rate.count
        rate_rps, dynos, p95_s = self._rate.newest(now_s), self._dynos.newest(now_s), self._p95_s.newest(now_s)
        if self._rate.count > seen and rate_rps and dynos and p95_s is not None:
            self._past.append((rate_rps / dynos, p95_s))
        return rate_rps, p95_s

    def _step(self, now_s: float, dynos: int, rate_rps: float, here_s: float) -> tuple[int, str]:
        """Return (dynos, reason): one more, one fewer, or the same number."""
        parameters = self._parameters
        since_s = now_s - self._moved_s
        if here_s > parameters.desired_p95_s:
            if since_s < parameters.up_every_s:
                return dynos, f"too slow, but the last change was {since_s:g} s ago"
            return dynos + 1, f"{dynos} dynos are expected to be too slow"
        if dynos == 1 or self._expected_s(rate_rps / (dynos - 1)) > parameters.desired_p95_s:
            return dynos, f"{dynos} dynos are the fewest that are fast enough"
        if since_s < parameters.down_every_s:
            return dynos, f"one dyno fewer would suffice, but the last change was {since_s:g} s ago"
        return dynos - 1, f"{dynos - 1} dynos are expected to be fast enough"

    def _expected_s(self, rate_rps: float) -> float:
        """Return the expected p95 at that many requests/s per dyno from the last hour's data; 0 without data.

        ASSUMPTION: the estimation method is not published. Without queueing, latencies between two known rates grow at
        most in proportion; scale events of an app with a known latency curve would settle it.
        """
        near = [p95_s for rate, p95_s in self._past if rate_rps / _NEAR <= rate <= rate_rps * _NEAR]
        if near:
            return sum(near) / len(near)
        lower = max((point for point in self._past if point[0] < rate_rps), default=None)
        if lower is not None:
            return lower[1] * rate_rps / lower[0]
        # Only busier minutes are known: less busy ones are not slower.
        return min((point for point in self._past), default=(0.0, 0.0))[1]
