"""Checkpoints of a store's write-ahead log, in a thread: their copying and syncing would hold up every call.

SQLite's own checkpoint is a part of the commit that makes the log long: a thousand pages are copied into the file and
synced in one turn of the event loop. A passive checkpoint by a connection of its own does the same beside the writer,
which neither waits for it nor notices when it fails. A commit checkpoints by itself only when the thread does not keep
up, so the log is bounded all the same.

The thread has a lower priority than the event loop (on Linux, where a thread can have one of its own). Where both share
a core the loop would otherwise pause for a whole time slice, 3 ms, again and again.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import sys
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Final

AUTOMATIC_PAGES: Final = 4000  # of the log, 16 MB: from there on the commits do it
_PAGES: Final = 1000  # of the log, about, for each checkpoint: with 500 it takes half as much CPU again for each call
_ROUNDS_MAX: Final = 5  # each copies what came during the one before; the log begins again once all is copied
_PAGES_OF_COMMIT: Final = 12  # besides the texts: leaves of the tables and indexes that it touches
_PAGE_BYTES: Final = 4096
_NICENESS: Final = 10  # a tenth of a busy core; a lower share would keep what waits for the interpreter's lock too long


class Checkpoints:
    """`path`: the store's file."""

    def __init__(self, path: Path) -> None:
        self._uri = f"{path.absolute().as_uri()}?mode=rw"  # never makes a file where the store's is gone
        self._thread = ThreadPoolExecutor(1, "checkpoint", _lower_priority)
        self._running: Future[None] | None = None
        self._pages = 0

    def committed(self, text_bytes: int) -> None:
        """A commit is through that wrote so much text."""
        self._pages += _PAGES_OF_COMMIT + text_bytes // _PAGE_BYTES
        if self._pages < _PAGES or (self._running is not None and not self._running.done()):
            return
        with contextlib.suppress(RuntimeError):  # no thread to be had: the commits do it
            self._running = self._thread.submit(self._checkpoint)
            self._pages = 0

    def _checkpoint(self) -> None:
        # What is wrong with the file or the disk is the writer's to tell; the log stays as it is.
        with contextlib.suppress(sqlite3.Error), contextlib.closing(sqlite3.connect(self._uri, uri=True)) as db:
            before = -1
            for _ in range(_ROUNDS_MAX):
                ((_, pages, _),) = db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
                if pages == before:
                    break
                before = pages

    def close(self) -> None:
        """Before the writer closes, which makes the last checkpoint."""
        self._thread.shutdown()


def _lower_priority() -> None:
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), os.getpriority(os.PRIO_PROCESS, 0) + _NICENESS)
