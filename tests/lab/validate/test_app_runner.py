"""What is read off the load test of App Runner beyond its error rates."""

from __future__ import annotations

import pytest

from simulator.lab.validate.app_runner import rises


@pytest.mark.parametrize(
    ("values", "count"),
    [
        ([0.08] * 20, 0),
        ([0.08] * 5 + [0.2, 0.3] + [0.08] * 5 + [0.16] + [0.08] * 5, 2),
        ([0.3] + [0.08] * 9, 1),
        ([0.08, 0.15] * 9 + [0.08], 0),
    ],
)
def test_phases_of_slower_answers_are_counted_once_each(values: list[float], count: int) -> None:
    assert rises(values) == count


def test_a_queue_of_sixteen_seconds_contradicts_the_measured_losses() -> None:
    """The arithmetic of the explanation, by playing a queue of the length that a wait of 16 s needs."""
    capacity_rps, offered_rps, wait_s, duration_s = 125, 200, 16, 60
    waiting = lost = 0
    for _ in range(duration_s):
        waiting += offered_rps - capacity_rps
        lost += max(0, waiting - wait_s * capacity_rps)
        waiting = min(waiting, wait_s * capacity_rps)
    assert lost / (offered_rps * duration_s) == pytest.approx(0.21, abs=0.005)
