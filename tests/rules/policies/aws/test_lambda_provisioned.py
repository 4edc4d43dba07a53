from __future__ import annotations

from simulator.model.scaling import AutoScalingConfiguration
from simulator.rules.policies.aws.alarms import LATE_S
from simulator.rules.policies.aws.lambda_provisioned import LambdaProvisionedParameters, LambdaProvisionedPolicy
from tests.rules.policies.services import observation, sample

SCALING = AutoScalingConfiguration(max_concurrency=1, min_size=1, max_size=100)


def desired_over(minutes: list[float], ready: int) -> int:
    """Return the desired count after that many requests in flight in each of the minutes, and the delay of
    the metric.
    """
    policy = LambdaProvisionedPolicy(LambdaProvisionedParameters(), SCALING)
    second, decision = 0, None
    for in_flight in [*minutes, *minutes[-1:] * 3]:
        for _ in range(60):
            policy.observe(sample(second, in_flight, ready=ready))
            second += 1
            if second > len(minutes) * 60 + LATE_S:
                break
            decision = policy.decide(observation(second, SCALING, ready=ready))
    assert decision is not None
    return decision.desired


def test_the_default_target_is_70_percent_utilisation() -> None:
    assert desired_over([14.0] * 3, ready=10) == 20  # 140 % of ten


def test_a_burst_shorter_than_three_minutes_triggers_nothing() -> None:
    assert desired_over([14.0, 14.0, 2.0], ready=10) == 10


def test_without_requests_nothing_is_ever_removed() -> None:
    assert desired_over([0.0] * 20, ready=10) == 10


def test_a_little_traffic_scales_in_after_fifteen_minutes() -> None:
    assert desired_over([0.7] * 14, ready=10) == 10
    assert desired_over([0.7] * 15, ready=10) == 1


def test_the_target_follows_a_changed_max_concurrency() -> None:
    policy = LambdaProvisionedPolicy(LambdaProvisionedParameters(), SCALING)
    more = AutoScalingConfiguration(max_concurrency=10, min_size=1, max_size=100)
    assert dict(policy.decide(observation(1, SCALING)).inputs)["target"] == 0.7
    assert dict(policy.decide(observation(2, more)).inputs)["target"] == 7
