"""Idle instance-seconds that a platform bills at a lower rate, computed by hand."""

from __future__ import annotations

import pytest

from simulator.model.sizes import InstanceSize
from simulator.rules.platforms.idle_time import idle_at_minimum_s, kept_idle_s
from simulator.rules.pricing import InstanceUsage

SIZE = InstanceSize()


def usage(launched_s: float, provisioned_s: float, *activations: tuple[float, float]) -> InstanceUsage:
    return InstanceUsage(provisioned_s, activations, SIZE, launched_s)


# Two instances for 100 s; the first is busy from 10 to 30, the second from 20 to 40.
TWO = [usage(0, 100, (10, 30)), usage(0, 100, (20, 40))]


@pytest.mark.parametrize(
    ("minimum", "idle_s"),
    [
        (0, 0),
        (1, 10 + 60),  # Idle time within a minimum of one: while no instance is busy, one idle instance counts.
        (2, 2 * 10 + 10 + 10 + 2 * 60),  # each idle instance counts
        (5, 2 * 10 + 10 + 10 + 2 * 60),  # no more than there are
    ],
)
def test_idle_time_within_the_minimum_has_the_idle_rate(minimum: int, idle_s: float) -> None:
    assert kept_idle_s(TWO, minimum) == idle_s


def test_above_the_minimum_no_instance_is_idle() -> None:
    third = usage(50, 20)
    assert idle_at_minimum_s(TWO, 2) == 160
    assert idle_at_minimum_s([*TWO, third], 2) == 160 - 2 * 20  # while three run, none has the idle rate
    assert idle_at_minimum_s(TWO, 1) == 0


def test_without_instances_there_is_no_idle_time() -> None:
    assert (kept_idle_s([], 3), idle_at_minimum_s([], 3)) == (0, 0)
