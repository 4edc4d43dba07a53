from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from simulator.model.scaling import AutoScalingConfiguration
from simulator.rules.policies.mpc import MpcParameters, MpcPolicy, best_first_level
from tests.rules.policies.services import observation, sample

SCALING = AutoScalingConfiguration(max_concurrency=10, min_size=1, max_size=50)
AT_ONCE = MpcParameters(start_lag_s=0.0)


def cheapest(present: int, demand: list[int], parameters: MpcParameters) -> float:
    """Return the cost of the cheapest plan, found by trying all levels up to the greatest demand."""
    levels = range(max(present, *demand) + 1)
    delay = parameters.delay
    costs = []
    for plan in itertools.product(levels, repeat=parameters.steps):
        first = min(plan[0], present)
        served = [first] * delay + list(plan)
        cost = sum(
            parameters.shortage_cost * max(0, need - level) + max(0, level - need)
            for level, need in zip(served, demand, strict=True)
        )
        moves = zip((present, *plan), plan, strict=False)
        costs.append(cost + parameters.change_cost * sum(abs(after - before) for before, after in moves))
    return min(costs)


@given(
    st.integers(0, 5),
    st.lists(st.integers(0, 5), min_size=4, max_size=4),
    st.floats(0, 20),
    st.floats(0, 5),
)
def test_no_other_plan_is_cheaper(present: int, demand: list[int], shortage: float, change: float) -> None:
    parameters = MpcParameters(steps=3, step_s=15.0, start_lag_s=15.0, shortage_cost=shortage, change_cost=change)
    _, cost = best_first_level(present, demand, parameters)
    assert abs(cost - cheapest(present, demand, parameters)) < 1e-6


def test_a_steady_demand_is_met_exactly() -> None:
    assert best_first_level(3, [5, 5, 5, 5], AT_ONCE) == (5, 4.0)  # two changes of 2


def test_instances_that_are_soon_needed_again_are_kept() -> None:
    assert best_first_level(5, [5, 4, 5, 5], AT_ONCE)[0] == 5


def test_instances_for_a_rising_load_are_requested_in_advance() -> None:
    policy = MpcPolicy(MpcParameters(), SCALING)
    for second in range(120):
        policy.observe(sample(second, second * 0.5))  # 7.5 more each 15 s
        policy.decide(observation(second + 1, SCALING))
    decision = policy.decide(observation(120, SCALING, ready=8))
    assert decision.desired > 9  # 60 in flight now need ceil(60 / 7) = 9


def test_the_horizon_is_the_start_lag_and_the_steps() -> None:
    assert MpcParameters(start_lag_s=31.0, step_s=15.0).delay == 3
    policy = MpcPolicy(MpcParameters(start_lag_s=31.0, step_s=15.0, steps=4), SCALING)
    assert policy.decide(observation(15, SCALING)).reason.endswith("instances in 90 s")
