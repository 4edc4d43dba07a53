"""The output of an instance, line by line, as it comes."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import Final

_READ_BYTES: Final = 64 * 1024  # what a Linux pipe holds


class LineCutter:
    """Cuts a stream of bytes into lines. A line longer than `line_bytes_max` is told in pieces: nothing is lost, and no
    more than that is kept. UTF-8; what is not is replaced.
    """

    def __init__(self, on_line: Callable[[str], None], line_bytes_max: int) -> None:
        self._on_line = on_line
        self._line_bytes_max = line_bytes_max
        self._rest = b""

    def feed(self, data: bytes) -> None:
        *whole, self._rest = (self._rest + data).split(b"\n")
        for line in whole:
            self._tell(line)
        while len(self._rest) > self._line_bytes_max:
            self._tell(self._rest[: self._line_bytes_max])
            self._rest = self._rest[self._line_bytes_max :]

    def end(self) -> None:
        """The stream has ended: a last line without its newline is a line."""
        if self._rest:
            self._tell(self._rest)
            self._rest = b""

    def _tell(self, line: bytes) -> None:
        line = line.removesuffix(b"\r")
        for at in range(0, max(len(line), 1), self._line_bytes_max):
            self._on_line(line[at : at + self._line_bytes_max].decode("utf-8", "replace"))


class OutputPipe:
    """A pipe for a child's standard output or error: `child_end` goes into the child, the other one is read here.

    A pipe of our own because uvloop would give the child a socket, and a program that opens /dev/stdout by name
    (nginx's log does) cannot open a socket. Read by `add_reader` because that needs no await, and so cannot be
    cancelled half-way.
    """

    def __init__(self, cutter: LineCutter) -> None:
        """Reads from now on.

        Raises:
            OSError: when there is no file descriptor left.
        """
        self._loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[None] = self._loop.create_future()
        self._cutter = cutter
        self._ours, self.child_end = os.pipe()
        os.set_blocking(self._ours, False)
        self._loop.add_reader(self._ours, self._readable)

    def close_child_end(self) -> None:
        """The child has its copy; ours would keep the stream from ending. Idempotent."""
        if self.child_end >= 0:
            os.close(self.child_end)
            self.child_end = -1

    def close(self) -> None:
        """Both ends; `ended` follows. Idempotent."""
        self.close_child_end()
        if self._ours >= 0:
            self._loop.remove_reader(self._ours)
            os.close(self._ours)
            self._ours = -1
            self._cutter.end()
            if not self.ended.done():
                self.ended.set_result(None)

    def _readable(self) -> None:
        try:
            data = os.read(self._ours, _READ_BYTES)
        except BlockingIOError:
            return
        if data:
            self._cutter.feed(data)
        else:
            self.close()
