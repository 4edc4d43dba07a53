"""The store: the control plane's resources and entries in one SQLite file.

One process writes (`StateLock` sees to it); others may read at the same time, which write-ahead logging allows. Commits
are `synchronous=NORMAL`: what is committed is in the operating system's hands, so killing the process loses nothing and
no request waits for a disk, nor for the log to be copied into the file (`Checkpoints`). A power failure may lose the
last commits, never the file's integrity; a simulator's state is worth that much and not an fsync for each call.

Resources are JSON documents that are read once, at the start: the registry answers from memory.
"""

from __future__ import annotations

import contextlib
import errno
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from simulator.control.entries import Entry, EntryKind
from simulator.control.entry_bounds import BYTES_MAX, ENTRIES_MAX, EntryBounds
from simulator.control.store_checkpoints import AUTOMATIC_PAGES, Checkpoints
from simulator.control.store_file import StoreError, StoreFile

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

_BUSY_S: Final = 5.0  # a reader in another process may be checkpointing
_LOG_BYTES_KEPT: Final = 4 * 1024**2  # of SQLite's write-ahead log, once its content is in the file
_OF_THE_DISK: Final = {sqlite3.SQLITE_FULL: errno.ENOSPC, sqlite3.SQLITE_IOERR: errno.EIO}
_KIND: Final = 0xFF  # of an extended error code
_SHRUNK_FROM_PAGES: Final = 4096  # free ones, 16 MB: an older file is rewritten without them

Document = tuple[str, str, str]  # kind, key, body


class Store:
    """`path` None keeps everything in memory. Raises StoreError when the file is not a state of this simulator, and
    OSError when the disk does not serve.
    """

    def __init__(
        self,
        path: Path | None,
        migrations: Sequence[Sequence[str]] = MIGRATIONS,
        *,
        entries_max: int = ENTRIES_MAX,
        entries_bytes_max: int = BYTES_MAX,
    ) -> None:
        self._path = path
        self._bounds = EntryBounds(entries_max, entries_bytes_max)
        self._file: StoreFile | None = None
        self._checkpoints = None if path is None else Checkpoints(path)
        with self._telling():
            if path is not None:
                self._file = StoreFile(path, lambda db: _make(db, migrations))
            self._db = sqlite3.connect(path or ":memory:", isolation_level=None, timeout=_BUSY_S)
            try:
                self._open(migrations)
            except BaseException:
                self._db.close()
                raise

    @contextlib.contextmanager
    def _telling(self) -> Iterator[None]:
        """What SQLite says of the file becomes StoreError, by name."""
        with naming(self._path):
            yield

    def _open(self, migrations: Sequence[Sequence[str]]) -> None:
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.execute(f"PRAGMA wal_autocheckpoint={AUTOMATIC_PAGES}")
        self._db.execute(f"PRAGMA journal_size_limit={_LOG_BYTES_KEPT}")
        _make(self._db, migrations)

    @property
    def version(self) -> int:
        """Of the schema: the number of migrations applied."""
        return _version(self._db)

    def shrink(self) -> None:
        """Remove entries beyond the bounds, and give back the room they took. For the start: it may take seconds."""
        with self._telling():
            self._db.execute("BEGIN IMMEDIATE")
            self._bounds.prune(self._db)
            self._db.execute("COMMIT")
            self._bounds.committed(self._db)
            if int(self._db.execute("PRAGMA freelist_count").fetchone()[0]) >= _SHRUNK_FROM_PAGES:
                with contextlib.suppress(sqlite3.OperationalError):  # no room for it, or a reader: another time
                    self._db.execute("PRAGMA auto_vacuum=INCREMENTAL")
                    self._db.execute("VACUUM")
                    self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def close(self) -> None:
        if self._checkpoints is not None:
            self._checkpoints.close()
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
        """Raises StoreError."""
        with self._telling():
            return {str(name): str(value) for name, value in self._db.execute("SELECT name, value FROM meta")}

    def documents(self) -> list[Document]:
        """Raises StoreError."""
        with self._telling():
            rows = self._db.execute("SELECT kind, key, body FROM resource")
            return [(str(kind), str(key), str(body)) for kind, key, body in rows]

    def write(
        self,
        *,
        puts: Iterable[Document] = (),
        removals: Iterable[tuple[str, str]] = (),
        entries: Iterable[Entry] = (),
        meta: Mapping[str, str] | None = None,
    ) -> None:
        """All of it or nothing. Raises sqlite3.Error; StoreGone, which is one, when the file is not there any more."""
        if self._file is not None:
            self._file.check()
        db, documents, added = self._db, list(puts), list(entries)
        db.execute("BEGIN IMMEDIATE")
        try:
            db.executemany("REPLACE INTO resource VALUES (?, ?, ?)", documents)
            db.executemany("DELETE FROM resource WHERE kind = ? AND key = ?", removals)
            db.executemany("REPLACE INTO meta VALUES (?, ?)", (meta or {}).items())
            db.executemany(
                "INSERT INTO entry (kind, at, shelf, service, stream, text) VALUES (?, ?, ?, ?, ?, ?)",
                [(each.kind, each.at, each.shelf, each.service, each.stream, _storable(each.text)) for each in added],
            )
            if added:
                self._bounds.prune(db, added)
            db.execute("COMMIT")
        except BaseException:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise
        if added:
            self._bounds.committed(db)
        if self._checkpoints is not None:
            self._checkpoints.committed(sum(len(each.text) for each in added) + sum(len(each[2]) for each in documents))

    # --- entries ---------------------------------------------------------------------------------------------------

    def entries_after(
        self, cursor: int, *, kind: EntryKind | None = None, service: str | None = None, limit: int = 1000
    ) -> list[Entry]:
        """The next entries behind `cursor` (0: from the first that is kept), oldest first, at most `limit`."""
        with self._telling():
            return read_entries(self._db, cursor, kind=kind, service=service, limit=limit)

    def last_cursor(self) -> int:
        """Of the newest entry; 0 when there is none."""
        with self._telling():
            return read_last_cursor(self._db)


