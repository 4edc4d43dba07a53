"""One connection to an instance: sends a request, receives the response, and is idle until the next request.

It uses callbacks only, and serves one caller at a time or none. Bytes that arrive while it serves none are never used
as a response: the connection is discarded (response queue poisoning). It is returned for reuse only after a response
that ended by its own framing, with no bytes after it, to a request that had been sent completely.

An application may respond in the middle of an upload and close the connection (with 413, for example); its kernel then
resets the connection, and the balancer's next write fails. An event loop takes a failed write for the end of the
connection and reads no more, so this class reads the receive queue before it treats the connection as broken (RFC 9112
9.5).
"""

from __future__ import annotations

import asyncio
import os
import select
from typing import Final, Protocol, cast

from simulator.model.data_plane import DataPlaneLimits
from simulator.model.rejection import BAD_ANSWER, TERMINATED, Rejection
from simulator.wire.http1.body import BodyReader, body_reader
from simulator.wire.http1.fault import ProtocolError
from simulator.wire.http1.framing import UNTIL_CLOSE
from simulator.wire.http1.response import ResponseHead, find_response

_READ_BYTES: Final = 256 * 1024


class Caller(Protocol):
    """Sends a request and receives its response. `link` is its current connection, which sets and clears it.

    Order of calls: `connected` (again on a retry), any number of `informational_response`, one `response_started`, any
    number of `response_continued`. The last of these has `complete` set. `broken` may be called instead, once, at any
    point. No call follows the end or `UpstreamConnection.drop`.
    """

    link: UpstreamConnection | None

    @property
    def head_only(self) -> bool:
        """True for a HEAD request, whose response has no body whatever its head is."""

    @property
    def tunnels(self) -> bool:
        """True if the request asks for a WebSocket; after a response 101 the body consists of the bytes of a tunnel."""

    def connected(self, link: UpstreamConnection) -> None:
        """Write the available part of the request."""

    def informational_response(self, head: ResponseHead) -> None:
        """Handle a 1xx response except 101."""

    def response_started(self, head: ResponseHead, piece: bytes, *, complete: bool) -> None:
        """Handle the head of the final response and the beginning of its body."""

    def response_continued(self, piece: bytes, *, complete: bool) -> None: ...

    def broken(self, rejection: Rejection) -> None: ...

    def application_ended(self) -> bool:
        """Handle the application's end of a tunnel. Return True to keep the direction towards it open."""

    def may_repeat(self) -> bool:
        """Return True if the request can be sent again from its beginning and repeating it is harmless (RFC 9110
        9.2.2).
        """

    def is_safe_to_lose(self) -> bool:
        """Return True if the request is complete and can be repeated, so that its connection need not be checked before
        use.
        """

    def upload_full(self) -> None:
        """Stop writing, because the application does not read."""

    def upload_drained(self) -> None: ...


class ConnectionOwner(Protocol):
    """Owns the connections to an instance."""

    limits: DataPlaneLimits

    def release(self, link: UpstreamConnection) -> None: ...
    def forget(self, link: UpstreamConnection) -> None: ...
    def repeat(self, caller: Caller) -> None: ...


