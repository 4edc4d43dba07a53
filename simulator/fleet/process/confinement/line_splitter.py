"""Splits the output of an instance into lines as it arrives."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import Final

_READ_BYTES: Final = 64 * 1024  # capacity of a Linux pipe


class LineSplitter:
    """Splits a stream of bytes into lines.

    A line longer than `line_bytes_max` is reported in pieces: no byte is lost, and no more than that is buffered. The
    encoding is UTF-8; invalid bytes are replaced.
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
        """End the stream: report a last line that has no newline."""
        if self._rest:
            self._tell(self._rest)
            self._rest = b""

    def _tell(self, line: bytes) -> None:
        line = line.removesuffix(b"\r")
        for at in range(0, max(len(line), 1), self._line_bytes_max):
            self._on_line(line[at : at + self._line_bytes_max].decode("utf-8", "replace"))


class OutputPipe:
    """A pipe for a child's standard output or error: the child gets `child_end`, and the other end is read here.

    uvloop's own pipes are sockets, and a program that opens /dev/stdout by name (as nginx's log does) cannot open a
    socket. This pipe is read with `add_reader`, which needs no await and so cannot be cancelled half-way.
    """

    def __init__(self, splitter: LineSplitter) -> None:
        """Start to read.

        Raises:
            OSError: if no file descriptor is free.
        """
        self._loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[None] = self._loop.create_future()
        self._splitter = splitter
        self._ours, self.child_end = os.pipe()
        os.set_blocking(self._ours, False)
        self._loop.add_reader(self._ours, self._readable)

    def close_child_end(self) -> None:
        """Close this process's copy of the child's end; otherwise the stream would never end. Idempotent."""
        if self.child_end >= 0:
            os.close(self.child_end)
            self.child_end = -1

    def close(self) -> None:
        """Close both ends; `ended` is set afterwards. Idempotent."""
        self.close_child_end()
        if self._ours >= 0:
            self._loop.remove_reader(self._ours)
            os.close(self._ours)
            self._ours = -1
            self._splitter.end()
            if not self.ended.done():
                self.ended.set_result(None)

    def _readable(self) -> None:
        try:
            data = os.read(self._ours, _READ_BYTES)
        except BlockingIOError:
            return
        if data:
            self._splitter.feed(data)
        else:
            self.close()
