"""Readers of bodies: they take received bytes and return the bytes of the body.

`feed` returns what it could decode and sets `complete` when the body has ended; `rest` then contains the bytes after
it. A reader stores at most one unfinished line, never bytes of the body.
"""

from __future__ import annotations

from enum import Enum
from typing import Final, Protocol

from simulator.model.data_plane import DataPlaneLimits
from simulator.wire.http1.fault import ProtocolError
from simulator.wire.http1.framing import CHUNKED, UNTIL_CLOSE
from simulator.wire.http1.grammar import ANSWER_CHUNK_SIZE, ANSWER_TRAILER, CHUNK_SIZE, ONE_FIELD

_SIZE_MAX: Final = 1 << 60


class BodyReader(Protocol):
    """The interface of the readers, as in the module's docstring."""

    complete: bool
    rest: bytes
    ends_at_close: bool  # the end of the connection ends the body

    def feed(self, data: bytes) -> bytes:
        """Return the decoded bytes. Must not be called once `complete`.

        Raises:
            ProtocolError: if the framing is broken.
        """


def body_reader(length: int, limits: DataPlaneLimits, *, of_answer: bool = False) -> BodyReader:
    """Return a reader for a body of `length`, which is as in framing.py and not 0."""
    assert length != 0, "no body, no reader"
    if length == CHUNKED:
        return ResponseChunkedBody(limits) if of_answer else ChunkedBody(limits)
    return CloseBody() if length == UNTIL_CLOSE else LengthBody(length)


class LengthBody:
    """Reads a body of `length` bytes."""

    __slots__ = ("_left", "complete", "rest")

    ends_at_close = False

    def __init__(self, length: int) -> None:
        self._left = length
        self.complete = False
        self.rest = b""

    def feed(self, data: bytes) -> bytes:
        size = len(data)
        if size < self._left:
            self._left -= size
            return data
        self.complete = True
        if size == self._left:
            return data
        self.rest = data[self._left :]
        return data[: self._left]


class CloseBody:
    """Reads a body that ends with its connection."""

    __slots__ = ("complete", "rest")

    ends_at_close = True

    def __init__(self) -> None:
        self.complete = False
        self.rest = b""

    def feed(self, data: bytes) -> bytes:
        return data


class _At(Enum):
    SIZE = 0  # a chunk-size line is next
    DATA = 1
    DATA_END = 2  # the CRLF after a chunk's data is next
    TRAILER = 3


class ChunkedBody:
    """Reads a chunked body. Chunk extensions and trailers are validated, limited and dropped."""

    __slots__ = ("_at", "_left", "_limits", "_line", "_overhead", "_trailer", "complete", "rest")

    ends_at_close = False
    _size_line = CHUNK_SIZE
    _trailer_line = ONE_FIELD
    _line_ends = frozenset({b"\r\n"})  # after the data of a chunk, and as the last line of the body

    def __init__(self, limits: DataPlaneLimits) -> None:
        self._limits = limits
        self._at = _At.SIZE
        self._left = 0  # bytes of the current chunk not received yet
        self._line = b""  # an unfinished line
        self._overhead = 0
        self._trailer = 0
        self.complete = False
        self.rest = b""

    def feed(self, data: bytes) -> bytes:
        if self._line:
            data, self._line = self._line + data, b""
        pieces = []
        at, end = 0, len(data)
        while at < end and not self.complete:
            if self._at is _At.DATA:
                stop = min(end, at + self._left)
                pieces.append(data[at:stop])
                self._left -= stop - at
                at = stop
                if self._left == 0:
                    self._at = _At.DATA_END
                continue
            line_end = data.find(b"\n", at) + 1
            if line_end == 0:
                self._keep_line(data[at:])
                break
            self._take_line(data[at:line_end])
            at = line_end
        if self.complete:
            self.rest = data[at:]
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _keep_line(self, line: bytes) -> None:
        """Store an unfinished line; reject it as soon as it can no longer become valid."""
        if len(line) > self._limits.chunk_line_bytes_max:
            raise ProtocolError("chunk line too long")
        if b"\r" in line[:-1] or (self._at is _At.DATA_END and not b"\r\n".startswith(line)):
            raise ProtocolError("chunk line end must be CRLF")
        self._line = line

    def _take_line(self, line: bytes) -> None:
        if self._at is _At.SIZE:
            self._take_size(line)
        elif self._at is _At.DATA_END:
            if line not in self._line_ends:
                raise ProtocolError("chunk data longer than its size")
            self._at = _At.SIZE
        elif line in self._line_ends:
            self.complete = True
        else:
            self._trailer += len(line)
            if self._trailer > self._limits.trailer_bytes_max:
                raise ProtocolError("trailers too large", 431)
            if self._trailer_line.fullmatch(line) is None:
                raise ProtocolError("trailer malformed")

    def _take_size(self, line: bytes) -> None:
        match = self._size_line.fullmatch(line)
        if match is None or len(line) > self._limits.chunk_line_bytes_max:
            raise ProtocolError("chunk size malformed")
        self._overhead += len(match[2] or b"")
        if self._overhead > self._limits.chunk_overhead_bytes_max:
            raise ProtocolError("chunk extensions too large")
        self._left = int(match[1], 16)
        if self._left > _SIZE_MAX:
            raise ProtocolError("chunk size too large")
        self._at = _At.DATA if self._left else _At.TRAILER


class ResponseChunkedBody(ChunkedBody):
    """As lenient as Envoy 1.40: allows white space after a size, and LF after data and in trailers. The response is
    framed again when it is forwarded.
    """

    __slots__ = ()

    _size_line = ANSWER_CHUNK_SIZE
    _trailer_line = ANSWER_TRAILER
    _line_ends = frozenset({b"\r\n", b"\n"})


def chunk(piece: bytes, *, last: bool) -> bytes:
    """Return `piece` (may be empty) as one chunk. With `last`, the last-chunk follows it."""
    if not piece:
        return b"0\r\n\r\n" if last else b""
    return b"%x\r\n%b\r\n0\r\n\r\n" % (len(piece), piece) if last else b"%x\r\n%b\r\n" % (len(piece), piece)
