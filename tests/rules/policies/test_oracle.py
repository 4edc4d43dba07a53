from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.model.scaling import AutoScalingConfiguration
from simulator.rules.policies.oracle import OracleParameters, OraclePolicy, greatest_ahead
from tests.rules.policies.services import observation

SCALING = AutoScalingConfiguration(max_concurrency=10, min_size=1, max_size=20)


def desired(demand: tuple[int, ...], start_lag_s: float = 0.0, start_up_s: float = 0.0) -> list[int]:
    parameters = OracleParameters(demand=demand, start_lag_s=start_lag_s, start_up_s=start_up_s)
    policy = OraclePolicy(parameters, SCALING)
    return [policy.decide(observation(second, SCALING)).desired for second in range(len(demand))]


def test_instances_are_started_early_by_their_start_time() -> None:
    demand = (1,) * 10 + (6,) * 3 + (1,) * 5
    # Requested at 4 s they serve at 4 + 3 + 2 = 9 s; requested at 5 s, the next tick, they would serve only at 10 s.
    assert desired(demand, start_lag_s=3.0, start_up_s=2.0) == [1] * 4 + [6] * 9 + [1] * 5


def test_instances_are_stopped_if_new_ones_can_be_ready_in_time() -> None:
    assert desired((5, 5, 1, 1, 1, 5, 5)) == [5, 5, 1, 1, 5, 5, 5]


def test_after_the_end_nothing_is_needed() -> None:
    policy = OraclePolicy(OracleParameters(demand=(7,)), SCALING)
    assert policy.decide(observation(99, SCALING)).desired == 1


def test_without_a_demand_the_oracle_raises_an_error_that_names_it() -> None:
    assert OracleParameters().needs == {"demand"}
    assert OracleParameters(demand=(1,)).needs == frozenset()


def test_a_negative_demand_is_rejected() -> None:
    with pytest.raises(ValueError, match=r"^demand = -1, must be at least 0 in every second$"):
        OracleParameters(demand=(1, -1))


@given(st.lists(st.integers(0, 20), max_size=60), st.integers(0, 10))
def test_the_greatest_demand_ahead_is_the_maximum_of_each_window(demand: list[int], ahead: int) -> None:
    assert greatest_ahead(demand, ahead) == tuple(max(demand[at : at + ahead + 1]) for at in range(len(demand)))
