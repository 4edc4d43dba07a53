"""A disk that fails: at the nth call that changes something, or at every byte beyond a size.

The first sees what Python does to files and what is asked of SQLite; the second is the kernel's, so SQLite's own writes
fail, too.
"""

from __future__ import annotations

import builtins
import contextlib
import errno
import io
import os
import resource
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

CALLS = ("open", "write", "pwrite", "ftruncate", "fsync", "mkdir", "rename", "replace", "chmod", "fchmod")


class FailingDisk:
    """Below `folder`, call `number` fails (0: none does), and all that follow if `stays`. `calls`: what was called."""

    def __init__(self, folder: Path, number: int, code: int = errno.EIO, *, stays: bool = False) -> None:
        self._folder = os.fsencode(folder.resolve())
        self._number = number
        self._code = code
        self._stays = stays
        self.calls: list[str] = []

    @property
    def has_failed(self) -> bool:
        return 0 < self._number <= len(self.calls)

    def fail_from_now(self, number: int) -> None:
        """Counting begins again."""
        self.calls.clear()
        self._number = number

    def strikes(self, call: str) -> bool:
        self.calls.append(call)
        count = len(self.calls)
        return count == self._number or (self._stays and count > self._number > 0)

    def touches(self, call: str, place: object) -> None:
        """Raises OSError when it is this call's turn."""
        if self._is_ours(place) and self.strikes(call):
            raise OSError(self._code, os.strerror(self._code))

    def _is_ours(self, place: object) -> bool:
        if isinstance(place, int):
            place = Path(f"/proc/self/fd/{place}").readlink()
        if not isinstance(place, str | bytes | os.PathLike):
            return False
        return os.path.realpath(os.fsencode(place)).startswith(self._folder)

    @contextlib.contextmanager
    def __call__(self) -> Iterator[FailingDisk]:
        with pytest.MonkeyPatch.context() as patch:
            for name in CALLS:
                patch.setattr(os, name, self._failing(name, getattr(os, name)))
            opening = self._opening(io.open)
            patch.setattr(io, "open", opening)
            patch.setattr(builtins, "open", opening)
            patch.setattr(tempfile, "_io", _Replaced(io, open=opening))
            patch.setattr(sqlite3, "connect", self._connecting(sqlite3.connect))
            yield self

    def _failing(self, name: str, real: Any) -> Any:
        def call(place: Any, *arguments: Any, **options: Any) -> Any:
            flags = arguments[0] if arguments else options.get("flags", 0)
            if name == "mkdir" and Path(place).is_dir():  # nothing to be done
                return real(place, *arguments, **options)
            if name != "open" or flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
                self.touches(name, place)
            return real(place, *arguments, **options)

        return call

    def _opening(self, real: Any) -> Any:
        disk = self

        class Raw(io.FileIO):
            def write(self, content: Any) -> int:
                disk.touches("write", self.fileno())
                return super().write(content)

        def opened(
            file: Any,
            mode: str = "r",
            buffering: int = -1,
            encoding: Any = None,
            errors: Any = None,
            *rest: Any,
            **more: Any,
        ) -> Any:
            if not set(mode) & set("wax+") or "+" in mode:
                return real(file, mode, buffering, encoding, errors, *rest, **more)
            if not isinstance(file, int):
                disk.touches("open", file)
            binary = Raw(file, mode.replace("b", "").replace("t", ""), more.get("closefd", True), more.get("opener"))
            if buffering == 0:
                return binary
            buffered = io.BufferedWriter(binary)
            if "b" in mode:
                return buffered
            return io.TextIOWrapper(
                buffered, encoding, errors, *rest[:1], **{k: v for k, v in more.items() if k == "newline"}
            )

        return opened

    def _connecting(self, real: Any) -> Any:
        disk = self

        class Connection(sqlite3.Connection):
            def execute(self, statement: str, *rest: Any) -> Any:
                disk.asked(statement)
                return super().execute(statement, *rest)

            def executemany(self, statement: str, *rest: Any) -> Any:
                disk.asked(statement)
                return super().executemany(statement, *rest)

        return lambda *arguments, **options: real(*arguments, **options, factory=Connection)

    def asked(self, statement: str) -> None:
        """Of SQLite; raises what SQLite raises when the disk fails."""
        if not statement.startswith(("SELECT", "ROLLBACK", "PRAGMA user_version;")) and self.strikes(statement):
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorcode, error.sqlite_errorname = sqlite3.SQLITE_IOERR, "SQLITE_IOERR"
            raise error


class _Replaced:
    """A module, some of whose names are others."""

    def __init__(self, module: Any, **names: Any) -> None:
        self.__dict__.update(names)
        self._module = module

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)


@contextlib.contextmanager
def files_up_to(size_bytes: int) -> Iterator[None]:
    """Within it no file of this process grows beyond the size: the write fails with EFBIG."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
