"""Files that replace others: written beside them and renamed when complete, so that no reader gets an incomplete file.

A process that is killed leaves its file behind. The writer has a lock on it, which ends with the process, so the next
writer of the same target can distinguish an abandoned file from one that is still being written, and removes it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import secrets
from pathlib import Path
from types import TracebackType
from typing import Self


class ReplacementFile:
    """A new file at `path`, beside `target`. As a context manager it removes the file unless `put_in_place` was called.

    Write into the existing file at `path`; do not replace it, because the lock belongs to that file.

    Raises:
        OSError: if the file cannot be created.
    """

    def __init__(self, target: Path, mode: int = 0o666) -> None:
        self._target = target
        remove_abandoned(target)
        while True:
            # Keep the suffix, because some writers choose the format by it.
            self.path = target.with_name(f".{target.stem}.{secrets.token_hex(4)}.new{target.suffix}")
            # O_EXCL does not follow a link that another user has created.
            self._lock = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
            with contextlib.suppress(OSError):  # the file system may not support locks
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_at(self.path, self._lock):
                return
            os.close(self._lock)  # another writer removed it as abandoned before it was locked

    def put_in_place(self) -> None:
        """Replace the target."""
        self.path.replace(self._target)

    def close(self) -> None:
        """Remove the file if it was not put in place. Idempotent."""
        if self._lock >= 0:
            with contextlib.suppress(OSError):
                self.path.unlink(missing_ok=True)
            lock, self._lock = self._lock, -1
            os.close(lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def remove_abandoned(target: Path) -> None:
    """Remove the replacement files of `target` whose writers have ended."""
    name = re.compile(rf"\.{re.escape(target.stem)}\.[0-9a-f]{{8}}\.new{re.escape(target.suffix)}")
    with contextlib.suppress(OSError):
        for entry in os.scandir(target.parent):
            if name.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                with contextlib.suppress(OSError):  # it belongs to another user, or its writer has locked it
                    _remove_unlocked(Path(entry.path))


def _remove_unlocked(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if _is_at(path, descriptor):
            path.unlink()
    finally:
        os.close(descriptor)


def _is_at(path: Path, descriptor: int) -> bool:
    """Return True if `path` is still the open file."""
    try:
        there, here = path.lstat(), os.fstat(descriptor)
    except OSError:
        return False
    return (there.st_dev, there.st_ino) == (here.st_dev, here.st_ino)
