"""Ensures one simulator per state folder, by a lock that the operating system releases when its holder exits."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from simulator.world.private_files import make_private_folder, open_private

_NAME: Final = "lock"
_BYTES_MAX: Final = 64
_STORE_MADE: Final = "store"  # second line of the lock file, after the process id


class StateHeld(Exception):
    """Another simulator uses the folder; the message has its process id."""


class StateLock:
    """The lock of a folder, as a context manager: `with StateLock(folder):`. Creates the folder if it does not exist.

    `had_store`: True if a previous holder has created a store (`mark_store`); if the folder has none, it was lost.

    Raises:
        StateHeld: if another process holds the lock.
        OSError: if the folder cannot be created or written.
    """

    def __init__(self, folder: Path) -> None:
        make_private_folder(folder)
        self._fd = open_private(folder / _NAME, os.O_RDWR | os.O_CREAT)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = self._content().partition("\n")[0].strip() or "unknown"
            os.close(self._fd)
            msg = f"state folder {folder}: the simulator with process id {holder} uses it; stop that simulator first"
            raise StateHeld(msg) from error
        try:
            self.had_store = _STORE_MADE in self._content().split()
            self._write(with_store=self.had_store)
        except BaseException:
            os.close(self._fd)
            raise

    def mark_store(self) -> None:
        """Record that the folder has a store from now on."""
        self._write(with_store=True)

    def _content(self) -> str:
        return os.pread(self._fd, _BYTES_MAX, 0).decode("ascii", "replace")

    def _write(self, *, with_store: bool) -> None:
        os.ftruncate(self._fd, 0)
        os.pwrite(self._fd, f"{os.getpid()}\n{_STORE_MADE if with_store else ''}\n".encode("ascii"), 0)

    def release(self) -> None:
        """Release the lock. The file stays, because two simulators could otherwise lock two files of that name."""
        os.close(self._fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
