"""A client's connection: reads requests, keeps them in order, holds each side back when the other is slow.

One request at a time is on its way; what a client pipelines behind it waits unread in the buffer, bounded, and is never
looked at before the answer has gone out. After a framing error nothing that follows is read as a request.

A client that closes its side has gone, request under way or not: half-close and abort cannot be told apart, TLS on
asyncio has no half-close, and Envoy decides the same.

All time limits are `deadline_s` and `stalled_s`, which the listener sweeps; no timer per request.
"""

from __future__ import annotations

import asyncio
from math import inf
from typing import Protocol, cast

from simulator.edge.door import Door
from simulator.edge.exchange import LiveExchange
from simulator.wire.answers import OwnAnswer, complaint
from simulator.wire.fault import ProtocolError
from simulator.wire.reader import RequestReader
from simulator.wire.request import RequestHead


class Reception(Protocol):
    """The listener, as its connections see it. `inbox` is where they read into, one after the other."""

    inbox: memoryview

    def joined(self, connection: ClientConnection) -> bool:
        """False when there are too many; the connection is cut."""

    def left(self, connection: ClientConnection) -> None: ...
    def sni(self, transport: asyncio.Transport) -> str:
        """The name asked for in TLS if it is one of ours, else empty."""


class ClientConnection(asyncio.BufferedProtocol):
    """`scheme` is what X-Forwarded-Proto says. `peer` is the client's address as text.

    Buffered, with one buffer for all connections of a listener: a loop fills it and calls `buffer_updated` without
    letting anybody in between. For a plain `Protocol` uvloop's TLS allocates 256 KiB per read, and the page faults of
    that cost as much as all the rest of a request (measured: 103 against 59 us of CPU per request).
    """

    __slots__ = (
        "_advancing",
        "_exchange",
        "_lingered",
        "_lingering",
        "_paused",
        "_reader",
        "_reception",
        "_transport",
        "deadline_s",
        "door",
        "draining",
        "is_full",
        "peer",
        "scheme",
        "stalled_s",
    )

    def __init__(self, door: Door, reception: Reception, scheme: bytes) -> None:
        self.door = door
        self.scheme = scheme
        self.peer = b""
        self.is_full = False  # the client does not read: its write buffer is above the mark
        self.draining = False  # the answer under way is the last
        self.deadline_s = inf  # for the client's next bytes
        self.stalled_s = inf  # for the client to read
        self._reception = reception
        self._transport: asyncio.Transport | None = None
        self._reader = RequestReader(door.limits)
        self._exchange: LiveExchange | None = None
        self._advancing = False
        self._paused = False
        self._lingering = False
        self._lingered = 0

    @property
    def is_idle(self) -> bool:
        """No request under way, and none begun."""
        return self._exchange is None and not self._reader.buffer

    # --- the transport's side ----------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        peername = self._transport.get_extra_info("peername")
        self.peer = str(peername[0]).encode() if peername else b"unknown"
        limits = self.door.limits
        self._transport.set_write_buffer_limits(high=limits.write_buffer_bytes)
        self.deadline_s = self.door.now_s() + limits.idle_s
        if not self._reception.joined(self):
            self._transport.abort()

    def get_buffer(self, sizehint: int) -> memoryview:
        del sizehint
        return self._reception.inbox

    def buffer_updated(self, nbytes: int) -> None:
        data = self._reception.inbox[:nbytes].tobytes()
        if self._lingering:
            self._lingered += len(data)
            if self._lingered > self.door.limits.linger_bytes_max:
                self.reset()
            return
        reader = self._reader
        if reader.body is not None:
            self._feed_body(data)
            return
        if self._exchange is None and not reader.buffer:
            self.deadline_s = self.door.now_s() + self.door.limits.head_s
        reader.add(data)
        if self._exchange is None:
            self._advance()
        else:
            self.regulate()

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._transport = None
        self._reader.clear()
        self._reception.left(self)
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            exchange.give_up()

    def pause_writing(self) -> None:
        self.is_full = True
        self.stalled_s = self.door.now_s() + self.door.limits.write_stall_s
        if self._exchange is not None:
            self._exchange.client_full()

    def resume_writing(self) -> None:
        self.is_full = False
        self.stalled_s = inf
        if self._exchange is not None:
            self._exchange.client_drained()
        if self._exchange is None and not self._lingering:
            self._advance()

    # --- the exchange's side -----------------------------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        transport = self._transport
        if transport is not None and not transport.is_closing():  # uvloop raises on a transport that is closing
            transport.write(data)

    def ended(self, *, close: bool) -> None:
        """The answer of the exchange under way is out, or it never came."""
        self._exchange = None
        if close:
            self._close(linger=self._reader.body is not None)
            return
        assert self._reader.body is None, "a connection is kept only behind a request that was read in full"
        self.deadline_s = self.door.now_s() + (
            self.door.limits.head_s if self._reader.buffer else self.door.limits.idle_s
        )
        self._resume()
        if self._reader.buffer and not self._advancing:
            self._advance()

    def reset(self) -> None:
        """Cut it: the client can tell that its answer is not whole."""
        if self._transport is not None:
            self._transport.abort()

    def await_body(self) -> None:
        """The time for the body's next bytes begins, or for the word to send any."""
        limits, exchange = self.door.limits, self._exchange
        held_back = exchange is not None and exchange.expects_continue
        self.deadline_s = self.door.now_s() + (limits.continue_s if held_back else limits.body_idle_s)

    def regulate(self) -> None:
        """Read on or wait, as the buffers stand."""
        exchange = self._exchange
        blocked = exchange is not None and (
            (self._reader.body is not None and exchange.body_blocked)
            or (self._reader.body is None and len(self._reader.buffer) > self.door.limits.read_ahead_bytes)
        )
        if blocked:
            self.deadline_s = inf  # the wait is not the client's fault
            transport = self._transport
            if not self._paused and transport is not None and not transport.is_closing():
                self._paused = True
                transport.pause_reading()
        else:
            if self._paused and self._reader.body is not None:
                self.await_body()
            self._resume()

    # --- the listener's side -----------------------------------------------------------------------------------------

    def expire(self, now_s: float) -> None:
        """A time limit has passed."""
        exchange = self._exchange
        if now_s >= self.stalled_s:
            self.reset()
        elif self._lingering:
            self._stop_lingering(now_s)
        elif exchange is None:
            if self._reader.buffer:
                self._refuse(ProtocolError("request head not within its time", 408))
            else:
                self._close(linger=False)
        elif exchange.expects_continue:
            if exchange.begun_s >= 0:
                exchange.say_continue()
            else:  # no slot yet, so no reason to send a body
                self.deadline_s = now_s + self.door.limits.continue_s
        else:
            self._refuse(ProtocolError("request body not within its time", 408))

    def drain(self) -> None:
        """Take no further request: close now if idle, else after the answer."""
        self.draining = True
        if self.is_idle and not self._lingering:
            self._close(linger=False)

    # --- reading requests --------------------------------------------------------------------------------------------

    def _advance(self) -> None:
        """Take requests from the buffer until one is under way or the buffer has no whole head left."""
        self._advancing = True
        try:
            while self._reader.buffer and self._exchange is None and not (self.is_full or self._lingering):
                if self._transport is None or self._transport.is_closing():
                    break
                taken = self._reader.take()
                if taken is None:
                    break
                self._open(*taken)
        except ProtocolError as error:
            self._refuse(error)
        finally:
            self._advancing = False

    def _open(self, request: RequestHead, early: bytes) -> None:
        """`early`: as much of the request's body as has come."""
        done = self._reader.body is None
        verdict = self.door.decide(request, "" if request.authority else self._sni())
        if isinstance(verdict, OwnAnswer):
            self._answer(verdict, request, done=done)
            return
        exchange = LiveExchange(self, verdict, request, early, done=done)
        self._exchange = exchange
        self.deadline_s = inf
        if not done:
            self.await_body()
        verdict.offer(exchange)
        if self._exchange is exchange:
            self.regulate()

    def _feed_body(self, data: bytes) -> None:
        exchange = self._exchange
        assert exchange is not None, "a body belongs to a request under way"
        try:
            piece = self._reader.feed_body(data)
        except ProtocolError as error:
            self._refuse(error)
            return
        done = self._reader.body is None
        if done:
            self.deadline_s = inf
        exchange.body_arrived(piece, last=done)
        if self._exchange is exchange:
            if not done:
                self.await_body()
            self.regulate()

    def _sni(self) -> str:
        return self._reception.sni(self._transport) if self._transport is not None else ""

    # --- ending ------------------------------------------------------------------------------------------------------

    def _answer(self, answer: OwnAnswer, request: RequestHead, *, done: bool) -> None:
        """An answer of the balancer's own, without an exchange."""
        close = not request.keep_alive or not done or self.draining
        head_only = request.method == b"HEAD"
        self.write(answer.render(request.minor, self.door.own_lines(), head_only=head_only, close=close))
        self.ended(close=close)

    def _refuse(self, error: ProtocolError) -> None:
        """Nothing sensible can follow: say why, if an answer is still possible, and end."""
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            exchange.give_up()
            if exchange.answering:
                self.reset()
                return
        self.write(complaint(error.status, error.why).render(1, self.door.own_lines(), head_only=False, close=True))
        self._close(linger=True)

    def _close(self, *, linger: bool) -> None:
        """Close when what is written has gone out. While a request is still coming in, swallow it for a moment first:
        closing on unread bytes would make the client's system throw our answer away (RFC 9112 9.6).
        """
        transport = self._transport
        if transport is None:
            return
        self._reader.clear()
        self._lingering = True
        self._resume()
        if linger and not transport.is_closing():
            self.deadline_s = self.door.now_s() + self.door.limits.linger_s
            if transport.can_write_eof():
                transport.write_eof()
        else:
            self._stop_lingering(self.door.now_s())

    def _stop_lingering(self, now_s: float) -> None:
        """Close properly; the second time, or when the client does not let us, by force."""
        transport = self._transport
        if transport is None:
            return
        if transport.is_closing():
            transport.abort()
        self.deadline_s = now_s + self.door.limits.write_stall_s
        transport.close()

    def _resume(self) -> None:
        if self._paused:
            self._paused = False
            transport = self._transport
            if transport is not None and not transport.is_closing():
                transport.resume_reading()
