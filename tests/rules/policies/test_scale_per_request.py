from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.model.scaling import AutoScalingConfiguration
from simulator.rules.policies.scale_per_request import ScalePerRequestParameters, ScalePerRequestPolicy
from tests.rules.policies.services import observation

ONE_EACH = AutoScalingConfiguration(max_concurrency=1, min_size=0, max_size=1000)


def desired(scaling: AutoScalingConfiguration = ONE_EACH, *, ready: int, coming: int, waiting: int) -> int:
    policy = ScalePerRequestPolicy(ScalePerRequestParameters(), scaling)
    return policy.decide(observation(0, scaling, ready=ready, coming=coming, waiting=waiting)).desired


def test_without_requests_no_instance_is_desired() -> None:
    assert desired(ready=0, coming=0, waiting=0) == 0


def test_each_waiting_request_gets_an_instance() -> None:
    assert desired(ready=3, coming=0, waiting=2) == 5


def test_a_starting_instance_counts_for_one_queued_request() -> None:
    assert desired(ready=3, coming=2, waiting=3) == 6


def test_the_policy_never_scales_in_by_itself() -> None:
    assert desired(ready=7, coming=1, waiting=0) == 8


def test_a_starting_instance_counts_for_as_many_requests_as_it_has_slots() -> None:
    scaling = AutoScalingConfiguration(max_concurrency=4, min_size=0, max_size=10)
    # 9 - 4 slots of the starting instance = 5, i.e. two instances
    assert desired(scaling, ready=1, coming=1, waiting=9) == 4


def test_idle_instances_expire_after_ten_minutes_by_default() -> None:
    policy = ScalePerRequestPolicy(ScalePerRequestParameters(), ONE_EACH)
    assert (policy.actuator.idle_expiry_s, policy.reacts_to_queue) == (600, True)


def test_an_expiry_of_zero_is_rejected() -> None:
    with pytest.raises(ValueError, match=r"^idle_expiry = 0s, must be above 0s$"):
        ScalePerRequestParameters(idle_expiry_s=0)


@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 40), st.integers(0, 10), st.integers(10, 40))
def test_desired_is_always_within_the_bounds(ready: int, coming: int, waiting: int, least: int, most: int) -> None:
    scaling = AutoScalingConfiguration(max_concurrency=1, min_size=least, max_size=most)
    assert least <= desired(scaling, ready=ready, coming=coming, waiting=waiting) <= most
