"""Checkpoints of a store's write-ahead log, in a thread, because their copying and syncing would delay every call.

SQLite's automatic checkpoint runs in the commit that makes the log long: it copies a thousand pages into the file and
syncs them in one turn of the event loop. A passive checkpoint with a separate connection does the same beside the
writer, which does not wait for it and is not affected by its failure. A commit runs a checkpoint itself only if the
thread does not keep up, so the log is bounded in any case.
"""

from __future__ import annotations

import contextlib
import sqlite3
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Final

AUTOMATIC_PAGES: Final = 4000  # of the log, 16 MB: from this length on, commits run the checkpoint
_PAGES: Final = 1000  # of the log, about, for each checkpoint: with 500, each call needs half as much CPU again
_ROUNDS_MAX: Final = 5  # each copies the pages written during the previous one; the log restarts after all are copied
_PAGES_OF_COMMIT: Final = 12  # in addition to the texts: leaves of the tables and indexes that a commit modifies
_PAGES_OF_BATCH: Final = 6  # of a commit that adds only a batch of audit records, which has no index
_PAGE_BYTES: Final = 4096


class Checkpoints:
    """Runs the checkpoints. `path`: the store's file."""

    def __init__(self, path: Path) -> None:
        self._uri = f"{path.absolute().as_uri()}?mode=rw"  # never creates a file if the store's no longer exists
        self._thread = ThreadPoolExecutor(1, "checkpoint")
        self._running: Future[None] | None = None
        self._pages = 0

    def committed(self, text_bytes: int, *, has_rows: bool = True) -> None:
        """Count a commit that wrote `text_bytes` of text, and start a checkpoint if it is due.

        `has_rows`: it wrote resources or entries in rows of their own, rather than only a batch of audit records.
        """
        self._pages += (_PAGES_OF_COMMIT if has_rows else _PAGES_OF_BATCH) + text_bytes // _PAGE_BYTES
        if self._pages < _PAGES or (self._running is not None and not self._running.done()):
            return
        with contextlib.suppress(RuntimeError):  # no thread available: the commits run the checkpoint
            self._running = self._thread.submit(self._checkpoint)
            self._pages = 0

    def _checkpoint(self) -> None:
        # The writer reports problems of the file or the disk; the log stays as it is.
        with contextlib.suppress(sqlite3.Error), contextlib.closing(sqlite3.connect(self._uri, uri=True)) as db:
            before = -1
            for _ in range(_ROUNDS_MAX):
                ((_, pages, _),) = db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
                if pages == before:
                    break
                before = pages

    def close(self) -> None:
        """Stop before the writer closes, which runs the last checkpoint."""
        self._thread.shutdown()
