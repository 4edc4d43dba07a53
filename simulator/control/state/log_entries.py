"""Log entries: the chronological records of the control plane.

There are three kinds: log lines as in CloudWatch Logs, events as in EventBridge, and records of API calls as in
CloudTrail. Each entry has a cursor in the store, from which a reader can continue.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class EntryKind(StrEnum):
    LOG = "log"
    EVENT = "event"
    AUDIT = "audit"


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One entry. `at`: seconds since 1970. `service`: its ARN, empty if the entry belongs to no service.

    `stream`: the stream of a log line, such as `events` or `deployment/<operation id>`; otherwise the name of the event
    or call. `text`: the line, or a JSON document. `cursor`: its position in the store, from 1; 0 before it is stored.
    """

    kind: EntryKind
    at: float
    owner_key: str
    service: str
    stream: str
    text: str
    cursor: int = 0


class EntriesAdded(NamedTuple):
    """Event of the journal: a change of the registry was committed with these entries."""

    entries: Sequence[LogEntry]
