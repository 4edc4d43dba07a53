"""How long instances were idle at a lower rate: what the minimum of a platform keeps and no request uses. Pure.

Two readings, each a platform's:

- *kept beyond need* (Cloud Run, request-based): while fewer instances are busy than the minimum, idle ones up to the
  minimum are charged at the idle rate; other idle instances cost nothing.
- *at the minimum* (Container Apps): while no more replicas run than the minimum, its idle ones have the idle rate;
  above it every replica has the active rate, busy or not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from simulator.rules.pricing import Usage


def kept_idle_s(usages: Sequence[Usage], minimum: int) -> float:
    """Instance-seconds idle within the minimum, those beyond it left out."""
    return _integral(usages, lambda running, busy: min(running - busy, max(0, minimum - busy)))


def idle_at_minimum_s(usages: Sequence[Usage], minimum: int) -> float:
    """Instance-seconds idle while no more than the minimum run."""
    return _integral(usages, lambda running, busy: running - busy if running <= minimum else 0)


def _integral(usages: Sequence[Usage], counted: Callable[[int, int], int]) -> float:
    """Of `counted(running, busy)` over the time."""
    changes: list[tuple[float, int, int]] = []
    for usage in usages:
        changes += [(usage.launched_s, 1, 0), (usage.launched_s + usage.provisioned_s, -1, 0)]
        for begin_s, end_s in usage.spells:
            changes += [(begin_s, 0, 1), (end_s, 0, -1)]
    total_s, before_s, running, busy = 0.0, 0.0, 0, 0
    for at_s, launched, woken in sorted(changes):
        total_s += (at_s - before_s) * counted(running, busy)
        before_s, running, busy = at_s, running + launched, busy + woken
    return total_s
