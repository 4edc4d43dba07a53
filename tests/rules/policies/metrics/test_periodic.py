from __future__ import annotations

from simulator.rules.policies.metrics.periodic import Periodic


def test_a_periodic_task_is_due_once_at_every_multiple() -> None:
    every = Periodic(15)
    assert [now for now in range(46) if every.due(now)] == [0, 15, 30, 45]


def test_a_missed_period_runs_once() -> None:
    every = Periodic(15)
    assert [now for now in (0, 37, 38, 44, 45, 46) if every.due(now)] == [0, 37, 45]
