"""A client's connection: reads requests, keeps their order, and applies backpressure in both directions.

One request is processed at a time. Pipelined requests behind it stay in the bounded buffer until its response has been
sent. After a framing error no further bytes are read as a request.

A client that closes its side is treated as disconnected, with or without a request in progress: half-close and abort
cannot be distinguished, and Envoy does the same. Only in a tunnel does each side end separately.

The time limits are `deadline_s` and `stalled_s`, which the listener checks periodically; no request has a timer.
"""

from __future__ import annotations

import asyncio
import socket
from math import inf
from typing import cast

from simulator.edge.access_log_entry import REQUEST_ERROR, own_entry
from simulator.edge.exchange import LiveExchange
from simulator.edge.lingering_close import LingeringClose
from simulator.edge.ports import ListenerCallbacks, RequestHandler
from simulator.model import exchange_state as states
from simulator.model.exchange_state import ConnectionState, RequestState, ResponseState
from simulator.model.rejection import NO_ROUTE
from simulator.wire.http1.fault import ProtocolError
from simulator.wire.http1.local_replies import LocalReply, complaint
from simulator.wire.http1.reader import RequestReader
from simulator.wire.http1.request import RequestHead

_DRAINING, _TUNNEL = ConnectionState.DRAINING, ConnectionState.TUNNEL
_AWAITING_CONTINUE, _PENDING = RequestState.AWAITING_CONTINUE, ResponseState.PENDING


