"""Events of the journal as data for the console's page: a dictionary each, whose key `k` is the kind.

Moves of instances are omitted, because frames contain them and a run has thousands.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, assert_never

from simulator.records.events import (
    BackgroundLogged,
    ConfigurationChanged,
    DownstreamLogged,
    Event,
    EventLogged,
    InstanceMoved,
    ScalingDecided,
    TimelineActed,
)

# A page gets only the last rows when it is opened; the report has all.
ROWS_MAX: Final = 3000


def event_rows(events: Sequence[Event]) -> list[dict[str, Any]]:
    """Return the rows of `events`, the last `ROWS_MAX` of them."""
    rows: list[dict[str, Any]] = []
    for event in reversed(events):
        row = _row(event)
        if row is not None:
            rows.append(row)
            if len(rows) == ROWS_MAX:
                break
    rows.reverse()
    return rows


def _row(event: Event) -> dict[str, Any] | None:
    match event:
        case ScalingDecided():
            return {
                "k": "decision",
                "service": event.service,
                "at_s": event.at_s,
                "policy": event.policy,
                "before": event.before,
                "desired": event.desired,
                "formula": event.formula,
                "reason": event.reason,
                "clamps": list(event.clamps),
                "ready_after_s": None,
            }
        case ConfigurationChanged():
            return {
                "k": "configuration",
                "service": event.service,
                "at_s": event.at_s,
                "max_concurrency": event.max_concurrency,
                "min_size": event.min_size,
                "max_size": event.max_size,
            }
        case EventLogged() | BackgroundLogged():
            return {"k": "event", "service": event.service, "at_s": event.at_s, "line": event.line}
        case TimelineActed():
            return {"k": "act", "at_s": event.at_s, "action": event.action, "detail": event.detail}
        case DownstreamLogged():
            return {"k": "act", "at_s": event.at_s, "action": f"downstream {event.resource}", "detail": event.line}
        case InstanceMoved():
            return None
        case _:
            assert_never(event)
