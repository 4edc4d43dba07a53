"""Facts of the journal as data for the console's page: a dictionary each, in which `k` is the kind.

Moves of instances are omitted: the frames show them, and a run has thousands.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from simulator.records.facts import ConfigurationChanged, EventLogged, Fact, ScalingDecided, TimelineActed

# A page that is opened late gets only the last rows; the report has all.
ROWS_MAX: Final = 3000


def fact_rows(facts: Sequence[Fact]) -> list[dict[str, Any]]:
    """Return the rows of `facts`, the last `ROWS_MAX` of them."""
    rows: list[dict[str, Any]] = []
    for fact in reversed(facts):
        row = _row(fact)
        if row is not None:
            rows.append(row)
            if len(rows) == ROWS_MAX:
                break
    rows.reverse()
    return rows


def _row(fact: Fact) -> dict[str, Any] | None:
    match fact:
        case ScalingDecided():
            return {
                "k": "decision",
                "service": fact.service,
                "at_s": fact.at_s,
                "policy": fact.policy,
                "before": fact.before,
                "desired": fact.desired,
                "formula": fact.formula,
                "reason": fact.reason,
                "clamps": list(fact.clamps),
                "ready_after_s": None,
            }
        case ConfigurationChanged():
            return {
                "k": "configuration",
                "service": fact.service,
                "at_s": fact.at_s,
                "max_concurrency": fact.max_concurrency,
                "min_size": fact.min_size,
                "max_size": fact.max_size,
            }
        case EventLogged():
            return {"k": "event", "service": fact.service, "at_s": fact.at_s, "line": fact.line}
        case TimelineActed():
            return {"k": "act", "at_s": fact.at_s, "action": fact.action, "detail": fact.detail}
        case _:
            return None
