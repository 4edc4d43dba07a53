from __future__ import annotations

import pytest

from simulator.rules.policies.kubernetes.scaled_object import Activation


def test_activity_starts_a_replica_at_once() -> None:
    activation = Activation(cooldown_s=300)
    assert activation.floor(0, 0)[0] == 0
    activation.check(5, active=True)
    assert activation.floor(5, 0) == (1, "there is activity")


def test_past_activity_keeps_the_current_replicas() -> None:
    activation = Activation(cooldown_s=300)
    activation.check(5, active=True)
    assert activation.floor(6, present=0)[0] == 0
    assert activation.floor(6, present=1)[0] == 1


def test_the_cooldown_counts_from_the_last_poll_with_activity() -> None:
    activation = Activation(cooldown_s=300)
    activation.check(5, active=True)
    activation.check(10, active=False)
    assert activation.floor(304.9, 3)[0] == 1
    assert activation.floor(305, 3) == (1, "no activity for 300 s, which is within the cooldown")
    assert activation.floor(305.5, 3) == (0, "no activity for 300 s")


@pytest.mark.case("L40")
def test_the_last_replica_is_removed_only_at_a_poll() -> None:
    activation = Activation(cooldown_s=300)
    activation.check(30, active=True)
    activation.check(331, active=False, polls=False)
    assert activation.floor(331, 1) == (1, "no activity for 301 s; zero is decided at the next poll")
    activation.check(360, active=False)
    assert activation.floor(360, 1) == (0, "no activity for 330 s")


@pytest.mark.case("L13")
def test_without_activity_there_is_no_remaining_time() -> None:
    assert Activation(cooldown_s=300).floor(1000, 1) == (0, "no activity yet")


def test_scale_to_zero_does_not_happen_before_the_initial_time_is_over() -> None:
    activation = Activation(cooldown_s=300, initial_s=60)
    assert activation.floor(59, 1)[0] == 1
    assert activation.floor(60, 1)[0] == 0