class UpstreamConnection(asyncio.Protocol):
    __slots__ = (
        "_body",
        "_buffer",
        "_has_received",
        "_keep",
        "_owner",
        "_paused",
        "_poll",
        "_sent_all",
        "_transport",
        "_tunnel",
        "caller",
        "reused",
    )

    def __init__(self, owner: ConnectionOwner, caller: Caller) -> None:
        """Create the connection. `caller` is served as soon as the connection is open."""
        self._owner = owner
        self._transport: asyncio.Transport | None = None
        self._buffer = b""  # an unfinished response head
        self._body: BodyReader | None = None
        self._has_received = False  # a byte of a response to the current caller has arrived
        self._sent_all = False
        self._keep = False
        self._paused = False
        self._tunnel = False
        self._poll: select.poll | None = None
        self.reused = False
        self.caller: Caller | None = caller
        caller.link = self

    # --- calls by the caller -----------------------------------------------------------------------------------------

    @property
    def is_connected(self) -> bool:
        return self._transport is not None

    @property
    def is_usable(self) -> bool:
        """True if the connection is open, as far as the event loop knows."""
        return self._transport is not None and not self._transport.is_closing()

    def has_news(self) -> bool:
        """Return True if the kernel has bytes, an end or an error that the loop has not reported yet. Takes one system
        call.
        """
        if self._poll is None:
            connected = self._transport.get_extra_info("socket") if self._transport is not None else None
            if connected is None:
                return False
            self._poll = select.poll()  # kept, because creating it takes as long as a call
            self._poll.register(connected.fileno(), select.POLLIN)
        return bool(self._poll.poll(0))

    def serve(self, caller: Caller) -> None:
        """Start the next request on an idle connection."""
        assert self.caller is None, "a connection serves one request at a time"
        self.caller = caller
        caller.link = self
        self.reused = True
        self._has_received = self._sent_all = False
        caller.connected(self)

    def write(self, data: bytes, *, last: bool) -> None:
        """Send bytes of the request. With `last`, the request is complete."""
        transport = self._transport
        assert transport is not None, "written before connected"
        self._sent_all = last
        if data and not transport.is_closing():  # uvloop raises on a transport that is closing
            transport.write(data)

    def write_eof(self) -> None:
        """End the client's direction of a tunnel."""
        transport = self._transport
        if transport is not None and not transport.is_closing():
            transport.write_eof()

    def pause(self) -> None:
        """Stop reading, because the caller cannot take more at present."""
        transport = self._transport
        if not self._paused and transport is not None and not transport.is_closing():
            self._paused = True
            transport.pause_reading()

    def resume(self) -> None:
        if self._paused:
            self._paused = False
            transport = self._transport
            if transport is not None and not transport.is_closing():
                transport.resume_reading()

    def drop(self) -> None:
        """Cut the connection; the caller gets no further call. The application sees a reset instead of a complete
        message.
        """
        if self.caller is not None:
            self.caller.link = None
            self.caller = None
        if self._transport is not None:
            self._transport.abort()

    def finish(self) -> None:
        """Close a tunnel after both directions have ended, once all bytes are sent. Its caller gets no further call."""
        if self.caller is not None:
            self.caller.link = None
            self.caller = None
        if self._transport is not None:
            self._transport.close()

    def reject(self, rejection: Rejection) -> None:
        """Cut the connection and notify the caller."""
        caller = self.caller
        self.drop()
        if caller is not None:
            caller.broken(rejection)

    # --- calls by the transport --------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        if self.caller is None:  # the connection was dropped while it was being opened
            self._transport.abort()
        else:
            self.caller.connected(self)

    def data_received(self, data: bytes) -> None:
        if self.caller is None:
            self.drop()
            return
        self._has_received = True
        try:
            if self._body is None:
                seen = len(self._buffer)
                self._take_head(self._buffer + data if seen else data, seen)
            else:
                piece = self._body.feed(data)
                self._pass_on(self.caller, None, piece, self._body)
        except ProtocolError:
            self.reject(BAD_ANSWER)

    def eof_received(self) -> bool:
        """Complete a body that ends with the connection. Any other end is handled in `connection_lost`."""
        caller, body = self.caller, self._body
        if caller is not None and self._tunnel and caller.application_ended():
            return True
        if caller is not None and body is not None and body.ends_at_close:
            body.complete = True
            self._pass_on(caller, None, b"", body)
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        if exc is not None and self.caller is not None:
            self._read_what_is_left()
        caller, self.caller, self._transport = self.caller, None, None
        self._owner.forget(self)
        if caller is None:
            return
        caller.link = None
        if self._buffer:  # the connection ended in the middle of a head
            caller.broken(BAD_ANSWER)
            return
        # The application closed the idle connection at the moment when the request was sent (RFC 9112 9.3.1).
        if self.reused and not self._has_received and caller.may_repeat():
            self._owner.repeat(caller)
        else:
            caller.broken(TERMINATED)

    def _read_what_is_left(self) -> None:
        """Read what arrived before the connection broke. The loop closes the socket only after `connection_lost`."""
        connected = self._transport.get_extra_info("socket") if self._transport is not None else None
        if connected is None:
            return
        try:
            while self.caller is not None and (data := os.read(connected.fileno(), _READ_BYTES)):
                self.data_received(data)
        except OSError:
            pass
        # RFC 9112 8: a body that ends with its connection is complete, however the connection ended.
        if self.caller is not None and not self._tunnel:
            self.eof_received()

    def pause_writing(self) -> None:
        if self.caller is not None:
            self.caller.upload_full()

    def resume_writing(self) -> None:
        if self.caller is not None:
            self.caller.upload_drained()

    # --- reading a response ------------------------------------------------------------------------------------------

    def _take_head(self, data: bytes, seen: int) -> None:
        """Read a head from `data`. Its first `seen` bytes were searched before and contain no complete head."""
        limits = self._owner.limits
        while (found := find_response(data, limits, seen)) is not None:
            head, end = found
            data, seen = data[end:], 0
            if head.status >= 200:
                self._buffer = b""
                self._take_answer(head, data)
                return
            assert self.caller is not None
            if head.status == 101:
                self._buffer = b""
                self._take_upgrade(head, data, self.caller)
                return
            self.caller.informational_response(head)
            if self._is_free():
                return
        self._buffer = data

    def _is_free(self) -> bool:
        return self.caller is None

    def _take_upgrade(self, head: ResponseHead, rest: bytes, caller: Caller) -> None:
        if not (caller.tunnels and head.upgrades):
            raise ProtocolError("101 without a request for it", 502)
        self._tunnel = True
        head.length = UNTIL_CLOSE
        self._take_answer(head, rest)

    def _take_answer(self, head: ResponseHead, rest: bytes) -> None:
        caller = self.caller
        assert caller is not None
        self._keep = head.keep_alive
        if head.length == 0 or caller.head_only:
            self._end(clean=not rest)
            caller.response_started(head, b"", complete=True)
            return
        if head.length == len(rest):  # the usual small response arrived completely, so it needs no reader for its body
            self._end(clean=True)
            caller.response_started(head, rest, complete=True)
            return
        body = body_reader(head.length, self._owner.limits, of_answer=True)
        piece = body.feed(rest) if rest else b""
        self._body = body
        self._pass_on(caller, head, piece, body)

    def _pass_on(self, caller: Caller, head: ResponseHead | None, piece: bytes, body: BodyReader) -> None:
        complete = body.complete
        if complete:
            # Before the caller is notified, because the next request of its pool may begin within that call.
            self._end(clean=not body.rest and not body.ends_at_close)
        if head is not None:
            caller.response_started(head, piece, complete=complete)
        elif piece or complete:
            caller.response_continued(piece, complete=complete)

    def _end(self, *, clean: bool) -> None:
        """End a complete response: make the connection idle, or close it."""
        assert self.caller is not None
        self.caller.link = None
        self.caller = None
        self._body = None
        self.resume()
        if clean and self._keep and self._sent_all and self.is_usable:
            self._owner.release(self)
        elif self._transport is not None:
            # The last bytes of a tunnel may still be in the write buffer: close() sends them, abort() does not.
            self._transport.close() if self._tunnel else self._transport.abort()
