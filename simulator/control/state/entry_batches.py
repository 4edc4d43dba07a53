"""Records of calls in batches: all records of a commit in one compressed row.

A row per record costs more than the read that it describes: its text takes 900 bytes, and its two index entries modify
two more pages. The records of a commit differ in little more than their ids, so together they compress to a tenth.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

import orjson

from simulator.control.state.log_entries import EntryKind, LogEntry

BATCHES_SINCE: Final = 2  # the version of the schema
CREATE_BATCHES: Final = (
    # `cursor`: that of the last record; the others have the preceding cursors. `services`: each ARN once, newest first.
    "CREATE TABLE audit_batch"
    " (cursor INTEGER PRIMARY KEY, count INTEGER NOT NULL, services TEXT NOT NULL, records BLOB NOT NULL)"
)
SERVICE_SEPARATOR: Final = "\n"  # between the ARNs in `services`
_LEVEL: Final = 1  # with this level, records of the same calls take 5 % more space than with level 6, in half the time


@dataclass(frozen=True, slots=True)
class AuditBatch:
    """One row of `audit_batch` without its cursor."""

    count: int
    services: str
    records: bytes


EntryGroup = AuditBatch | list[LogEntry]  # adjacent entries, in the form in which they are stored


def storable(text: str) -> str:
    r"""Return text with bytes that are not UTF-8 written as `\udcff`, because SQLite rejects lone surrogates."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def batched(entries: Sequence[LogEntry]) -> Iterator[EntryGroup]:
    """Divide the entries of a commit, in their order, into batches and lists of entries with separate rows."""
    for is_audit, group in groupby(entries, lambda entry: entry.kind is EntryKind.AUDIT):
        same = list(group)
        yield _packed(same) if is_audit and len(same) > 1 else same


def unpacked(cursor: int, records: bytes) -> Iterator[LogEntry]:
    """Yield the records of a batch, oldest first. Raises ValueError if it is damaged."""
    try:
        rows = orjson.loads(zlib.decompress(records))
        first = cursor - len(rows) + 1
        for number, (at, owner_key, service, stream, text) in enumerate(rows, first):
            yield LogEntry(EntryKind.AUDIT, float(at), str(owner_key), str(service), str(stream), str(text), number)
    except (TypeError, ValueError, zlib.error) as error:
        raise ValueError(f"the batch of records at {cursor} is damaged: {error}") from error


def text_bytes_of(group: EntryGroup) -> int:
    """Return the approximate number of bytes of the texts or of the compressed records."""
    return len(group.records) if isinstance(group, AuditBatch) else sum(len(entry.text) for entry in group)


def _packed(entries: Sequence[LogEntry]) -> AuditBatch:
    services = dict.fromkeys(entry.service for entry in reversed(entries) if entry.service)
    rows = [(entry.at, entry.owner_key, entry.service, entry.stream, storable(entry.text)) for entry in entries]
    return AuditBatch(len(entries), SERVICE_SEPARATOR.join(services), zlib.compress(orjson.dumps(rows), _LEVEL))
