"""The store: the control plane's resources and entries in one SQLite file.

One process writes (`StateLock` sees to it); others may read at the same time, which write-ahead logging allows. Commits
are `synchronous=NORMAL`: what is committed is in the operating system's hands, so killing the process loses nothing and
no request waits for a disk. A power failure may lose the last commits, never the file's integrity; a simulator's state
is worth that much and not an fsync for each call.

Resources are JSON documents that are read once, at the start: the registry answers from memory.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from simulator.control.entries import Entry, EntryKind

# Each takes the schema one version further; the file's `user_version` counts those that have been applied.
MIGRATIONS: Final[tuple[tuple[str, ...], ...]] = (
    (
        "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
        "CREATE TABLE resource (kind TEXT, key TEXT, body TEXT NOT NULL, PRIMARY KEY (kind, key)) WITHOUT ROWID",
        (
            "CREATE TABLE entry (cursor INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, at REAL NOT NULL,"
            " shelf TEXT NOT NULL, service TEXT NOT NULL, stream TEXT NOT NULL, text TEXT NOT NULL)"
        ),
        "CREATE INDEX entry_of_service ON entry (service, kind, cursor)",
        "CREATE INDEX entry_of_kind ON entry (kind, cursor)",
    ),
)

ENTRIES_MAX: Final = 100_000  # kept of each kind, so that calls that look do not push out the log lines; some 100 MB
_PRUNED_EVERY: Final = 100  # commits: one by one would double the writing, and all at once hold up the calls
_BUSY_S: Final = 5.0  # a reader in another process may be checkpointing

Document = tuple[str, str, str]  # kind, key, body


class StoreError(Exception):
    """The file cannot be used; the message says which and why."""


class Store:
    """`path` None keeps everything in memory. Raises StoreError when the file is not a state of this simulator."""

    def __init__(
        self,
        path: Path | None,
        migrations: Sequence[Sequence[str]] = MIGRATIONS,
        *,
        entries_max: int = ENTRIES_MAX,
    ) -> None:
        self._entries_max = entries_max
        self._commits = 0
        try:
            self._db = sqlite3.connect(path or ":memory:", isolation_level=None, timeout=_BUSY_S)
            try:
                self._open(migrations)
            except BaseException:
                self._db.close()
                raise
        except sqlite3.Error as error:
            raise StoreError(f"state {path}: {error}") from error
        except StoreError as error:
            raise StoreError(f"state {path}: {error}") from error

    def _open(self, migrations: Sequence[Sequence[str]]) -> None:
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        version = self.version
        if version > len(migrations):
            raise StoreError(f"version = {version}, must be at most {len(migrations)}: a newer simulator wrote it")
        for number, statements in enumerate(migrations[version:], version + 1):
            self._db.execute("BEGIN IMMEDIATE")
            for statement in statements:
                self._db.execute(statement)
            self._db.execute(f"PRAGMA user_version={number}")
            self._db.execute("COMMIT")

    @property
    def version(self) -> int:
        """Of the schema: the number of migrations applied."""
        return int(self._db.execute("PRAGMA user_version").fetchone()[0])

    def close(self) -> None:
        self._db.close()

    # --- resources -------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[None]:
        """What is read within is of one moment, whatever another process writes meanwhile."""
        self._db.execute("BEGIN")
        try:
            yield
        finally:
            self._db.execute("ROLLBACK")

    def meta(self) -> dict[str, str]:
        return dict(self._db.execute("SELECT name, value FROM meta"))

    def documents(self) -> list[Document]:
        return list(self._db.execute("SELECT kind, key, body FROM resource"))

    def write(
        self,
        *,
        puts: Iterable[Document] = (),
        removals: Iterable[tuple[str, str]] = (),
        entries: Iterable[Entry] = (),
        meta: Mapping[str, str] | None = None,
    ) -> None:
        """All of it or nothing. Raises sqlite3.Error."""
        db = self._db
        db.execute("BEGIN IMMEDIATE")
        try:
            db.executemany("REPLACE INTO resource VALUES (?, ?, ?)", puts)
            db.executemany("DELETE FROM resource WHERE kind = ? AND key = ?", removals)
            db.executemany("REPLACE INTO meta VALUES (?, ?)", (meta or {}).items())
            db.executemany(
                "INSERT INTO entry (kind, at, shelf, service, stream, text) VALUES (?, ?, ?, ?, ?, ?)",
                [(entry.kind, entry.at, entry.shelf, entry.service, entry.stream, entry.text) for entry in entries],
            )
            if self._commits % _PRUNED_EVERY == 0:
                self._prune()
            db.execute("COMMIT")
        except BaseException:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise
        self._commits += 1

    # --- entries ---------------------------------------------------------------------------------------------------

    def _prune(self) -> None:
        for kind in EntryKind:
            self._db.execute(
                "DELETE FROM entry WHERE kind = :kind AND cursor <="
                " (SELECT cursor FROM entry WHERE kind = :kind ORDER BY cursor DESC LIMIT 1 OFFSET :kept)",
                {"kind": kind, "kept": self._entries_max},
            )

    def entries_after(
        self, cursor: int, *, kind: EntryKind | None = None, service: str | None = None, limit: int = 1000
    ) -> list[Entry]:
        """The next entries behind `cursor` (0: from the first that is kept), oldest first, at most `limit`."""
        return read_entries(self._db, cursor, kind=kind, service=service, limit=limit)

    def last_cursor(self) -> int:
        """Of the newest entry; 0 when there is none."""
        return read_last_cursor(self._db)


def read_last_cursor(db: sqlite3.Connection) -> int:
    return int(db.execute("SELECT coalesce(max(cursor), 0) FROM entry").fetchone()[0])


def read_entries(
    db: sqlite3.Connection, cursor: int, *, kind: EntryKind | None, service: str | None, limit: int
) -> list[Entry]:
    """For the writer's connection and for a reader's. Raises sqlite3.Error."""
    rows = db.execute(
        "SELECT kind, at, shelf, service, stream, text, cursor FROM entry"
        " WHERE cursor > :cursor AND (:kind IS NULL OR kind = :kind) AND (:service IS NULL OR service = :service)"
        " ORDER BY cursor LIMIT :limit",
        {"cursor": cursor, "kind": kind, "service": service, "limit": limit},
    )
    return [Entry(EntryKind(row[0]), *row[1:]) for row in rows]


class EntryReader:
    """Another process's look at the entries of a state that a simulator may be writing. Raises StoreError."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=_BUSY_S)
        except sqlite3.Error as error:
            raise StoreError(f"state {path}: {error}") from error

    def entries_after(
        self, cursor: int, *, kind: EntryKind | None = None, service: str | None = None, limit: int = 1000
    ) -> list[Entry]:
        """As `Store.entries_after`. Raises StoreError."""
        try:
            return read_entries(self._db, cursor, kind=kind, service=service, limit=limit)
        except sqlite3.Error as error:
            raise StoreError(f"state {self._path}: {error}") from error

    def services(self) -> list[str]:
        """The ARNs of which there are entries, those with the newest first. Raises StoreError."""
        try:
            rows = self._db.execute(
                "SELECT service FROM entry WHERE service <> '' GROUP BY service ORDER BY max(cursor) DESC"
            )
            return [str(row[0]) for row in rows]
        except sqlite3.Error as error:
            raise StoreError(f"state {self._path}: {error}") from error

    def last_cursor(self) -> int:
        """As `Store.last_cursor`. Raises StoreError."""
        try:
            return read_last_cursor(self._db)
        except sqlite3.Error as error:
            raise StoreError(f"state {self._path}: {error}") from error

    def close(self) -> None:
        self._db.close()
