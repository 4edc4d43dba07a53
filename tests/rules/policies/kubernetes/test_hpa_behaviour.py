from __future__ import annotations

from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.lab.validate.ground_truth import vectors
from simulator.rules.policies.kubernetes.hpa_behaviour import DOWN, UP, Direction, HpaBehaviour, RateLimit

VECTORS: Final[dict[str, Any]] = vectors("hpa_decision_vectors.json")


def followed(behaviour: HpaBehaviour, start: int, wanted: int, period_s: float, count: int) -> list[int]:
    """Return the replicas at the beginning of each period while `wanted` is recommended all the time."""
    replicas = [start]
    for period in range(count - 1):
        now_s = period * period_s
        after, _ = behaviour.settle(now_s, replicas[-1], wanted)
        behaviour.moved(now_s, replicas[-1], after)
        replicas.append(after)
    return replicas


def test_the_documented_example_scales_down_by_4_pods_or_10_percent_a_minute() -> None:
    # Validation case 42.
    ramp = VECTORS["scale_down_policy_80_to_10_4pods_or_10pct_per_min"]
    down = Direction(0, (RateLimit(pods=4, period_s=60), RateLimit(share=0.1, period_s=60)))
    assert followed(HpaBehaviour(UP, down), 80, 10, 60, len(ramp)) == ramp


def test_the_default_ramp_adds_four_or_doubles_every_15_seconds() -> None:
    # Validation case 43.
    ramp = VECTORS["scale_up_default_ramp_from_1_per_15s"]
    assert followed(HpaBehaviour(), 1, 160, 15, len(ramp)) == ramp


def test_within_one_period_the_limit_counts_what_was_added_already() -> None:
    assert followed(HpaBehaviour(), 1, 100, 5, 7) == [1, 5, 5, 5, 10, 10, 10]


def test_replicas_removed_within_the_period_may_be_added_again() -> None:
    behaviour = HpaBehaviour(Direction(0, (RateLimit(pods=1),)), Direction(0, (RateLimit(share=1.0),)))
    behaviour.moved(0, 10, 4)
    assert behaviour.settle(1, 4, 20)[0] == 11  # 4 + 6 removed + 1


def test_the_strictest_limit_applies_if_min_is_selected() -> None:
    limits = (RateLimit(pods=2), RateLimit(share=1.0))
    assert HpaBehaviour(Direction(0, limits, "min"), DOWN).settle(0, 8, 100)[0] == 10
    assert HpaBehaviour(Direction(0, limits, "max"), DOWN).settle(0, 8, 100)[0] == 16


def test_a_disabled_direction_never_changes_the_replicas() -> None:
    behaviour = HpaBehaviour(Direction(0, (RateLimit(pods=2),), "disabled"), Direction(0, (), "disabled"))
    assert behaviour.settle(0, 8, 100)[0] == 8
    assert behaviour.settle(15, 8, 1)[0] == 8


def test_a_lower_recommendation_applies_after_five_minutes() -> None:
    behaviour = HpaBehaviour()
    assert behaviour.settle(0, 5, 5) == (5, ())
    assert behaviour.settle(299, 5, 2) == (5, ("stabilisation: 5",))
    assert behaviour.settle(300, 5, 3)[0] == 3  # the greatest one of the last 300 s, which exclude the one at 0


def test_an_up_window_uses_the_smallest_of_its_recommendations() -> None:
    behaviour = HpaBehaviour(Direction(60, (RateLimit(share=10.0),)), DOWN)
    behaviour.settle(0, 2, 2)
    assert behaviour.settle(30, 2, 8)[0] == 2
    assert behaviour.settle(60, 2, 6)[0] == 6


def test_between_the_bounds_of_both_windows_the_replicas_do_not_change() -> None:
    behaviour = HpaBehaviour(Direction(60, (RateLimit(share=10.0),)), Direction(60, (RateLimit(share=1.0),)))
    behaviour.settle(0, 5, 3)
    assert behaviour.settle(15, 5, 8)[0] == 5  # up allows no more than 3, down no fewer than 8; 5 is between them


def test_a_floor_may_be_reached_at_once() -> None:
    up = Direction(0, (RateLimit(share=1.0),), floor=4)
    assert followed(HpaBehaviour(up, DOWN), 1, 100, 15, 5) == [1, 4, 8, 16, 32]


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({}, "pods = nothing, must be given where share is not"),
        ({"pods": 4, "share": 0.1}, "pods = 4, must be left out where share is given"),
        ({"pods": 0}, "pods = 0, must be 1 to 1000"),
        ({"share": 0.1, "period_s": 0.0}, "period = 0s, must be 1s to 1800s"),
    ],
)
def test_an_invalid_limit_is_rejected(told: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        RateLimit(**told)


@given(st.lists(st.tuples(st.floats(0.1, 100), st.integers(0, 200)), max_size=40), st.integers(0, 50))
def test_the_allowed_count_lies_between_current_and_recommended(steps: list[tuple[float, int]], replicas: int) -> None:
    behaviour, now_s, recent = HpaBehaviour(), 0.0, [replicas]
    for ahead_s, wanted in steps:
        now_s += ahead_s
        recent.append(wanted)
        after, _ = behaviour.settle(now_s, replicas, wanted)
        assert min(recent) <= after <= max(recent)
        behaviour.moved(now_s, replicas, after)
        replicas = after
