"""What is read off the load test of App Runner beyond its error rates."""

from __future__ import annotations

import pytest

from simulator.lab.validate.app_runner import LONGEST_S, LONGEST_UNEXPLAINED, rises


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
    """The figures that the page prints, by playing a queue of the length that a wait of 16 s needs."""
    capacity_rps, offered_rps, duration_s = 125, 200, 60
    longest = LONGEST_S * capacity_rps
    waiting = lost = 0.0
    for _ in range(duration_s):
        waiting += offered_rps - capacity_rps
        lost += max(0.0, waiting - longest)
        waiting = min(waiting, longest)
    share = lost / (offered_rps * duration_s)
    said = f"{longest:,.0f} requests at {capacity_rps} a second, which would leave {100 * share:.0f} % of losses"
    assert said in LONGEST_UNEXPLAINED
