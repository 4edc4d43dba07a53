"""The store: the control plane's resources and entries in one SQLite file.

Only one process writes, which `StateLock` ensures; others may read at the same time, thanks to write-ahead logging.
Commits are `synchronous=NORMAL`: committed data has been written to the operating system, so that nothing is lost if
the process is killed, and no request waits for a disk or a checkpoint (`Checkpoints`). A power failure may lose the
last commits, but does not damage the file; the state of a simulator does not justify an fsync per call.

Resources are JSON documents that are read once, at the start; the registry keeps them in memory.
"""

from __future__ import annotations

import contextlib
import errno
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from simulator.control.state.entry_batches import CREATE_BATCHES, AuditBatch, batched, text_bytes_of
from simulator.control.state.entry_bounds import BYTES_MAX, ENTRIES_MAX, EntryBounds
from simulator.control.state.entry_queries import insert_group, read_entries, read_last_cursor, read_services
from simulator.control.state.log_entries import EntryKind, LogEntry
from simulator.control.state.store_checkpoints import AUTOMATIC_PAGES, Checkpoints
from simulator.control.state.store_file import StoreError, StoreFile

# Each migration increases the schema version by one; the file's `user_version` is the number of applied migrations.
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
    (CREATE_BATCHES,),
    (),  # kinds of documents for CloudFormation stacks, which earlier versions do not know
)

_BUSY_S: Final = 5.0  # a reader in another process may run a checkpoint
_LOG_BYTES_KEPT: Final = 4 * 1024**2  # size limit of SQLite's write-ahead log after a checkpoint
_OF_THE_DISK: Final = {sqlite3.SQLITE_FULL: errno.ENOSPC, sqlite3.SQLITE_IOERR: errno.EIO}
_KIND: Final = 0xFF  # mask for the primary code of an extended error code
_SHRUNK_FROM_PAGES: Final = 4096  # number of free pages, 16 MB, from which an older file is rewritten without them

Document = tuple[str, str, str]  # kind, key, body


class Store:
    """The SQLite file; `path`: None keeps everything in memory.

    Raises StoreError if the file is not a state of this simulator, and OSError for errors of the disk.
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
        with self._naming_file():
            if path is not None:
                self._file = StoreFile(path, lambda db: _make(db, migrations))
            self._db = sqlite3.connect(path or ":memory:", isolation_level=None, timeout=_BUSY_S)
            try:
                self._open(migrations)
            except BaseException:
                self._db.close()
                raise

    @contextlib.contextmanager
    def _naming_file(self) -> Iterator[None]:
        """Convert SQLite errors about the file to StoreError, with the file's name."""
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
        """The version of the schema: the number of applied migrations."""
        return _version(self._db)

    def shrink(self) -> None:
        """Remove entries beyond the limits and free their space. Call this at the start only: it may take seconds."""
        with self._naming_file():
            self._db.execute("BEGIN IMMEDIATE")
            self._bounds.prune(self._db)
            self._db.execute("COMMIT")
            self._bounds.committed(self._db)
            if int(self._db.execute("PRAGMA freelist_count").fetchone()[0]) >= _SHRUNK_FROM_PAGES:
                # no space for it, or a reader is active: it is tried again later
                with contextlib.suppress(sqlite3.OperationalError):
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
        """Read consistently: all reads inside the block see the same state, regardless of writes of other processes."""
        self._db.execute("BEGIN")
        try:
            yield
        finally:
            self._db.execute("ROLLBACK")

    def meta(self) -> dict[str, str]:
        """Return the store's `meta` table. Raises StoreError."""
        with self._naming_file():
            return {str(name): str(value) for name, value in self._db.execute("SELECT name, value FROM meta")}

    def documents(self) -> list[Document]:
        """Return all resources as documents. Raises StoreError."""
        with self._naming_file():
            rows = self._db.execute("SELECT kind, key, body FROM resource")
            return [(str(kind), str(key), str(body)) for kind, key, body in rows]

    def write(
        self,
        *,
        puts: Iterable[Document] = (),
        removals: Iterable[tuple[str, str]] = (),
        entries: Iterable[LogEntry] = (),
        meta: Mapping[str, str] | None = None,
    ) -> None:
        """Write everything or nothing. Raises sqlite3.Error; its subclass StoreGone if the file no longer exists."""
        if self._file is not None:
            self._file.check()
        db, documents, added = self._db, list(puts), list(batched(list(entries)))
        db.execute("BEGIN IMMEDIATE")
        try:
            db.executemany("REPLACE INTO resource VALUES (?, ?, ?)", documents)
            db.executemany("DELETE FROM resource WHERE kind = ? AND key = ?", removals)
            db.executemany("REPLACE INTO meta VALUES (?, ?)", (meta or {}).items())
            for group in added:
                insert_group(db, group)
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
            text_bytes = sum(len(each[2]) for each in documents) + sum(text_bytes_of(group) for group in added)
            has_rows = bool(documents) or any(not isinstance(group, AuditBatch) for group in added)
            self._checkpoints.committed(text_bytes, has_rows=has_rows)

    # --- entries ---------------------------------------------------------------------------------------------------

    def entries_after(
        self, cursor: int, *, kind: EntryKind | None = None, service: str | None = None, limit: int = 1000
    ) -> list[LogEntry]:
        """Return at most `limit` entries after `cursor` (0: from the oldest one), oldest first."""
        with self._naming_file():
            return read_entries(self._db, cursor, kind=kind, service=service, limit=limit)

    def last_cursor(self) -> int:
        """Return the cursor of the newest entry; 0 if there is none."""
        with self._naming_file():
            return read_last_cursor(self._db)


@contextlib.contextmanager
def naming(path: Path | None) -> Iterator[None]:
    """Raise StoreError with the file's name for errors of the file, and OSError for errors of the disk."""
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
    """Create the schema, or migrate it from the version of the file."""
    version = _version(db)
    if version > len(migrations):
        raise StoreError(f"version = {version}, must be at most {len(migrations)}: a newer simulator wrote it")
    if version == 0:
        db.execute("PRAGMA auto_vacuum=INCREMENTAL")  # must be set before any table exists
    for number, statements in enumerate(migrations[version:], version + 1):
        db.execute("BEGIN IMMEDIATE")
        for statement in statements:
            db.execute(statement)
        db.execute(f"PRAGMA user_version={number}")
        db.execute("COMMIT")


class EntryReader:
    """Reads entries of a state that another process may be writing. Raises StoreError."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with naming(path):
            self._db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=_BUSY_S)

    def entries_after(
        self, cursor: int, *, kind: EntryKind | None = None, service: str | None = None, limit: int = 1000
    ) -> list[LogEntry]:
        """Return entries as `Store.entries_after` does. Raises StoreError."""
        with naming(self._path):
            return read_entries(self._db, cursor, kind=kind, service=service, limit=limit)

    def services(self) -> list[str]:
        """Return the ARNs of services that have entries, newest entry first. Raises StoreError."""
        with naming(self._path):
            return read_services(self._db)

    def last_cursor(self) -> int:
        """Return the cursor as `Store.last_cursor` does. Raises StoreError."""
        with naming(self._path):
            return read_last_cursor(self._db)

    def close(self) -> None:
        self._db.close()
