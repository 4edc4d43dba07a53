"""Idle time of instances that a platform bills at a lower rate, because its minimum keeps them. Pure functions.

Platforms use one of two definitions:

- *kept beyond need* (Cloud Run, request-based): while fewer instances are busy than the minimum, idle ones up to the
  minimum are charged at the idle rate; other idle instances cost nothing.
- *at the minimum* (Container Apps): while no more replicas run than the minimum, idle ones have the idle rate; above
  the minimum every replica has the active rate, busy or not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from simulator.rules.pricing import InstanceUsage


def kept_idle_s(usages: Sequence[InstanceUsage], minimum: int) -> float:
    """Return the instance-seconds in which idle instances are billed at the idle rate because they are within the
    minimum.
    """
    return _integral(usages, lambda running, busy: min(running - busy, max(0, minimum - busy)))


def idle_at_minimum_s(usages: Sequence[InstanceUsage], minimum: int) -> float:
    """Return the idle instance-seconds while no more instances run than the minimum."""
    return _integral(usages, lambda running, busy: running - busy if running <= minimum else 0)


def _integral(usages: Sequence[InstanceUsage], counted: Callable[[int, int], int]) -> float:
    """Return the integral of `counted(running, busy)` over time."""
    changes: list[tuple[float, int, int]] = []
    for usage in usages:
        changes += [(usage.launched_s, 1, 0), (usage.launched_s + usage.provisioned_s, -1, 0)]
        for begin_s, end_s in usage.activations:
            changes += [(begin_s, 0, 1), (end_s, 0, -1)]
    total_s, before_s, running, busy = 0.0, 0.0, 0, 0
    for at_s, launched, woken in sorted(changes):
        total_s += (at_s - before_s) * counted(running, busy)
        before_s, running, busy = at_s, running + launched, busy + woken
    return total_s
