"""The file of a store: its creation, and the check that it is still the file that was opened.

A new file is completed under a temporary name and then renamed, so an empty or incomplete file under the final name is
a damaged state, not a new one. Only the owner can read the file and SQLite's additional files, which get the same mode.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Final

from simulator.world.private_files import FILE_MODE, make_private_folder, open_private

_BESIDE: Final = ("-wal", "-shm", "-journal")
_BACK: Final = "put a copy back, or remove control.sqlite* to begin with an empty state"


class StoreError(Exception):
    """The file cannot be used; the message has the file and the reason."""


class StoreGone(sqlite3.OperationalError):
    """The file with the store's name is not the file that was opened, so writes would be lost."""


class StoreFile:
    """A store's file. `fill` creates the schema in a new file. Raises StoreError, OSError and sqlite3.Error."""

    def __init__(self, path: Path, fill: Callable[[sqlite3.Connection], None]) -> None:
        self._path = path
        if not path.exists():
            self._make(fill)
        elif path.is_file():
            self._check()
        status = path.stat()
        self._identity = (status.st_dev, status.st_ino)

    def check(self) -> None:
        """Check the file before a write. Raises StoreGone."""
        try:
            status = os.stat(self._path)  # noqa: PTH116 called for each commit, and a Path takes twice as long
        except OSError as error:
            raise StoreGone(f"{self._path} is gone ({error.strerror}); stop the simulator and put it back") from error
        if (status.st_dev, status.st_ino) != self._identity:
            raise StoreGone(f"{self._path} was replaced while the simulator used it; restart the simulator")
        if status.st_size == 0:
            raise StoreGone(f"{self._path} was emptied; stop the simulator and put a copy back")

    def _check(self) -> None:
        if self._path.stat().st_size == 0:
            raise StoreError(f"0 bytes, must be a state; its content is lost: {_BACK}")
        for path in (self._path, *(self._path.with_name(self._path.name + end) for end in _BESIDE)):
            if path.exists() and path.stat().st_mode & ~FILE_MODE & 0o777 and path.stat().st_uid == os.geteuid():
                path.chmod(FILE_MODE)

    def _make(self, fill: Callable[[sqlite3.Connection], None]) -> None:
        wal = self._path.with_name(self._path.name + "-wal")
        if wal.exists() and wal.stat().st_size:
            raise StoreError(f"is gone, and {wal.name} beside it contains its last changes: {_BACK}")
        for end in _BESIDE:
            self._path.with_name(self._path.name + end).unlink(missing_ok=True)
        make_private_folder(self._path.parent)
        beside = self._path.with_name(f".{self._path.name}.new")
        beside.unlink(missing_ok=True)
        try:
            os.close(open_private(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL))
            db = sqlite3.connect(beside, isolation_level=None)
            try:
                fill(db)
            finally:
                db.close()
            beside.rename(self._path)
        finally:
            beside.unlink(missing_ok=True)
