from __future__ import annotations

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
