from __future__ import annotations

import pytest

from simulator.model.scaling import AutoScalingConfiguration
from simulator.rules.policies.fixed import FixedParameters, FixedPolicy
from tests.rules.policies.services import observation, sample

TWO_TO_FIVE = AutoScalingConfiguration(max_concurrency=10, min_size=2, max_size=5)


def test_traffic_never_changes_the_number_of_instances() -> None:
    policy = FixedPolicy(FixedParameters(instances=3), TWO_TO_FIVE)
    policy.observe(sample(0, 500, rejected=900))
    assert policy.decide(observation(1, TWO_TO_FIVE, ready=0, waiting=400)).desired == 3


def test_without_a_number_the_result_follows_min_size() -> None:
    policy = FixedPolicy(FixedParameters(), TWO_TO_FIVE)
    assert policy.decide(observation(0, TWO_TO_FIVE)).desired == 2
    assert policy.decide(observation(1, AutoScalingConfiguration(min_size=4))).desired == 4


@pytest.mark.parametrize(("instances", "desired", "clamp"), [(1, 2, "min_size = 2"), (9, 5, "max_size = 5")])
@pytest.mark.case("H16")
def test_the_bounds_of_the_configuration_have_precedence(instances: int, desired: int, clamp: str) -> None:
    decision = FixedPolicy(FixedParameters(instances=instances), TWO_TO_FIVE).decide(observation(0, TWO_TO_FIVE))
    assert (decision.desired, decision.clamps) == (desired, (clamp,))


def test_a_number_out_of_range_is_rejected() -> None:
    with pytest.raises(ValueError, match=r"^instances = 0, must be 1 to 1000$"):
        FixedParameters(instances=0)