@contextlib.contextmanager
def naming(path: Path | None) -> Iterator[None]:
    """Raises StoreError with the name of the file, and OSError for what is the disk's fault and not the file's."""
    try:
        yield
    except (sqlite3.Error, StoreError, ValueError) as error:
        number = _OF_THE_DISK.get(getattr(error, "sqlite_errorcode", 0) & _KIND)
        if number is not None:
            raise OSError(number, str(error), str(path)) from error
        raise StoreError(f"state {path}: {error}") from error


def _version(db: sqlite3.Connection) -> int:
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def _make(db: sqlite3.Connection, migrations: Sequence[Sequence[str]]) -> None:
    """The schema, from that of the file on."""
    version = _version(db)
    if version > len(migrations):
        raise StoreError(f"version = {version}, must be at most {len(migrations)}: a newer simulator wrote it")
    if version == 0:
        db.execute("PRAGMA auto_vacuum=INCREMENTAL")  # before there is a table
    for number, statements in enumerate(migrations[version:], version + 1):
        db.execute("BEGIN IMMEDIATE")
        for statement in statements:
            db.execute(statement)
        db.execute(f"PRAGMA user_version={number}")
        db.execute("COMMIT")


def _storable(text: str) -> str:
    r"""Bytes of a program that are no UTF-8 as `\udcff`: SQLite takes no lone surrogates."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


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
    return [
        Entry(EntryKind(kind), float(at), str(shelf), str(service), str(stream), str(text), cursor)
        for kind, at, shelf, service, stream, text, cursor in rows
    ]


class EntryReader:
    """Another process's look at the entries of a state that a simulator may be writing. Raises StoreError."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with naming(path):
            self._db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=_BUSY_S)

    def entries_after(
        self, cursor: int, *, kind: EntryKind | None = None, service: str | None = None, limit: int = 1000
    ) -> list[Entry]:
        """As `Store.entries_after`. Raises StoreError."""
        with naming(self._path):
            return read_entries(self._db, cursor, kind=kind, service=service, limit=limit)

    def services(self) -> list[str]:
        """The ARNs of which there are entries, those with the newest first. Raises StoreError."""
        with naming(self._path):
            rows = self._db.execute(
                "SELECT service FROM entry WHERE service <> '' GROUP BY service ORDER BY max(cursor) DESC"
            )
            return [str(row[0]) for row in rows]

    def last_cursor(self) -> int:
        """As `Store.last_cursor`. Raises StoreError."""
        with naming(self._path):
            return read_last_cursor(self._db)

    def close(self) -> None:
        self._db.close()
