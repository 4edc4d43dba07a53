"""Holt-Winters: instances for the load predicted from the same time of previous days (policies 3.11).

Signal: offered concurrency, including rejected requests, in bins of `bin_s`. Forecast: additive Holt-Winters with a
season of one day; its horizon is the time from a decision to a ready instance, i.e. start lag and one bin. During the
first season, and whenever the load is above the forecast, the load of the last minute is used (`reactive`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from simulator.model.scaling import AutoScalingConfiguration
from simulator.rules.policies import readiness
from simulator.rules.policies.bounds import bounded
from simulator.rules.policies.metrics.forecast import HoltWinters
from simulator.rules.policies.metrics.metric import EPSILON, OfferedLoad
from simulator.rules.policies.metrics.published_metric import PublishedMetric
from simulator.rules.policies.port import Actuator, Decision, Observation, Sample
from simulator.rules.policies.ranges import check_above, check_whole_seconds, check_within
from simulator.rules.policies.requirements import Requirements, Signal, Trigger
from simulator.rules.windows import SlidingSum


@dataclass(frozen=True, slots=True)
class HoltWintersParameters:
    """Parameters of the policy. Times are in seconds, gains 0 to 1.

    Raises:
        ValueError: if a number is out of range, or if a season is not a whole number of bins.
    """

    season_s: float = 86400.0
    bin_s: float = 300.0  # policies 3.11: 1 to 5 minutes
    # ASSUMPTION: typical textbook gains; that of the trend is small because a day's traffic has hardly any trend. The
    # gains with the smallest one-step error on a week of the user's traffic settle them.
    level_gain: float = 0.2
    trend_gain: float = 0.01
    season_gain: float = 0.2
    target_utilisation: float = 0.7  # Knative's value, so that the two are comparable
    reactive: bool = True
    # ASSUMPTION: a start takes half a minute, as on App Runner; a platform preset sets its own value.
    start_lag_s: float = 30.0

    def __post_init__(self) -> None:
        check_whole_seconds("bin_s", self.bin_s, 1, 3600)
        check_whole_seconds("season_s", self.season_s, 2, 31 * 86400)
        if self.season_s % self.bin_s or self.season_s == self.bin_s:
            msg = f"season = {self.season_s:g}s, must be several whole bins of {self.bin_s:g}s"
            raise ValueError(msg)
        for name in ("level_gain", "trend_gain", "season_gain"):
            check_within(name, getattr(self, name), 0, 1)
        check_above("target_utilisation", self.target_utilisation, 0)
        check_within("target_utilisation", self.target_utilisation, 0, 1)
        check_within("start_lag_s", self.start_lag_s, 0, 3600)

    @property
    def horizon(self) -> int:
        """Number of bins from the newest closed one to the last one that a decision now must cover."""
        return math.ceil(self.start_lag_s / self.bin_s) + 1

    def requires(self, scaling: AutoScalingConfiguration) -> Requirements:
        """Return the conditions under which a policy with these parameters can act."""
        return Requirements(
            (Trigger(Signal.OFFERED, self.target_utilisation * scaling.max_concurrency),),
            soonest_s=HoltWintersPolicy.tick_s,
            slowest_s=60.0,
            history_s=self.season_s,
            without_history="until then it only follows the mean load of the last minute",
        )


class HoltWintersPolicy:
    """Decides every 15 s; the forecast changes with each closed bin."""

    name = "holt-winters"
    tick_s = 15.0
    reacts_to_queue = False

    def __init__(
        self,
        parameters: HoltWintersParameters,
        scaling: AutoScalingConfiguration,  # noqa: ARG002  part of the protocol; each observation has the current one
    ) -> None:
        self.actuator = Actuator(start_lag_s=parameters.start_lag_s, startup_probe_s=readiness.APP_RUNNER_S)
        self._parameters = parameters
        self._offered = OfferedLoad()
        self._load = SlidingSum(60)
        self._bins = PublishedMetric(parameters.bin_s)
        self._seen = 0
        self._model = HoltWinters(
            int(parameters.season_s // parameters.bin_s),
            parameters.level_gain,
            parameters.trend_gain,
            parameters.season_gain,
        )
        self._forecast: float | None = None

    def observe(self, sample: Sample) -> None:
        load = self._offered.of(sample)
        self._load.record(sample.second, load)
        self._bins.record(sample.second, load)
        newest = self._bins.newest(sample.second + 1)
        if self._bins.count > self._seen and newest is not None:
            self._seen = self._bins.count
            self._model.learn(newest)
            if self._model.ready:
                # The maximum up to the horizon: an instance that is needed earlier must be requested for that time.
                self._forecast = max(self._model.ahead(bins) for bins in range(1, self._parameters.horizon + 1))

    def decide(self, observation: Observation) -> Decision:
        scaling, load = observation.scaling, self._load.mean
        reactive = self._parameters.reactive or self._forecast is None
        expected = 0.0 if self._forecast is None else self._forecast
        counted = max(expected, load) if reactive else expected
        each = self._parameters.target_utilisation * scaling.max_concurrency
        raw = math.ceil(counted / each - EPSILON)
        desired, clamps = bounded(raw, scaling)
        if self._forecast is None:
            reason = f"no season has been seen yet: {load:.4g} requests in flight in the last minute"
        elif counted > expected:
            reason = f"{load:.4g} requests in flight, more than the {expected:.4g} expected"
        else:
            reason = f"{expected:.4g} requests in flight are expected"
        return Decision(
            desired=desired,
            formula=f"ceil({counted:.6g} / {each:g}) = {raw}",
            reason=reason,
            inputs=(("load", load), ("forecast", expected)),
            clamps=clamps,
        )
