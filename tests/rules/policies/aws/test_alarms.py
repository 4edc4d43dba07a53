from __future__ import annotations

from simulator.rules.policies.aws.alarms import Cooldowns, breaches


def high(value: float) -> bool:
    return value > 50


def test_an_alarm_needs_all_of_its_newest_points() -> None:
    assert breaches([10, 60, 60, 60], 3, high)
    assert not breaches([60, 60, 50], 3, high)
    assert not breaches([60, 60], 3, high)


def test_missing_data_is_insufficient_data() -> None:
    assert not breaches([60, None, 60, 60][:3], 3, high)


def test_within_the_cooldown_added_capacity_counts_towards_the_next_step() -> None:
    # The user guide's example: a step of 2 began the cooldown, so a step of 3 adds only one more.
    cooldowns = Cooldowns(out_s=300, in_s=300)
    assert cooldowns.raised(0, 10, 100, lambda base: base + 2) == 12
    assert cooldowns.raised(60, 12, 100, lambda base: base + 2) == 12
    assert cooldowns.raised(120, 12, 100, lambda base: base + 3) == 13


def test_after_the_cooldown_the_same_step_adds_again() -> None:
    cooldowns = Cooldowns(out_s=300, in_s=300)
    cooldowns.raised(0, 10, 100, lambda base: base + 2)
    assert cooldowns.raised(300, 12, 100, lambda base: base + 2) == 14


def test_removals_wait_for_the_cooldown_of_the_last_one() -> None:
    cooldowns = Cooldowns(out_s=300, in_s=300)
    assert cooldowns.lowered(0, 10, 1, 8) == 8
    assert cooldowns.lowered(299, 8, 1, 5) == 8
    assert cooldowns.lowered(300, 8, 1, 5) == 5


def test_a_scale_out_ends_the_cooldown_of_a_removal_at_once() -> None:
    cooldowns = Cooldowns(out_s=300, in_s=300)
    cooldowns.lowered(0, 10, 1, 8)
    assert cooldowns.raised(10, 8, 100, lambda base: base + 4) == 12
    assert cooldowns.lowered(20, 12, 1, 9) == 9


def test_the_bounds_limit_the_desired_count() -> None:
    cooldowns = Cooldowns(out_s=0, in_s=0)
    assert cooldowns.raised(0, 10, 11, lambda base: base + 5) == 11
    assert cooldowns.lowered(1, 11, 9, 2) == 9
