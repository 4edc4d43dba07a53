"""The response of a simulated instance, as bytes for a real client."""

from __future__ import annotations

from typing import Final, Protocol

from simulator.wire.http1.framing import CHUNKED
from simulator.wire.http1.grammar import DIGITS
from simulator.wire.http1.local_replies import PLAIN, reason_of
from simulator.wire.http1.request import RequestHead

SIZE_FIELD: Final = b"x-simulator-response-bytes"
_PIECE: Final = b"." * (64 * 1024)


class BodySink(Protocol):
    """The destination of a body; `is_full` may become True after any write."""

    @property
    def is_full(self) -> bool: ...
    def write(self, data: bytes) -> None: ...


class SyntheticResponse:
    """A response with `status`. Its body is a short text, or has the size in the request's
    `x-simulator-response-bytes`.

    `left` is the number of body bytes still to be written.
    """

    __slots__ = ("_minor", "_size", "_text", "left", "status")

    def __init__(self, status: int, request: RequestHead) -> None:
        requested = _requested_bytes(request)
        self.status = status
        self._text = b"%d %b\n" % (status, reason_of(status))
        self._size = len(self._text)
        if requested is not None:
            self._size = requested
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


class ReceivedRequest(Protocol):
    """A request, and the bytes of its body that have been received."""

    request: RequestHead
    received_bytes: int


def expected_bytes(given: ReceivedRequest) -> int:
    """Return the sizes of the bodies of the request and of its simulated response, as far as they are known.

    Of a chunked body, only the part that has been received is counted.
    """
    length = given.request.length
    return (given.received_bytes if length == CHUNKED else length) + (_requested_bytes(given.request) or 0)


def _requested_bytes(request: RequestHead) -> int | None:
    """Return the body size that the request specifies for its response; None if it specifies none."""
    requested = request.field(SIZE_FIELD)
    return int(requested) if requested is not None and DIGITS.fullmatch(requested) else None
