"""A client connection: sends one request and receives its response, repeatedly on the same HTTP/1.1 connection.

Designed for load generation: no task, no future and no dictionary per request. The owner sends complete requests; the
connection calls it with a `ClientResponse` when the body has ended, or with `lost` when the connection has ended. The
owner decides about pooling, time limits and retries; this module only implements the protocol. It is not a general HTTP
client: it has no pipelining and no redirects; the body is counted and, unless requested, discarded.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, NamedTuple, Protocol, cast

import httptools

from simulator.model.times import NOT_YET, LoopTime

# Headers that define the end of a body; a response with neither (and a status with a body) ends with its connection.
_FRAMING: Final = frozenset({b"content-length", b"transfer-encoding"})
# 101 is final too: no request here asks for an upgrade, and the bytes after it are not HTTP.
_INFORMATIONAL: Final = range(100, 200)
KEPT_MAX: Final = 1024**2
_FILLER: Final = b"." * (64 * 1024)


class ClientResponse(NamedTuple):
    """A response. `headers` contains only the wanted headers, with names in lower case. Times are seconds of the
    owner's clock.

    `first_s` is the time of the first byte of the final response, equal to `last_s` if all of it came in one read.
    `last_s` is the end of its body. `reusable` is True if the connection stays open.
    """

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body_bytes: int
    first_s: LoopTime
    last_s: LoopTime
    reusable: bool
    body: bytes = b""  # up to KEPT_MAX bytes, only if `keeps_body` was set


class ClientOwner(Protocol):
    """The owner of a connection. Both methods are called from the event loop, never from within `send`."""

    def answered(self, connection: ClientConnection, answer: ClientResponse) -> None:
        """Handle the complete response. If it is `reusable`, the connection may be used again at once; otherwise `lost`
        follows.
        """

    def lost(self, connection: ClientConnection, why: str) -> None:
        """Handle the end of the connection; called once. If it was `busy`, its request gets no response."""


class ClientConnection(asyncio.Protocol):
    """A connection of the load generator.

    Create it with `loop.create_connection(lambda: ClientConnection(...), host, port, ssl=...)`.
    """

    __slots__ = (
        "_bodiless",
        "_body_bytes",
        "_complete",
        "_filler_bytes",
        "_final_s",
        "_first_s",
        "_framed",
        "_head_is_whole",
        "_headers",
        "_keeps",
        "_keeps_body",
        "_kept",
        "_now",
        "_owner",
        "_parser",
        "_paused",
        "_transport",
        "_wanted",
        "_why",
        "answers",
        "busy",
    )

    def __init__(self, owner: ClientOwner, wanted: frozenset[bytes], now: Callable[[], LoopTime]) -> None:
        """Create a connection that is not open yet.

        `wanted` has the names of the response headers to keep, in lower case. `now` is the clock for the times of
        responses.
        """
        self.busy = False
        self.answers = 0  # number of responses completed on this connection
        self._owner = owner
        self._wanted = wanted
        self._now = now
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._why = ""
        self._paused = False
        self._filler_bytes = 0
        self._bodiless = self._complete = self._framed = self._head_is_whole = self._keeps = False
        # Time of the first byte of any response, even an interim one; end of the read in which the final response
        # began.
        self._first_s = self._final_s = NOT_YET
        self._body_bytes = 0
        self._headers: list[tuple[bytes, bytes]] = []
        self._keeps_body = False
        self._kept = b""

    @property
    def is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    @property
    def answering(self) -> bool:
        """True if the first byte of the response to the current request has arrived."""
        return self.busy and self._first_s >= 0

    def send(self, data: bytes, filler_bytes: int = 0, *, bodiless: bool = False, keeps_body: bool = False) -> None:
        """Send one whole request: `data`, then a body of `filler_bytes` dots, which are sent as fast as the peer
        accepts them.

        `bodiless`: the response has no body whatever its headers are (HEAD). `keeps_body`: the response includes its
        body.
        """
        assert not self.busy, "one request at a time"
        assert self._transport is not None, "send before the connection was made"
        self.busy = True
        self._bodiless = bodiless
        self._keeps_body = keeps_body
        self._transport.write(data)
        if filler_bytes:
            self._filler_bytes = filler_bytes
            self._fill()

    def close(self) -> None:
        """Close the connection in order (with a TLS close alert); `lost` follows."""
        if self._transport is not None:
            self._transport.close()

    def abort(self, why: str) -> None:
        """Abort the connection; the owner's `lost` is called later with `why`."""
        self._why = self._why or why
        if self._transport is not None:
            self._transport.abort()

    # --- asyncio.Protocol ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Not asserted by type, because uvloop's transports do not inherit from asyncio.Transport.
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        if not self.busy:
            self.abort("bytes without a request")
            return
        if self._first_s < 0:
            self._first_s = self._now()
        clean = True
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            if not self._complete:
                self.abort(f"not an HTTP response: {error}")
                return
            clean = False  # bytes after the response: the response is valid, but the connection cannot be reused
        if self._complete:
            self._deliver(reusable=clean)
        elif self._final_s < 0:
            self._final_s = self._now()

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if self.busy and self._ends_with_connection(exc):
            self._complete = True
            self._deliver(reusable=False)
        del self._parser  # breaks the cycle connection -> parser -> connection
        why = self._why or (f"{type(exc).__name__}: {exc}" if exc else "closed by the other side")
        self._owner.lost(self, why)

    def pause_writing(self) -> None:
        self._paused = True

    def resume_writing(self) -> None:
        self._paused = False
        self._fill()

    # --- httptools callbacks ---

    def on_message_begin(self) -> None:
        if self._complete:
            raise ValueError("a second response to one request")
        self._final_s = NOT_YET

    def on_header(self, name: bytes, value: bytes) -> None:
        lowered = name.lower()
        if lowered in self._wanted:
            self._headers.append((lowered, value))
        if lowered in _FRAMING:
            self._framed = True

    def on_headers_complete(self) -> None:
        if self._parser.get_status_code() not in _INFORMATIONAL:
            self._head_is_whole = True
            # llhttp cannot know that the request was a HEAD and would wait for a body; so the parser is replaced
            # afterwards.
            self._complete = self._bodiless
            self._keeps = self._parser.should_keep_alive()

    def on_body(self, body: bytes) -> None:
        self._body_bytes += len(body)
        if self._keeps_body:
            self._kept = (self._kept + body)[:KEPT_MAX]

    def on_message_complete(self) -> None:
        if self._parser.get_status_code() in _INFORMATIONAL:
            self._headers.clear()
            self._framed = False
        else:
            self._complete = True
            self._keeps = self._parser.should_keep_alive()  # the parser does not keep this value after the call

    # --- helpers ---

    def _fill(self) -> None:
        while self._filler_bytes and not self._paused and self.is_open:
            assert self._transport is not None
            piece = _FILLER[: self._filler_bytes]
            self._filler_bytes -= len(piece)
            self._transport.write(piece)

    def _deliver(self, *, reusable: bool) -> None:
        # After a response before the end of its request (such as 413), some bytes of the request were not sent.
        reusable = reusable and self._keeps and not self._why and not self._filler_bytes
        now_s = self._now()
        answer = ClientResponse(
            self._parser.get_status_code(),
            tuple(self._headers),
            self._body_bytes,
            self._final_s if self._final_s >= 0 else now_s,
            now_s,
            reusable,
            self._kept,
        )
        if self._bodiless:
            self._parser = httptools.HttpResponseParser(self)
        self.busy = False
        self.answers += 1
        self._forget()
        if not reusable:
            self._filler_bytes = 0
            self.close()
        self._owner.answered(self, answer)

    def _ends_with_connection(self, exc: Exception | None) -> bool:
        """Return True if the end of the connection is the end of a response without a length (RFC 9112, 6.3)."""
        return exc is None and not self._why and self._head_is_whole and not self._framed

    def _forget(self) -> None:
        self._bodiless = self._complete = self._framed = self._head_is_whole = self._keeps = False
        self._first_s = self._final_s = NOT_YET
        self._body_bytes = 0
        self._headers = []
        self._kept = b""
