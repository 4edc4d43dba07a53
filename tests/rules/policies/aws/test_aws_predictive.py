from __future__ import annotations

import pytest

from simulator.model.scaling import AutoScalingConfiguration
from simulator.rules.policies.aws.aws_predictive import AwsPredictiveParameters, AwsPredictivePolicy, HourlyForecast
from tests.rules.policies.services import observation, sample

SCALING = AutoScalingConfiguration(max_concurrency=10, min_size=1, max_size=50)
# An "hour" is a minute here, so that a day takes 24 minutes.
SHORT = AwsPredictiveParameters(hour_s=60.0, buffer_s=20.0)


def forecast_after(hours: int, parameters: AwsPredictiveParameters = SHORT) -> HourlyForecast:
    """Return the forecast after a load of 100 in the ninth hour of each day, and of 10 x the day's number otherwise."""
    forecast = HourlyForecast(parameters)
    for second in range(hours * 60):
        day, hour = divmod(second // 60, 24)
        forecast.record(second, 100.0 if hour == 8 else 10.0 * (day + 1))
    return forecast


def test_a_day_of_data_is_needed() -> None:
    assert forecast_after(23).expected(23 * 60) is None
    assert forecast_after(24).expected(24 * 60) == 10


def test_the_forecast_of_an_hour_is_the_mean_of_the_same_hour_of_previous_days() -> None:
    forecast = forecast_after(48)
    assert forecast.expected(48 * 60) == 15
    assert forecast.expected((48 + 8) * 60) == 100


def test_instances_are_requested_a_buffer_before_their_hour() -> None:
    forecast = forecast_after(24)
    begin_s = (24 + 8) * 60
    assert forecast.expected(begin_s - 21) == 10
    assert forecast.expected(begin_s - 20) == 100
    assert forecast.expected(begin_s + 59) == 100
    assert forecast.expected(begin_s + 60) == 10


def test_no_more_than_14_days_are_used() -> None:
    forecast = forecast_after(16 * 24)
    assert forecast.expected(16 * 24 * 60) == pytest.approx(sum(range(3, 17)) * 10 / 14)


def test_the_forecast_is_recomputed_every_six_hours() -> None:
    forecast = forecast_after(29)
    assert forecast.expected(29 * 60) == 10  # of the 24 hours before, although hours 24 to 28 were busier
    assert forecast_after(30).expected(48 * 60) == 15  # now it includes the first hour of the second day


def test_the_forecast_only_adds_to_the_result_of_the_alarms() -> None:
    policy = AwsPredictivePolicy(SHORT, SCALING)
    desired = {}
    for second in range(33 * 60):
        hour = (second // 60) % 24
        policy.observe(sample(second, 70.0 if hour == 8 else 5.0, ready=10))
        decision = policy.decide(observation(second + 1, SCALING, ready=2))
        assert decision.desired >= dict(decision.inputs)["reactive"]
        desired[second + 1] = decision.desired
    begin_s = (24 + 8) * 60
    assert desired[begin_s - 21] < 10
    assert desired[begin_s - 20] == 10


def test_forecast_only_reports_and_does_not_scale() -> None:
    policy = AwsPredictivePolicy(AwsPredictiveParameters(hour_s=60.0, buffer_s=20.0, forecast_only=True), SCALING)
    for second in range(32 * 60):
        hour = (second // 60) % 24
        policy.observe(sample(second, 70.0 if hour == 8 else 5.0, ready=10))
    decision = policy.decide(observation(32 * 60, SCALING, ready=2))
    assert dict(decision.inputs)["foreseen"] == 10
    assert decision.desired < 10


def test_the_documented_defaults() -> None:
    parameters = AwsPredictiveParameters()
    assert (parameters.days, parameters.horizon_hours, parameters.refresh_hours, parameters.buffer_s) == (
        14,
        48,
        6,
        300,
    )
