from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.model.scaling import AutoScalingConfiguration
from simulator.rules.policies.fly import FlyParameters, FlyPolicy, above_soft
from tests.rules.policies.services import observation, sample

SCALING = AutoScalingConfiguration(max_concurrency=25, min_size=0, max_size=5)


def desired(now_s: float, *, ready: int, load: int, coming: int = 0, above: Any = "each") -> int:
    policy = FlyPolicy(FlyParameters(above=above), SCALING)
    policy.decide(observation(0, SCALING, ready=ready, in_flight=ready))  # after the first possible stop
    return policy.decide(observation(now_s, SCALING, ready=ready, coming=coming, in_flight=load)).desired


def test_the_soft_limit_is_20_of_25_by_default() -> None:
    assert FlyParameters().soft_limit_for(SCALING) == 20


def test_one_machine_starts_if_all_are_above_their_soft_limit() -> None:
    assert desired(1, ready=2, load=40) == 2
    assert desired(1, ready=2, load=41) == 2  # 21 and 20: one of them is not above its limit
    assert desired(1, ready=2, load=42) == 3
    assert desired(1, ready=2, load=50) == 3


@pytest.mark.case("L39")
def test_the_interpretation_sum_uses_the_sum_of_the_loads() -> None:
    assert desired(1, ready=2, load=40, above="sum") == 2
    assert desired(1, ready=2, load=41, above="sum") == 3
    assert desired(300, ready=3, load=41, above="sum") == 3
    assert desired(300, ready=3, load=40, above="sum") == 2


@pytest.mark.case("L39")
@given(st.sampled_from(["each", "sum"]), st.integers(0, 250), st.integers(1, 5))
def test_starting_and_stopping_use_the_same_definition_of_above(above: str, load: int, machines: int) -> None:
    """If the rule starts a machine at a load, it does not stop it at the same load."""
    after = desired(300, ready=machines, load=min(load, 25 * machines), above=above)
    if after > machines:
        assert desired(300, ready=after, load=min(load, 25 * machines), above=above) >= machines


@pytest.mark.case("L39")
def test_a_full_machine_counts_as_above_its_soft_limit() -> None:
    one = AutoScalingConfiguration(max_concurrency=1, min_size=0, max_size=5)
    policy = FlyPolicy(FlyParameters(), one)
    assert policy.decide(observation(1, one, ready=2, in_flight=2)).desired == 3
    assert policy.decide(observation(2, one, ready=2, in_flight=1)).desired == 2


def test_a_starting_machine_counts_as_below_its_limit() -> None:
    assert desired(1, ready=2, coming=1, load=50) == 3


def test_no_more_machines_than_exist_are_started() -> None:
    assert desired(1, ready=5, load=125) == 5


def test_exactly_one_machine_is_stopped_every_few_minutes() -> None:
    assert desired(299, ready=5, load=0) == 5
    assert desired(300, ready=5, load=0) == 4


@pytest.mark.parametrize(("ready", "load", "after"), [(3, 40, 2), (2, 21, 1), (2, 39, 1), (1, 1, 1), (1, 0, 0)])
def test_one_machine_below_its_limit_is_kept_and_the_last_one_stops_only_without_load(
    ready: int, load: int, after: int
) -> None:
    # 3 with 40: none is above 20, surplus 2. 2 with 39: one has 20, none is above. 1 with 1: surplus 0, and it has
    # load.
    assert desired(300, ready=ready, load=load) == after


def test_machines_above_their_limit_are_not_surplus() -> None:
    assert desired(300, ready=3, load=62) == 3  # 21, 21, 20: there is no surplus, and not all are above
    assert desired(300, ready=3, load=63) == 4
    assert above_soft(62, 3, 20) == 2
    assert above_soft(60, 3, 20) == 0
    assert above_soft(63, 3, 20) == 3


def test_the_first_request_at_zero_starts_a_machine() -> None:
    policy = FlyPolicy(FlyParameters(), SCALING)
    assert policy.decide(observation(0.1, SCALING, ready=0, waiting=1)).desired == 1


def test_a_request_rejected_at_zero_starts_a_machine_too() -> None:
    policy = FlyPolicy(FlyParameters(), SCALING)
    policy.observe(sample(0, rejected=1, ready=0))
    assert policy.decide(observation(1, SCALING, ready=0)).desired == 1


@given(st.integers(0, 500), st.integers(1, 20), st.integers(1, 30))
def test_machines_above_the_limit_are_those_of_an_even_spread(load: int, machines: int, soft: int) -> None:
    spread = [load // machines + (index < load % machines) for index in range(machines)]
    assert above_soft(load, machines, soft) == sum(each > soft for each in spread)
