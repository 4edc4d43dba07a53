"""The response of a simulated instance as bytes for a real client."""

from __future__ import annotations

from typing import Final, Protocol

from simulator.wire.http1.grammar import DIGITS
from simulator.wire.http1.local_replies import PLAIN, reason_of
from simulator.wire.http1.request import RequestHead

SIZE_FIELD: Final = b"x-simulator-response-bytes"
_PIECE: Final = b"." * (64 * 1024)


class BodySink(Protocol):
    """The destination of the body; any write may set `is_full`."""

    @property
    def is_full(self) -> bool: ...
    def write(self, data: bytes) -> None: ...


class SyntheticResponse:
    """A response with `status` and a short text, or with the body size from the request's `x-simulator-response-bytes`.

    `left` is the number of body bytes still to be written.
    """

    __slots__ = ("_minor", "_size", "_text", "left", "status")

    def __init__(self, status: int, request: RequestHead) -> None:
        asked = request.field(SIZE_FIELD)
        self.status = status
        self._text = b"%d %b\n" % (status, reason_of(status))
        self._size = len(self._text)
        if asked is not None and DIGITS.fullmatch(asked):
            self._size = int(asked)
            self._text = b""
        if status in {204, 304}:
            self._size = 0
        self.left = 0 if request.method == b"HEAD" else self._size

    def head(self, added: bytes) -> bytes:
        """Return the response's head, with the `added` header lines."""
        length = b"" if self.status in {204, 304} else b"%bcontent-length: %d\r\n" % (PLAIN, self._size)
        return b"HTTP/1.1 %d %b\r\n%b%b\r\n" % (self.status, reason_of(self.status), length, added)

    def pour(self, client: BodySink) -> bool:
        """Write as much of the body as the client takes; return True if the body is complete."""
        while self.left and not client.is_full:
            piece = self._text or _PIECE[: self.left]
            self.left -= len(piece)
            client.write(piece)
        return not self.left
