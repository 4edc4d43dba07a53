from __future__ import annotations

import pytest

from simulator.model.scaling import AutoScalingConfiguration
from simulator.rules.policies.aws.ecs_express import EcsExpressParameters, EcsExpressPolicy
from tests.rules.policies.services import observation, sample

SCALING = AutoScalingConfiguration(max_concurrency=10, min_size=1, max_size=50)


def desired_after_six_minutes(parameters: EcsExpressParameters, cpu_share: float, arrivals: int = 0) -> int:
    policy = EcsExpressPolicy(parameters, SCALING)
    decision = None
    for second in range(360):
        policy.observe(sample(second, ready=6, cpu_s=cpu_share * 6, finished=arrivals))
        decision = policy.decide(observation(second + 1, SCALING, ready=6))
    assert decision is not None
    return decision.desired


def test_the_target_is_60_percent_of_cpu() -> None:
    assert desired_after_six_minutes(EcsExpressParameters(), 0.60) == 6
    assert desired_after_six_minutes(EcsExpressParameters(), 0.61) == 7


def test_the_metric_may_be_requests_per_target_instead_of_cpu() -> None:
    parameters = EcsExpressParameters(metric="requests", target=5.0)
    assert desired_after_six_minutes(parameters, 0.0, arrivals=60) == 12  # 10/s each, for a target of 5/s


def test_the_defaults_are_those_of_the_api_for_each_metric() -> None:
    targets = {metric: EcsExpressParameters(metric=metric).tracking.target for metric in ("cpu", "memory")}
    assert targets == {"cpu": 0.6, "memory": 0.6}
    assert EcsExpressParameters(metric="requests-per-target").tracking.target == 60


def test_the_request_count_is_a_sum_per_target_and_minute() -> None:
    """Six tasks with 6 requests/s in total get 60 each in a minute, which is the target; 7 requests/s are above it."""
    parameters = EcsExpressParameters(metric="requests-per-target")
    assert desired_after_six_minutes(parameters, 0.0, arrivals=6) == 6
    assert desired_after_six_minutes(parameters, 0.0, arrivals=7) == 7


def test_its_parameters_are_checked_as_those_of_target_tracking() -> None:
    with pytest.raises(ValueError, match="scale_in_share = 2, must be"):
        EcsExpressParameters(scale_in_share=2.0)
    with pytest.raises(ValueError, match="metric_period = 20 s, must be whole minutes for requests-per-target"):
        EcsExpressParameters(metric="requests-per-target", metric_period_s=20)
