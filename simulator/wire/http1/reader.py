"""Reads requests from the bytes of a connection, one at a time. The next one is only read when the caller
asks for it.
"""

from __future__ import annotations

from simulator.model.data_plane import DataPlaneLimits
from simulator.wire.http1.body import BodyReader, CloseBody, body_reader
from simulator.wire.http1.fault import ProtocolError
from simulator.wire.http1.request import ENVOY_FIELDS, FieldTable, RequestHead, check_beginning, read_request


class RequestReader:
    """Reads the requests of one connection.

    `buffer` contains an unfinished head, or requests after the current one. `body` reads the body of the current
    request; it is None if there is none or it has ended. The caller limits the bytes that are added during a request.
    After a ProtocolError the reader must not be used.
    """

    __slots__ = ("_limits", "_seen", "_table", "body", "buffer")

    def __init__(self, limits: DataPlaneLimits, table: FieldTable = ENVOY_FIELDS) -> None:
        """Create a reader. `table` is as for `read_request`."""
        self.buffer = b""
        self.body: BodyReader | None = None
        self._limits = limits
        self._table = table
        self._seen = 0  # bytes at the start of the buffer that contain no end of a head

    def add(self, data: bytes) -> None:
        self.buffer = self.buffer + data if self.buffer else data

    def take(self) -> tuple[RequestHead, bytes] | None:
        """Return the next request and the received part of its body, once its head is complete; else None.

        If more of the body follows, `body` is set.

        Raises:
            ProtocolError: as soon as the received bytes cannot become a valid request.
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
        """Return the bytes of the body in `data`. Call while `body` is set.

        Raises:
            ProtocolError: if the framing is broken.
        """
        body = self.body
        assert body is not None, "no body is coming in"
        piece = body.feed(data)
        if body.complete:
            self.buffer = body.rest
            self.body = None
        return piece

    def open_tunnel(self) -> bytes:
        """Treat all further bytes as data of a tunnel; return those that were received already."""
        self.body = CloseBody()
        early, self.buffer = self.buffer, b""
        return early

    def clear(self) -> None:
        """Discard all received bytes."""
        self.buffer = b""
        self.body = None
