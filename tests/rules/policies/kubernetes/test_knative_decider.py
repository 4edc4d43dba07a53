from __future__ import annotations

import math
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.lab.validate.ground_truth import vectors
from simulator.rules.policies.kubernetes.knative_decider import Decider, DeciderSpec

CASES: Final[list[dict[str, Any]]] = vectors("kpa_decision_vectors.json")["cases"]


def spec(**changes: Any) -> DeciderSpec:
    values: dict[str, Any] = {
        "target": 10.0,
        "total": 10.0,
        "target_burst_capacity": 211,
        "max_scale_up_rate": 10.0,
        "max_scale_down_rate": 10.0,
        "panic_threshold": 2.0,
        "stable_window_s": 60.0,
    }
    return DeciderSpec(**(values | changes))


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_decisions_are_those_of_the_tests_of_knative(case: dict[str, Any]) -> None:
    decider = Decider(DeciderSpec(**case["spec"]), now_s=0, ready=1)
    decider.panic_since_s = case["pre"].get("panic_started")
    decider.max_panic = case["pre"].get("max_panic_pods", 1)
    for at_s, ready, stable, panic, desired, excess in case["steps"]:
        scale = decider.scale(at_s, ready, stable, panic)
        assert scale.desired == desired
        assert abs(scale.excess_burst_capacity - excess) <= 1


def test_a_fresh_decider_with_several_instances_starts_in_panic_and_keeps_them() -> None:
    decider = Decider(spec(max_scale_down_rate=2.0), now_s=0, ready=8)
    assert decider.scale(60, 8, 0, 0).desired == 8
    assert decider.scale(61, 8, 0, 0).desired == 4  # a stable window has passed; then the scale-down rate applies


def test_panic_begins_at_exactly_the_threshold() -> None:
    decider = Decider(spec(), now_s=0, ready=1)
    assert not decider.scale(0, 10, 100, 190).panicking
    assert decider.scale(2, 10, 100, 200).panicking


def test_a_second_panic_mode_does_not_keep_the_maximum_of_the_first() -> None:
    decider = Decider(spec(), now_s=0, ready=1)
    assert decider.scale(0, 10, 10, 900).desired == 90
    assert decider.scale(61, 90, 10, 10).desired == 9  # stable mode again, down by the rate
    assert decider.scale(63, 2, 10, 50).desired == 5


def test_activation_scale_raises_any_desired_count_but_zero() -> None:
    decider = Decider(spec(activation_scale=5), now_s=0, ready=1)
    assert decider.scale(0, 1, 3, 3).desired == 5
    assert decider.scale(2, 1, 0, 0).desired == 0


def test_scale_down_delay_keeps_the_highest_desired_count() -> None:
    decider = Decider(spec(scale_down_delay_s=300.0), now_s=0, ready=1)
    assert decider.scale(2, 1, 40, 0).desired == 4
    held = decider.scale(300, 4, 0, 0)
    assert held.desired == 4
    assert held.clamps == ("scale-down delay 300 s: 4",)
    assert decider.scale(302, 4, 0, 0).desired == 0


def test_an_updated_target_applies_from_the_next_decision() -> None:
    decider = Decider(spec(), now_s=0, ready=1)
    assert decider.scale(0, 5, 50, 50).desired == 5
    decider.update(spec(target=5.0))
    assert decider.scale(2, 5, 50, 50).desired == 10


@given(st.lists(st.tuples(st.floats(0.1, 30), st.floats(0, 500), st.floats(0, 500)), max_size=40), st.integers(0, 20))
def test_no_decision_in_panic_mode_is_below_the_ready_instances(
    steps: list[tuple[float, float, float]], ready: int
) -> None:
    decider, now_s = Decider(spec(), 0, ready), 0.0
    for ahead_s, stable, panic in steps:
        now_s += ahead_s
        scale = decider.scale(now_s, ready, stable, panic)
        if scale.panicking:
            assert scale.desired >= ready
        ready = scale.desired  # carried out at once


@given(st.integers(0, 50), st.floats(0, 1e4), st.floats(1.1, 20), st.floats(1.1, 20))
def test_a_decision_in_stable_mode_is_within_the_rate_limits(ready: int, stable: float, up: float, down: float) -> None:
    decider = Decider(spec(max_scale_up_rate=up, max_scale_down_rate=down), 0, ready=1)
    desired = decider.scale(0, ready, stable, 0).desired
    assert math.floor(max(1, ready) / down) <= desired <= math.ceil(max(1, ready) * up)
