from __future__ import annotations

from typing import Any

import pytest

from simulator.model.scaling import AutoScalingConfiguration
from simulator.rules.policies.cloud_run import CloudRunParameters, CloudRunPolicy
from simulator.rules.policies.port import Decision
from tests.rules.policies.services import observation, sample

SCALING = AutoScalingConfiguration(max_concurrency=80, min_size=0, max_size=100)


def after_a_minute(mean: float, cpu_s: float = 0.0, **seen: Any) -> Decision:
    policy = CloudRunPolicy(CloudRunParameters(), SCALING)
    for second in range(60):
        policy.observe(sample(second, mean, cpu_s=cpu_s))
    return policy.decide(observation(60, SCALING, **seen))


@pytest.mark.parametrize(("in_flight", "want"), [(48.0, 1), (48.1, 2), (96.0, 2), (480.0, 10)])
def test_the_target_of_concurrency_is_60_percent_of_the_maximum(in_flight: float, want: int) -> None:
    assert after_a_minute(in_flight).desired == want


@pytest.mark.parametrize(("cpu_s", "want"), [(0.6, 1), (0.61, 2), (6.0, 10)])
def test_the_target_of_cpu_is_60_percent(cpu_s: float, want: int) -> None:
    assert after_a_minute(1.0, cpu_s).desired == want


def test_the_larger_of_both_results_is_used() -> None:
    assert after_a_minute(480.0, cpu_s=1.2).desired == 10
    assert after_a_minute(48.0, cpu_s=6.0).desired == 10


def test_the_mean_is_of_a_minute() -> None:
    policy = CloudRunPolicy(CloudRunParameters(), SCALING)
    for second in range(30):
        policy.observe(sample(second, 480.0))
    assert policy.decide(observation(30, SCALING)).desired == 5


def test_queued_requests_start_instances_before_the_mean_rises() -> None:
    assert after_a_minute(0.0, ready=1, in_flight=80, waiting=100).desired == 3
    assert after_a_minute(0.0, ready=0, waiting=1).desired == 1


def test_a_starting_instance_counts_for_queued_requests() -> None:
    assert after_a_minute(0.0, ready=1, coming=2, in_flight=80, waiting=100).desired == 3


@pytest.mark.case("L38")
def test_idle_instances_are_removed_one_by_one_within_fifteen_minutes() -> None:
    policy = CloudRunPolicy(CloudRunParameters(), SCALING)
    policy.observe(sample(0, 6000.0))
    assert policy.decide(observation(5, SCALING)).desired == 3
    policy.observe(sample(60, 0.0))
    left = {now: policy.decide(observation(now, SCALING, ready=3)).desired for now in range(65, 915, 5)}
    assert [now for now in left if now > 65 and left[now] < left[now - 5]] == [305, 605, 905]
    assert left[65] == 3
    assert left[905] == 0


@pytest.mark.case("L24", "L38")
def test_instances_at_the_first_evaluation_count_as_needed_until_then() -> None:
    policy = CloudRunPolicy(CloudRunParameters(), SCALING)
    policy.observe(sample(0, 1.0, ready=10))
    first = policy.decide(observation(5, SCALING, ready=10))
    assert first.desired == 10
    assert "10 of the 10 instances of 0 s ago stay, idle" in first.reason


def test_with_a_spread_of_0_all_idle_instances_are_kept_for_fifteen_minutes() -> None:
    policy = CloudRunPolicy(CloudRunParameters(idle_spread=0.0), SCALING)
    policy.observe(sample(0, 6000.0))
    assert policy.decide(observation(5, SCALING)).desired == 3
    policy.observe(sample(60, 0.0))
    kept = policy.decide(observation(900, SCALING))
    assert (kept.desired, kept.clamps) == (3, ("idle for up to 900 s: 3",))
    assert policy.decide(observation(905, SCALING)).desired == 0


def test_without_a_cpu_target_the_signal_is_not_needed() -> None:
    assert CloudRunParameters().needs == {"cpu"}
    assert CloudRunParameters(cpu_target=None).needs == frozenset()


def test_without_a_language_the_platform_adds_its_placement_only() -> None:
    actuator = CloudRunPolicy(CloudRunParameters(), SCALING).actuator
    assert (actuator.start_lag_s, actuator.start_law) == (0.1, None)
    assert CloudRunPolicy(CloudRunParameters(start_lag_s=2.0), SCALING).actuator.start_lag_s == 2.0


def test_with_a_language_the_start_is_placement_then_initialisation() -> None:
    law = CloudRunPolicy(CloudRunParameters(language="nodejs", start_lag_s=0.5), SCALING).actuator.start_law
    assert law is not None
    shortest = law.delays((0.5, 0.5, 0.5, 0.0), from_zero=True)
    assert shortest.launch_s == 0.5
    assert shortest.init_s == pytest.approx(1.96)


def test_an_unknown_language_is_rejected_with_the_nearest_one() -> None:
    with pytest.raises(ValueError, match=r"^language = 'node', must be .*nodejs"):
        CloudRunParameters(language="node")  # type: ignore[arg-type]
