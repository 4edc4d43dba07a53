from __future__ import annotations

import pytest

from simulator.model.scaling import AutoScalingConfiguration
from simulator.rules.policies.holt_winters import HoltWintersParameters, HoltWintersPolicy
from simulator.rules.policies.port import Decision
from tests.rules.policies.services import observation, sample

SCALING = AutoScalingConfiguration(max_concurrency=10, min_size=1, max_size=50)
# A "day" is ten minutes here, in bins of one minute: low load for eight, high load for two.
SHORT = HoltWintersParameters(season_s=600.0, bin_s=60.0, start_lag_s=30.0)


def load(second: int) -> float:
    return 70.0 if second % 600 >= 480 else 7.0


def decisions(parameters: HoltWintersParameters, seconds: int) -> dict[int, Decision]:
    policy, made = HoltWintersPolicy(parameters, SCALING), {}
    for second in range(seconds):
        policy.observe(sample(second, load(second)))
        made[second + 1] = policy.decide(observation(second + 1, SCALING))
    return made


def test_in_the_first_season_the_load_of_the_last_minute_is_used() -> None:
    made = decisions(SHORT, 600)
    assert made[480].desired == 1
    assert made[540].desired == 10
    assert made[480].reason.startswith("no season has been seen yet")


def test_in_the_next_season_instances_are_ready_before_the_peak() -> None:
    made = decisions(SHORT, 1200)
    # The peak at 1080 s is within the horizon, the current bin and one more, from 1020 s on.
    assert [made[at].desired for at in (1019, 1020, 1079)] == [1, 10, 10]


def test_a_load_above_the_forecast_is_used() -> None:
    policy = HoltWintersPolicy(SHORT, SCALING)
    for second in range(660):
        policy.observe(sample(second, load(second)))
    for second in range(660, 720):
        policy.observe(sample(second, 140.0))
    decision = policy.decide(observation(720, SCALING))
    assert decision.desired == 20
    assert "more than the" in decision.reason


def test_without_the_reactive_part_only_the_forecast_is_used() -> None:
    blind = HoltWintersParameters(season_s=600.0, bin_s=60.0, reactive=False)
    policy = HoltWintersPolicy(blind, SCALING)
    for second in range(780):
        policy.observe(sample(second, load(second) if second < 720 else 500.0))
    assert policy.decide(observation(719, SCALING)).desired < 50


def test_a_season_must_be_a_whole_number_of_bins() -> None:
    with pytest.raises(ValueError, match=r"^season = 500s, must be several whole bins of 300s$"):
        HoltWintersParameters(season_s=500.0)
