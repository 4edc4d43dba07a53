"""Limits of the entries in a store, in number and bytes. They apply per kind: calls do not displace log lines."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable
from typing import Final

from simulator.control.state.entry_batches import AuditBatch, EntryGroup
from simulator.control.state.entry_queries import has_batches
from simulator.control.state.log_entries import EntryKind

ENTRIES_MAX: Final = 100_000
BYTES_MAX: Final = 64 * 1024**2  # per kind: the log of a verbose application takes about 70 MB on disk, not gigabytes
ENTRY_BYTES: Final = 400  # approximate size of a row without its text: names and indexes
_SLACK: Final = 100  # excess entries are removed by the hundredth part of the limit: one by one would double the writes
_ROWS: Final = "SELECT cursor, 1, length(CAST(text AS BLOB)) FROM entry WHERE kind = ?"
_BATCHES: Final = "SELECT cursor, count, length(records) + length(CAST(services AS BLOB)) FROM audit_batch"
_PAGES_AT_ONCE: Final = 256  # one megabyte of free pages is returned to the file system per commit
_FREE_PAGES: Final = 1024  # free pages that are kept for reuse


class EntryBounds:
    """Counts the stored entries and removes the oldest. Call `prune` inside an open transaction."""

    def __init__(self, entries_max: int = ENTRIES_MAX, bytes_max: int = BYTES_MAX) -> None:
        self._entries_max = entries_max
        self._bytes_max = bytes_max
        self._kept: dict[str, tuple[int, int]] | None = None  # per kind: number and bytes of entries
        self._next: dict[str, tuple[int, int]] = {}

    def prune(self, db: sqlite3.Connection, added: Iterable[EntryGroup] = ()) -> None:
        """Remove the oldest entries in excess of the limits, counting `added`. `committed` confirms the new counts."""
        kept = self._counted(db) if self._kept is None else dict(self._kept)
        if self._kept is not None:
            for group in added:
                for kind, count, size in _sizes(group):
                    kept_count, kept_size = kept.get(kind, (0, 0))
                    kept[kind] = (kept_count + count, kept_size + size)
        for kind in EntryKind:
            count, size = kept.get(kind, (0, 0))
            over = count - self._entries_max > self._entries_max // _SLACK
            if over or size - self._bytes_max > self._bytes_max // _SLACK:
                kept[kind] = self._remove(db, kind, count, size)
        self._next = kept

    def committed(self, db: sqlite3.Connection) -> None:
        """Confirm the counts after the commit, and return free pages to the file system, ignoring failures."""
        self._kept = self._next
        with contextlib.suppress(sqlite3.Error):
            if int(db.execute("PRAGMA freelist_count").fetchone()[0]) > _FREE_PAGES:
                # a script, because `execute` runs a single step of a statement without columns, which frees one page
                db.executescript(f"PRAGMA incremental_vacuum({_PAGES_AT_ONCE})")

    def _counted(self, db: sqlite3.Connection) -> dict[str, tuple[int, int]]:
        rows = db.execute("SELECT kind, count(*), sum(length(CAST(text AS BLOB))) FROM entry GROUP BY kind")
        kept = {str(kind): (count, size + count * ENTRY_BYTES) for kind, count, size in rows}
        if has_batches(db):
            count, size = kept.get(EntryKind.AUDIT, (0, 0))
            for _, records, record_bytes in db.execute(_BATCHES):
                count, size = count + records, size + record_bytes + ENTRY_BYTES
            kept[EntryKind.AUDIT] = (count, size)
        return kept

    def _remove(self, db: sqlite3.Connection, kind: EntryKind, count: int, size: int) -> tuple[int, int]:
        last = 0
        with_batches = kind is EntryKind.AUDIT and has_batches(db)
        batches = f" UNION ALL {_BATCHES}" if with_batches else ""
        rows = db.execute(f"{_ROWS}{batches} ORDER BY cursor", (kind,))
        for cursor, row_count, row_size in rows:
            if count <= self._entries_max and size <= self._bytes_max:
                break
            last, count, size = cursor, count - row_count, size - row_size - ENTRY_BYTES
        rows.close()
        db.execute("DELETE FROM entry WHERE kind = ? AND cursor <= ?", (kind, last))
        if with_batches:
            db.execute("DELETE FROM audit_batch WHERE cursor <= ?", (last,))
        return count, size


def _sizes(group: EntryGroup) -> list[tuple[EntryKind, int, int]]:
    """Return (kind, number, bytes) of each row."""
    if isinstance(group, AuditBatch):
        size = len(group.records) + len(group.services.encode()) + ENTRY_BYTES
        return [(EntryKind.AUDIT, group.count, size)]
    return [(entry.kind, 1, ENTRY_BYTES + len(entry.text.encode("utf-8", "replace"))) for entry in group]
