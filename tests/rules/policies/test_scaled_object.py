from __future__ import annotations

from simulator.rules.policies.scaled_object import Activation


def test_activity_wakes_at_once() -> None:
    activation = Activation(cooldown_s=300)
    assert activation.floor(0, 0)[0] == 0
    activation.look(5, active=True)
    assert activation.floor(5, 0) == (1, "there is activity")


def test_past_activity_keeps_only_what_is_there() -> None:
    activation = Activation(cooldown_s=300)
    activation.look(5, active=True)
    assert activation.floor(6, present=0)[0] == 0
    assert activation.floor(6, present=1)[0] == 1


def test_the_cooldown_counts_from_the_last_look_that_saw_activity() -> None:
    activation = Activation(cooldown_s=300)
    activation.look(5, active=True)
    activation.look(10, active=False)
    assert activation.floor(304.9, 3)[0] == 1
    assert activation.floor(305, 3) == (0, "no activity for 300s")


def test_nothing_goes_to_zero_before_the_initial_time_is_over() -> None:
    activation = Activation(cooldown_s=300, initial_s=60)
    assert activation.floor(59, 1)[0] == 1
    assert activation.floor(60, 1)[0] == 0
