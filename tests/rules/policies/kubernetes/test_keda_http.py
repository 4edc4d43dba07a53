from __future__ import annotations

from typing import Any

import pytest

from simulator.model.scaling import AutoScalingConfiguration
from simulator.rules.policies.kubernetes.keda_http import KedaHttpParameters, KedaHttpPolicy
from simulator.rules.policies.port import Decision
from tests.rules.policies.services import observation, sample

SCALING = AutoScalingConfiguration(max_concurrency=200, min_size=0, max_size=100)


def at_first_sync(arrivals: int = 0, **told: Any) -> Decision:
    """Return the decision at 60 s, after a minute with that many requests/s."""
    policy = KedaHttpPolicy(KedaHttpParameters(**told), SCALING)
    for second in range(60):
        policy.observe(sample(second, finished=arrivals))
    return policy.decide(observation(60, SCALING, ready=8, in_flight=700, waiting=350))


def test_pending_requests_are_divided_by_100() -> None:
    assert at_first_sync().formula == "ceil(1050 / 100) = 11"


def test_the_request_rate_is_a_mean_of_a_minute() -> None:
    assert at_first_sync(arrivals=1500, concurrency_target=None, rate_target_rps=100.0).desired == 15


def test_the_metric_that_requires_more_replicas_decides() -> None:
    assert at_first_sync(arrivals=1500, rate_target_rps=100.0).desired == 15
    assert at_first_sync(arrivals=500, rate_target_rps=100.0).desired == 11


def test_the_first_pending_request_starts_one_replica() -> None:
    policy = KedaHttpPolicy(KedaHttpParameters(), SCALING)
    assert policy.decide(observation(0.1, SCALING, ready=0)).desired == 0
    assert policy.decide(observation(0.2, SCALING, ready=0, waiting=300)).desired == 1


def test_scale_out_does_not_happen_between_two_syncs() -> None:
    policy = KedaHttpPolicy(KedaHttpParameters(), SCALING)
    policy.decide(observation(0.2, SCALING, ready=0, waiting=1))
    assert policy.decide(observation(14.9, SCALING, ready=0, coming=1, waiting=900)).desired == 1
    assert policy.decide(observation(15, SCALING, ready=0, coming=1, waiting=900)).desired == 5  # four more in 15 s


def test_the_service_scales_to_zero_after_the_scale_down_period() -> None:
    policy = KedaHttpPolicy(KedaHttpParameters(), SCALING)
    policy.decide(observation(0, SCALING, ready=1, in_flight=1))
    assert policy.decide(observation(299, SCALING, ready=1)).desired == 1
    assert policy.decide(observation(300, SCALING, ready=1)).desired == 1  # strictly more than the period
    assert policy.decide(observation(314, SCALING, ready=1)).desired == 1
    assert policy.decide(observation(315, SCALING, ready=1)).desired == 0  # at the next poll of KEDA's executor


def test_at_least_one_metric_is_required() -> None:
    with pytest.raises(ValueError, match=r"^concurrency_target = nothing, must be given where rate_target is not$"):
        KedaHttpParameters(concurrency_target=None)
