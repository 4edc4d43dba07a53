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


def test_an_alarm_of_m_of_n_points_accepts_other_points_between_them() -> None:
    assert breaches([60, 40, 60], 3, high, 2)
    assert breaches([60, None, 60], 3, high, 2)
    assert not breaches([60, 40, 40], 3, high, 2)
    assert not breaches([60, 60], 3, high, 2)


class Fleet:
    """A service that carries out what a policy proposes."""

    def __init__(self, capacity: int, out_s: float = 300, in_s: float = 300) -> None:
        self.cooldowns = Cooldowns(out_s, in_s)
        self.capacity = capacity

    def raised(self, now_s: float, by: int, most: int = 100) -> int:
        proposed = self.cooldowns.raised(now_s, self.capacity, most, lambda base: base + by)
        if proposed > self.capacity:
            self.cooldowns.scaled_out(now_s, self.capacity)
        self.capacity = proposed
        return proposed

    def lowered(self, now_s: float, wanted: int, least: int = 1) -> int:
        proposed = self.cooldowns.lowered(now_s, self.capacity, least, wanted)
        if proposed < self.capacity:
            self.cooldowns.scaled_in(now_s)
        self.capacity = proposed
        return proposed


def test_within_the_cooldown_added_capacity_counts_towards_the_next_step() -> None:
    # The user guide's example: a step of 2 began the cooldown, so a step of 3 adds only one more.
    fleet = Fleet(10)
    assert fleet.raised(0, by=2) == 12
    assert fleet.raised(60, by=2) == 12
    assert fleet.raised(120, by=3) == 13


def test_after_the_cooldown_the_same_step_adds_again() -> None:
    fleet = Fleet(10)
    fleet.raised(0, by=2)
    assert fleet.raised(300, by=2) == 14


def test_removals_wait_for_the_cooldown_of_the_last_one() -> None:
    fleet = Fleet(10)
    assert fleet.lowered(0, 8) == 8
    assert fleet.lowered(299, 5) == 8
    assert fleet.lowered(300, 5) == 5


def test_a_scale_out_ends_the_cooldown_of_a_removal_at_once() -> None:
    fleet = Fleet(10)
    fleet.lowered(0, 8)
    assert fleet.raised(10, by=4) == 12
    assert fleet.lowered(20, 9) == 9


def test_a_proposal_that_is_not_carried_out_begins_no_cooldown() -> None:
    cooldowns = Cooldowns(out_s=300, in_s=300)
    assert cooldowns.lowered(0, 10, 1, 8) == 8
    assert cooldowns.lowered(10, 10, 1, 8) == 8
    assert cooldowns.raised(20, 10, 100, lambda base: base + 2) == 12
    assert cooldowns.raised(30, 10, 100, lambda base: base + 2) == 12


def test_the_scale_out_of_another_policy_ends_the_cooldown_of_a_removal_only() -> None:
    cooldowns = Cooldowns(out_s=300, in_s=300)
    cooldowns.scaled_in(0)
    cooldowns.scaled_out(10, 8, starts=False)
    assert cooldowns.lowered(20, 12, 1, 9) == 9
    assert cooldowns.raised(30, 12, 100, lambda base: base + 1) == 13  # not based on the 8 before


def test_the_bounds_limit_the_desired_count() -> None:
    fleet = Fleet(10, out_s=0, in_s=0)
    assert fleet.raised(0, by=5, most=11) == 11
    assert fleet.lowered(1, 2, least=9) == 9
