"""One simulator for one state folder: a lock that the operating system lifts when its holder dies."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from simulator.world.private_files import make_private_folder, open_private

_NAME: Final = "lock"
_BYTES_MAX: Final = 64
_STORE_MADE: Final = "store"  # on the second line, behind the process id


class StateHeld(Exception):
    """Another simulator works on the folder; the message names its process id."""


class StateLock:
    """`with StateLock(folder):` - the folder is made when it is not there.

    `had_store`: whether a simulator that held it before had made a store (`mark_store`), so that a folder without one
    has lost it.

    Raises:
        StateHeld: when another process holds it.
        OSError: when the folder cannot be made or written.
    """

    def __init__(self, folder: Path) -> None:
        make_private_folder(folder)
        self._fd = open_private(folder / _NAME, os.O_RDWR | os.O_CREAT)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = self._content().partition("\n")[0].strip() or "unknown"
            os.close(self._fd)
            msg = f"state folder {folder}: the simulator with process id {holder} works on it; stop that one first"
            raise StateHeld(msg) from error
        try:
            self.had_store = _STORE_MADE in self._content().split()
            self._write(with_store=self.had_store)
        except BaseException:
            os.close(self._fd)
            raise

    def mark_store(self) -> None:
        """From now on the folder has a store."""
        self._write(with_store=True)

    def _content(self) -> str:
        return os.pread(self._fd, _BYTES_MAX, 0).decode("ascii", "replace")

    def _write(self, *, with_store: bool) -> None:
        os.ftruncate(self._fd, 0)
        os.pwrite(self._fd, f"{os.getpid()}\n{_STORE_MADE if with_store else ''}\n".encode("ascii"), 0)

    def release(self) -> None:
        """The file stays: unlinking it would let two simulators lock two files of one name."""
        os.close(self._fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
