"""AWS predictive scaling with target tracking: the larger of a forecast and the result of the alarms (policies 3.11).

Documented (EC2 predictive-scaling-policy-overview; read): a day of data is needed, up to 14 days are used; an hourly
forecast for the next 48 hours is recomputed every 6 hours; instances are launched 300 s before their hour; the forecast
only scales *out*, the dynamic policy scales in. The dynamic policy here is `target_tracking` on concurrency.

AWS does not publish the forecast algorithm; here the forecast of an hour is the mean of the same hour of previous days.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

from simulator.model.scaling import AutoScalingConfiguration
from simulator.rules.policies.aws.fargate_start import IMAGE_BYTES, PULL_BYTES_PER_SECOND, check_start
from simulator.rules.policies.aws.target_tracking import TargetTrackingPolicy
from simulator.rules.policies.aws.tracking_parameters import TargetTrackingParameters
from simulator.rules.policies.bounds import bounded
from simulator.rules.policies.metrics.metric import EPSILON, OfferedLoad
from simulator.rules.policies.metrics.published_metric import PublishedMetric
from simulator.rules.policies.port import Decision, Observation, Sample
from simulator.rules.policies.ranges import check_above, check_whole_seconds, check_within
from simulator.rules.policies.requirements import Requirements


@dataclass(frozen=True, slots=True)
class AwsPredictiveParameters:
    """Parameters of the policy. Times are in seconds. With a shorter `hour_s`, a day of 24 such hours fits into a short
    run.

    Raises:
        ValueError: if a number is out of range.
    """

    target_utilisation: float = 0.7  # share of MaxConcurrency, for both the forecast and the alarms
    hour_s: float = 3600.0
    days: int = 14  # maximum number of days used (read)
    horizon_hours: int = 48  # forecast ahead (read)
    refresh_hours: int = 6  # (read)
    buffer_s: float = 300.0  # SchedulingBufferTime (read), less than an hour
    forecast_only: bool = False  # mode ForecastOnly: the forecast is computed and reported, but has no effect
    start_lag_s: float | None = None  # a constant in place of the stages of a start on Fargate (fargate_start.py)
    image_bytes: float = IMAGE_BYTES  # compressed
    pull_bytes_per_second: float = PULL_BYTES_PER_SECOND

    def __post_init__(self) -> None:
        check_above("target_utilisation", self.target_utilisation, 0)
        check_within("target_utilisation", self.target_utilisation, 0, 1)
        check_whole_seconds("hour_s", self.hour_s, 1, 3600)
        check_within("days", self.days, 1, 14)
        check_within("horizon_hours", self.horizon_hours, 1, 48)
        check_within("refresh_hours", self.refresh_hours, 1, 48)
        check_within("buffer_s", self.buffer_s, 0, self.hour_s)
        check_start(self.start_lag_s, self.image_bytes, self.pull_bytes_per_second)

    def requires(self, scaling: AutoScalingConfiguration) -> Requirements:
        """Return the conditions under which a policy with these parameters can act."""
        return self.tracking.requires(scaling)._replace(
            history_s=HourlyForecast.DAY * self.hour_s,
            without_history="until then it is target tracking alone",
        )

    @property
    def tracking(self) -> TargetTrackingParameters:
        """The parameters of the target tracking policy."""
        return TargetTrackingParameters(
            metric="concurrency",
            target_utilisation=self.target_utilisation,
            start_lag_s=self.start_lag_s,
            image_bytes=self.image_bytes,
            pull_bytes_per_second=self.pull_bytes_per_second,
        )


class AwsPredictivePolicy:
    """Predictive scaling beside a target tracking policy; forecast and alarms change the same capacity."""

    name = "aws-predictive"
    reacts_to_queue = False

    def __init__(self, parameters: AwsPredictiveParameters, scaling: AutoScalingConfiguration) -> None:
        self._reactive = TargetTrackingPolicy(parameters.tracking, scaling)
        self.tick_s = self._reactive.tick_s
        self.actuator = self._reactive.actuator
        self._parameters = parameters
        self._offered = OfferedLoad()
        self._hours = HourlyForecast(parameters)

    def observe(self, sample: Sample) -> None:
        self._reactive.observe(sample)
        self._hours.record(sample.second, self._offered.of(sample))

    def decide(self, observation: Observation) -> Decision:
        asked = self._reactive.decide(observation)
        load = self._hours.expected(observation.now_s)
        each = self._parameters.target_utilisation * observation.scaling.max_concurrency
        foreseen = 0 if load is None else math.ceil(load / each - EPSILON)
        floor = 0 if self._parameters.forecast_only else foreseen
        desired, clamps = bounded(max(asked.desired, floor), observation.scaling, asked.clamps)
        self._reactive.capacity = desired
        if load is None:
            reason, formula = f"no forecast yet; {asked.reason}", asked.formula
        else:
            formula = f"max({asked.formula}, ceil({load:.6g} / {each:g}) = {foreseen})"
            reason = f"the forecast is {load:.4g} requests in flight; {asked.reason}"
        return Decision(
            desired=desired,
            formula=formula,
            reason=reason,
            inputs=(*asked.inputs, ("reactive", asked.desired), ("foreseen", foreseen)),
            clamps=clamps,
        )


class HourlyForecast:
    """The hourly load: recorded for days, forecast for the next hours, recomputed every `refresh_hours`.

    ASSUMPTION: the forecast is the mean of the same hour of all recorded days. AWS's models find weekly patterns too; a
    forecast downloaded for a service of known traffic (get-predictive-scaling-forecast) settles it.
    """

    DAY = 24

    def __init__(self, parameters: AwsPredictiveParameters) -> None:
        self._parameters = parameters
        self._points = PublishedMetric(parameters.hour_s)
        self._past: deque[float] = deque(maxlen=parameters.days * self.DAY)
        self._first = 0  # hour of the first entry of the forecast
        self._forecast: list[float] = []

    def record(self, second: int, load: float) -> None:
        seen = self._points.count
        self._points.record(second, load)
        newest = self._points.newest(second + 1)
        if self._points.count == seen or newest is None:
            return
        self._past.append(newest)
        hour = self._points.count
        known_enough = len(self._past) >= self.DAY
        if known_enough and (not self._forecast or hour - self._first >= self._parameters.refresh_hours):
            self._first = hour
            self._forecast = [self._mean_of(ahead) for ahead in range(self._parameters.horizon_hours)]

    def expected(self, now_s: float) -> float | None:
        """Return the larger load of the current hour and of an hour that begins within the buffer; None without a
        forecast.
        """
        hours = (now_s // self._parameters.hour_s, (now_s + self._parameters.buffer_s) // self._parameters.hour_s)
        known = [
            self._forecast[int(hour) - self._first] for hour in hours if 0 <= hour - self._first < len(self._forecast)
        ]
        return max(known, default=None)

    def _mean_of(self, ahead: int) -> float:
        """Return the mean load of the hours that are whole days before the hour `ahead` hours from now."""
        newest = len(self._past) - 1
        same = [self._past[at] for at in range(newest, -1, -1) if (newest + 1 + ahead - at) % self.DAY == 0]
        return sum(same) / len(same)
