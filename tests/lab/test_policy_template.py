"""The template of a policy runs unchanged and decides by its documented rule."""

from __future__ import annotations

import pytest

from simulator.lab.policy_template import MyPolicy
from simulator.model.scaling import AutoScalingConfiguration
from simulator.rules.policies.port import Observation, Sample

SCALING = AutoScalingConfiguration(10, 1, 25)


def sample(second: int, in_flight: float, rejected: int = 0, finished: int = 10, service_s: float = 5.0) -> Sample:
    return Sample(second, in_flight, 0.0, 10, rejected, finished, service_s, 1)


def decided(*samples: Sample) -> int:
    policy = MyPolicy()
    for each in samples:
        policy.observe(each)
    return policy.decide(Observation(0.0, 1, 0, 0, 0, SCALING))


@pytest.mark.parametrize(("in_flight", "desired"), [(0.0, 2), (9.9, 2), (10.0, 3), (35.0, 5)])
def test_the_mean_load_has_its_instances_and_one_is_spare(in_flight: float, desired: int) -> None:
    assert decided(*(sample(second, in_flight) for second in range(40))) == desired


def test_rejected_requests_count_as_the_concurrency_that_they_would_have_added() -> None:
    assert decided(sample(0, 5.0, rejected=20)) == int((5.0 + 20 * 0.5) / 10) + 2


def test_only_the_last_thirty_seconds_count() -> None:
    samples = [*(sample(second, 100.0) for second in range(30)), *(sample(second, 0.0) for second in range(30, 60))]
    assert decided(*samples) == 2


def test_without_samples_there_is_a_decision() -> None:
    assert decided() == 2
