"""Entries: what the control plane writes down of what happens, in the order of happening.

Three kinds: log lines as CloudWatch Logs would hold them, events as EventBridge would deliver them, and records of API
calls as CloudTrail would keep them. Each has a cursor in the store, so that a reader can follow.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class EntryKind(StrEnum):
    LOG = "log"
    EVENT = "event"
    AUDIT = "audit"


@dataclass(frozen=True, slots=True)
class Entry:
    """`at`: seconds since 1970. `service`: its ARN, empty when the entry is of none.

    `stream`: of a log line, such as `events` or `deployment/<operation id>`; else the event's or call's name. `text`:
    the line, or a JSON document. `cursor`: its place in the store, from 1; 0 before it is there.
    """

    kind: EntryKind
    at: float
    shelf: str
    service: str
    stream: str
    text: str
    cursor: int = 0
