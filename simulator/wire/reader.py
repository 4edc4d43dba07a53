"""Bytes of a connection in, requests out: one at a time; what is behind it is not looked at before it is asked for."""

from __future__ import annotations

from simulator.model.data_plane import DataPlaneLimits
from simulator.wire.body import BodyReader, CloseBody, body_reader
from simulator.wire.fault import ProtocolError
from simulator.wire.request import ENVOY_FIELDS, FieldTable, RequestHead, check_beginning, read_request


class RequestReader:
    """`buffer`: an unfinished head, or requests behind the one under way; `body` reads the latter's, until it ends.

    Its owner bounds what is added while a request is under way. After a ProtocolError it is of no further use.
    """

    __slots__ = ("_limits", "_seen", "_table", "body", "buffer")

    def __init__(self, limits: DataPlaneLimits, table: FieldTable = ENVOY_FIELDS) -> None:
        """`table` as read_request has it."""
        self.buffer = b""
        self.body: BodyReader | None = None
        self._limits = limits
        self._table = table
        self._seen = 0  # bytes of the buffer in which no end of a head was found

    def add(self, data: bytes) -> None:
        self.buffer = self.buffer + data if self.buffer else data

    def take(self) -> tuple[RequestHead, bytes] | None:
        """The next request whose head is whole, with as much of its body as has come; `body` is set if more follows.

        Raises:
            ProtocolError: as soon as what has come cannot become a good request.
        """
        assert self.body is None, "the request before is still coming in"
        buffer, limits = self.buffer, self._limits
        while buffer[:2] == b"\r\n":  # RFC 9112 2.2: an empty line before a request is ignored
            self.buffer = buffer = buffer[2:]
        end = buffer.find(b"\r\n\r\n", max(0, self._seen - 3)) + 4
        if end < 4:
            if buffer not in {b"", b"\r"}:
                check_beginning(buffer, self._seen, limits)
            self._seen = len(buffer)
            return None
        self._seen = 0
        if end > limits.head_bytes_max:
            raise ProtocolError("head too large", 431)
        request = read_request(buffer[:end], limits, self._table)
        self.buffer = buffer[end:]
        if request.length == 0:
            return request, b""
        self.body = body_reader(request.length, limits)
        rest, self.buffer = self.buffer, b""
        return request, self.feed_body(rest) if rest else b""

    def feed_body(self, data: bytes) -> bytes:
        """More bytes while `body` is set: what of the body is in them.

        Raises:
            ProtocolError: when the framing is broken.
        """
        body = self.body
        assert body is not None, "no body is coming in"
        piece = body.feed(data)
        if body.complete:
            self.buffer = body.rest
            self.body = None
        return piece

    def open_tunnel(self) -> bytes:
        """Nothing that follows is a request any more; what has come of it already."""
        self.body = CloseBody()
        early, self.buffer = self.buffer, b""
        return early

    def clear(self) -> None:
        """Forget what has come: nothing of it will be wanted."""
        self.buffer = b""
        self.body = None
