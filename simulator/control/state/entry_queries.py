"""SQL queries on the stored entries: rows of `entry` and batches of `audit_batch`, which share a sequence of cursors.

The functions take the connection of a writer or a reader. They raise sqlite3.Error, and ValueError for damaged entries.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from itertools import islice
from typing import Final

from simulator.control.state.entry_batches import (
    BATCHES_SINCE,
    SERVICE_SEPARATOR,
    AuditBatch,
    EntryGroup,
    storable,
    unpacked,
)
from simulator.control.state.log_entries import EntryKind, LogEntry

_INSERT: Final = "INSERT INTO entry (kind, at, shelf, service, stream, text) VALUES (?, ?, ?, ?, ?, ?)"
_ROWS: Final = (
    "SELECT kind, at, shelf, service, stream, text, cursor FROM entry"
    " WHERE cursor > :cursor AND (:kind IS NULL OR kind = :kind) AND (:service IS NULL OR service = :service)"
)
_BATCHES: Final = (
    "SELECT NULL, NULL, NULL, NULL, NULL, records, cursor FROM audit_batch"
    " WHERE cursor > :cursor AND (:kind IS NULL OR :kind = 'audit')"
    " AND (:service IS NULL OR instr(char(10) || services || char(10), char(10) || :service || char(10)))"
)
_SERVICES: Final = "SELECT service, max(cursor) FROM entry WHERE service <> '' GROUP BY service"


def insert_group(db: sqlite3.Connection, group: EntryGroup) -> None:
    """Append entries to the store."""
    if isinstance(group, AuditBatch):
        # the cursors are those of the AUTOINCREMENT of `entry`; SQLite keeps the last one in `sqlite_sequence`
        row = db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'entry'").fetchone()
        if row is None:
            db.execute("INSERT INTO sqlite_sequence (name, seq) VALUES ('entry', 0)")
        cursor = (0 if row is None else int(row[0])) + group.count
        db.execute("UPDATE sqlite_sequence SET seq = ? WHERE name = 'entry'", (cursor,))
        values = (cursor, group.count, group.services, group.records)
        db.execute("INSERT INTO audit_batch (cursor, count, services, records) VALUES (?, ?, ?, ?)", values)
        return
    db.executemany(
        _INSERT,
        [(each.kind, each.at, each.owner_key, each.service, each.stream, storable(each.text)) for each in group],
    )


def read_last_cursor(db: sqlite3.Connection) -> int:
    newest = [db.execute("SELECT max(cursor) FROM entry").fetchone()[0]]
    if has_batches(db):
        newest.append(db.execute("SELECT max(cursor) FROM audit_batch").fetchone()[0])
    return max(int(cursor or 0) for cursor in newest)


def read_entries(
    db: sqlite3.Connection, cursor: int, *, kind: EntryKind | None, service: str | None, limit: int
) -> list[LogEntry]:
    # One statement, so that both tables are read at the same moment. One row more than `limit`, because the first batch
    # may contain no matching record after `cursor`; each other row contains at least one.
    batches = f" UNION ALL {_BATCHES}" if has_batches(db) else ""
    rows = db.execute(
        f"{_ROWS}{batches} ORDER BY cursor LIMIT :limit",
        {"cursor": cursor, "kind": kind, "service": service, "limit": limit + 1},
    )

    def found() -> Iterator[LogEntry]:
        for kind_name, at, owner_key, of, stream, text, number in rows:
            if kind_name is not None:
                yield LogEntry(EntryKind(kind_name), float(at), str(owner_key), str(of), str(stream), str(text), number)
                continue
            for each in unpacked(number, text):
                if each.cursor > cursor and service in {None, each.service}:
                    yield each

    return list(islice(found(), limit))


def read_services(db: sqlite3.Connection) -> list[str]:
    """Return the ARNs of services that have entries, newest entry first."""
    newest = {str(service): (int(cursor), 0) for service, cursor in db.execute(_SERVICES)}
    if has_batches(db):
        for names, cursor in db.execute("SELECT services, cursor FROM audit_batch WHERE services <> ''"):
            for place, service in enumerate(str(names).split(SERVICE_SEPARATOR)):
                newest[service] = max(newest.get(service, (0, 0)), (int(cursor), -place))
    return sorted(newest, key=lambda service: newest[service], reverse=True)


def has_batches(db: sqlite3.Connection) -> bool:
    """Return False for the state of an earlier version that no simulator has opened since."""
    return int(db.execute("PRAGMA user_version").fetchone()[0]) >= BATCHES_SINCE
