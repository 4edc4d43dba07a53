"""Checkpoints of a store's write-ahead log, in a thread, because copying and syncing would delay every call.

SQLite's automatic checkpoint runs in the commit that makes the log long: it copies a thousand pages into the file and
syncs them in one turn of the event loop. A passive checkpoint with a separate connection does the same concurrently
with the writer, which neither waits for it nor is affected by its failure. A commit runs a checkpoint itself only if
the thread does not keep up, so the log is bounded in any case.
"""

from __future__ import annotations

import contextlib
import sqlite3
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Final

AUTOMATIC_PAGES: Final = 4000  # length of the log, 16 MB, from which commits run the checkpoint themselves
# approximate number of pages in the log per checkpoint: with 500, each call needs half as much CPU again
_PAGES: Final = 1000
# each round copies the pages written during the previous one; the log restarts when all are copied
_ROUNDS_MAX: Final = 5
_PAGES_OF_COMMIT: Final = 12  # pages in addition to the texts: leaves of the tables and indexes that a commit modifies
_PAGES_OF_BATCH: Final = 6  # the same for a commit that adds only a batch of audit records, which has no index
_PAGE_BYTES: Final = 4096


class Checkpoints:
    """Runs the checkpoints. `path`: the store's file."""

    def __init__(self, path: Path) -> None:
        # this mode never creates a file if that of the store no longer exists
        self._uri = f"{path.absolute().as_uri()}?mode=rw"
        self._thread = ThreadPoolExecutor(1, "checkpoint")
        self._running: Future[None] | None = None
        self._pages = 0

    def committed(self, text_bytes: int, *, has_rows: bool = True) -> None:
        """Count a commit that wrote `text_bytes` of text, and start a checkpoint if it is due.

        `has_rows`: True if it wrote resources or entries in separate rows, and not only a batch of audit records.
        """
        self._pages += (_PAGES_OF_COMMIT if has_rows else _PAGES_OF_BATCH) + text_bytes // _PAGE_BYTES
        if self._pages < _PAGES or (self._running is not None and not self._running.done()):
            return
        with contextlib.suppress(RuntimeError):  # no thread is available: the commits run the checkpoint
            self._running = self._thread.submit(self._checkpoint)
            self._pages = 0

    def _checkpoint(self) -> None:
        # the writer reports problems of the file or the disk; the log stays unchanged
        with contextlib.suppress(sqlite3.Error), contextlib.closing(sqlite3.connect(self._uri, uri=True)) as db:
            before = -1
            for _ in range(_ROUNDS_MAX):
                ((_, pages, _),) = db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
                if pages == before:
                    break
                before = pages

    def close(self) -> None:
        """Stop the thread. Call this before the writer closes, which runs the last checkpoint."""
        self._thread.shutdown()