class DownstreamConnection(asyncio.BufferedProtocol):
    """A client connection. `scheme` is the value of X-Forwarded-Proto, `peer` the client's address as text.

    A `BufferedProtocol` with one buffer for all connections of a listener: the event loop fills it and immediately
    calls `buffer_updated`. For a plain `Protocol`, uvloop's TLS allocates 256 KiB per read, and the page faults of this
    cost as much as all other work of a request (measured: 103 instead of 59 us of CPU per request).
    """

    __slots__ = (
        "_advancing",
        "_callbacks",
        "_exchange",
        "_lingering_close",
        "_paused",
        "_reader",
        "_transport",
        "deadline_s",
        "handler",
        "peer",
        "scheme",
        "stalled_s",
        "state",
    )

    def __init__(
        self, handler: RequestHandler, callbacks: ListenerCallbacks[DownstreamConnection], scheme: bytes, peer: bytes
    ) -> None:
        self.handler, self.scheme, self.peer = handler, scheme, peer
        self.state = ConnectionState.HANDSHAKE
        self.deadline_s = self.stalled_s = inf  # deadlines: for the client's next bytes; for the client to read
        self._callbacks = callbacks
        self._transport: asyncio.Transport | None = None
        self._reader = RequestReader(handler.limits, handler.table)
        self._exchange: LiveExchange | None = None
        self._advancing = self._paused = False
        self._lingering_close: LingeringClose | None = None  # set in the states LINGERING and CLOSING

    @property
    def is_full(self) -> bool:  # the client reads too slowly: its write buffer is above the high-water mark
        return self.stalled_s < inf

    @property
    def is_idle(self) -> bool:  # no request in progress and none partly read
        return self._exchange is None and not self._reader.buffer

    @property
    def is_held_back(self) -> bool:  # reading is paused because the other side is slow
        return self._paused

    @property
    def client_socket(self) -> socket.socket | None:
        return cast("socket.socket", self._transport.get_extra_info("socket")) if self._transport is not None else None

    @property
    def port(self) -> int:
        return self._callbacks.port

    # --- called by the transport -------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.state = states.CONNECTED[self.state]
        self._transport = cast("asyncio.Transport", transport)
        limits = self.handler.limits
        self._transport.set_write_buffer_limits(high=limits.write_buffer_bytes)
        self.deadline_s = self.handler.now_s() + limits.idle_s

    def get_buffer(self, _sizehint: int) -> memoryview:
        return self._callbacks.read_buffer

    def buffer_updated(self, nbytes: int) -> None:
        if self._lingering_close is not None:
            self.deadline_s = self._lingering_close.swallow(self.handler.now_s(), self.deadline_s)
            return
        data = self._callbacks.read_buffer[:nbytes].tobytes()
        reader = self._reader
        if reader.body is not None:
            self._feed_body(data)
            return
        if self._exchange is None and not reader.buffer:
            self.deadline_s = self.handler.now_s() + self.handler.limits.head_s
        reader.add(data)
        if self._exchange is None:
            self._advance()
        else:
            self.regulate()

    def eof_received(self) -> bool:
        """Return True to keep a tunnel open whose other side continues, if the transport can half-close."""
        exchange, transport = self._exchange, self._transport
        can_half_close = transport is not None and transport.can_write_eof()
        return can_half_close and exchange is not None and exchange.client_ended()

    def connection_lost(self, _exc: Exception | None) -> None:
        self.state = states.LOST[self.state]
        self._transport = None
        self._reader.clear()
        self._callbacks.left(self)
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            exchange.give_up()

    def pause_writing(self) -> None:
        self.stalled_s = self.handler.now_s() + self.handler.limits.write_stall_s
        if self._exchange is not None:
            self._exchange.client_full()

    def resume_writing(self) -> None:
        self.stalled_s = inf
        if self._exchange is not None:
            self._exchange.client_drained()
        if self._exchange is None and self._lingering_close is None:
            self._advance()

    # --- called by the exchange --------------------------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        if (transport := self._transport) is not None and not transport.is_closing():  # uvloop would raise
            transport.write(data)

    def ended(self, *, close: bool) -> None:
        """Finish the current exchange: its response has been sent, or there was none."""
        self._exchange = None
        reader, handler = self._reader, self.handler
        if close:
            # Pipelined bytes count as unread, like the rest of a body.
            self._close(linger=(reader.body is not None or reader.buffer != b"") and self.state is not _TUNNEL)
            return
        assert reader.body is None, "a connection is kept only behind a request that was read in full"
        self.deadline_s = handler.now_s() + (handler.limits.head_s if reader.buffer else handler.limits.idle_s)
        self._resume()
        if reader.buffer and not self._advancing:
            self._advance()

    def reset(self) -> None:
        """Abort the connection, so that the client can detect an incomplete response."""
        if self._transport is not None:
            self._transport.abort()

    def open_tunnel(self) -> None:
        """Pass all following bytes to the exchange, until the connection ends."""
        exchange = self._exchange
        assert exchange is not None, "a tunnel belongs to a request"
        self.state = states.CONNECTION_UPGRADED[self.state]
        self.deadline_s = inf
        if early := self._reader.open_tunnel():
            exchange.body_arrived(early, last=False)

    def end_writing(self) -> bool:
        """Close the writing side; the client may continue sending. Return False if the transport cannot do so."""
        if (transport := self._transport) is None or transport.is_closing() or not transport.can_write_eof():
            return False
        transport.write_eof()
        return True

    def await_body(self) -> None:
        """Start the deadline for the body's next bytes, or for `100 Continue`. A tunnel has no such deadline."""
        limits, exchange = self.handler.limits, self._exchange
        if self.state is _TUNNEL:
            self.deadline_s = inf
            return
        held_back = exchange is not None and exchange.request_state is _AWAITING_CONTINUE
        wait_s = limits.continue_s if held_back else limits.body_idle_s
        self.deadline_s = self.handler.now_s() + wait_s
        if held_back:
            self._callbacks.schedule_check(wait_s, self)

    def regulate(self) -> None:
        """Resume or pause reading, depending on the buffers."""
        exchange = self._exchange
        blocked = exchange is not None and (
            (self._reader.body is not None and exchange.body_blocked)
            or (self._reader.body is None and len(self._reader.buffer) > self.handler.limits.read_ahead_bytes)
        )
        if blocked:
            self.deadline_s = inf  # this wait is not caused by the client
            transport = self._transport
            if not self._paused and transport is not None and not transport.is_closing():
                self._paused = True
                transport.pause_reading()
        else:
            if self._paused and self._reader.body is not None:
                self.await_body()
            self._resume()

    # --- called by the listener --------------------------------------------------------------------------------------

    def expire(self, now_s: float) -> None:
        exchange = self._exchange
        if now_s >= self.stalled_s:
            self.reset()
        elif self._lingering_close is not None:
            self.state = states.FINISHED[self.state]
            self.deadline_s = self._lingering_close.close(now_s)
        elif exchange is None:
            if self._reader.buffer:
                self._reject(ProtocolError("request head not received in time", 408))
            else:
                self._close(linger=False)
        elif exchange.request_state is _AWAITING_CONTINUE:
            if exchange.begun_s >= 0:
                exchange.say_continue()
            else:  # no slot yet, so the client should not send the body
                self.deadline_s = now_s + self.handler.limits.continue_s
        else:
            self._reject(ProtocolError("request body not received in time", 408))

    def reject_plain(self) -> None:
        """Reject plain HTTP on a TLS port. The request can no longer be read."""
        self._reject(ProtocolError("This port speaks HTTPS: use https:// in place of http://."))

    def drain(self) -> None:
        """Accept no further request: close the connection now if it is idle, otherwise after the response."""
        self.state = states.DRAINED[self.state]
        if self.is_idle and self._lingering_close is None:
            self._close(linger=False)

    # --- reading requests --------------------------------------------------------------------------------------------

    def _advance(self) -> None:
        """Read requests from the buffer until one is in progress or the buffer has no complete head left."""
        self._advancing = True
        try:
            while (
                self._reader.buffer
                and self._exchange is None
                and self.stalled_s == inf
                and self._lingering_close is None
            ):
                if self._transport is None or self._transport.is_closing() or (taken := self._reader.take()) is None:
                    break
                self._open(*taken)
        except ProtocolError as error:
            self._reject(error)
        finally:
            self._advancing = False

    def _open(self, request: RequestHead, early: bytes) -> None:
        """Start a request. `early` is the part of its body that has already arrived."""
        done = self._reader.body is None
        transport = self._transport
        sni = "" if request.authority or transport is None else self._callbacks.sni(transport)
        verdict = self.handler.decide(request, sni)
        if isinstance(verdict, LocalReply):
            self._answer(verdict, request, done=done)
            return
        exchange = LiveExchange(self, verdict, request, early, done=done)
        self._exchange = exchange
        self.deadline_s = inf
        if not done:
            self.await_body()
        verdict.offer(exchange)
        # A request without a body and without bytes behind it needs no backpressure.
        if self._exchange is exchange and (self._paused or not done or self._reader.buffer):
            self.regulate()

    def _feed_body(self, data: bytes) -> None:
        exchange = self._exchange
        assert exchange is not None, "a body belongs to a request under way"
        try:
            piece = self._reader.feed_body(data)
        except ProtocolError as error:
            self._reject(error)
            return
        done = self._reader.body is None
        if done:
            self.deadline_s = inf
        exchange.body_arrived(piece, last=done)
        if self._exchange is exchange:
            if not done:
                self.await_body()
            self.regulate()

    # --- ending ------------------------------------------------------------------------------------------------------

    def _answer(self, answer: LocalReply, request: RequestHead, *, done: bool) -> None:
        """Send a response that the balancer generated itself, without an exchange."""
        close = not request.keep_alive or not done or self.state is _DRAINING
        head_only = request.method == b"HEAD"
        self.write(answer.render(request.minor, self.handler.own_lines(), head_only=head_only, close=close))
        self._log(request, answer.status, NO_ROUTE.name if answer.status == NO_ROUTE.status else "", len(answer.body))
        self.ended(close=close)

    def _reject(self, error: ProtocolError) -> None:
        """Send the error if a response is still possible, and close: the rest of the input cannot be parsed."""
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            answering = exchange.response_state is not _PENDING
            exchange.give_up(error.status, REQUEST_ERROR)
            if answering:
                self.reset()
                return
        else:
            self._log(None, error.status, REQUEST_ERROR, len(error.why))
        self.write(complaint(error.status, error.why).render(1, self.handler.own_lines(), head_only=False, close=True))
        self._close(linger=True)

    def _log(self, request: RequestHead | None, status: int, cause: str, size: int) -> None:
        self.handler.own_answers[status] += 1
        if self.handler.access_log is not None:
            self.handler.access_log.add(own_entry(request, self.peer, status, cause, self.handler.now_s(), size))

    def _close(self, *, linger: bool) -> None:
        """Close after the written data has been sent; `linger` if the client is still sending a request."""
        if (transport := self._transport) is None:
            return
        self._reader.clear()
        self._resume()
        self.state = (states.LINGERED if linger else states.FINISHED)[self.state]
        self._lingering_close = lingering_close = LingeringClose(transport, self.handler.limits)
        self.deadline_s = (lingering_close.linger if linger else lingering_close.close)(self.handler.now_s())

    def _resume(self) -> None:
        if self._paused:
            self._paused = False
            if (transport := self._transport) is not None and not transport.is_closing():
                transport.resume_reading()
