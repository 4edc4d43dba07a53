"""Fault injection into HTTP responses: an object between the instance's connection and the exchange.

Calls that do not concern the response are passed on unchanged.
"""

from __future__ import annotations

import asyncio
from typing import Final

from simulator.fleet.http.exchange import HttpExchange
from simulator.model.rejection import WIRE_RESET, WIRE_TRUNCATED, Rejection
from simulator.model.wire_fault import FaultKind, WireFault
from simulator.wire.http1.response import ResponseHead
from simulator.wire.upstream import Caller, UpstreamConnection

_TICK_S: Final = 0.05
_BUFFERED_BYTES_MAX: Final = 64 * 1024  # buffer of a throttled response; above it, reading from the application pauses


def with_fault(exchange: HttpExchange, fault: WireFault) -> Caller:
    """Return the caller to use in place of `exchange` on its connection; it injects `fault`."""
    if fault.kind is FaultKind.SLOW_BYTES:
        return ThrottledResponse(exchange, fault.rate_bytes_per_s)
    return TruncatedResponse(exchange, whole=fault.kind is FaultKind.RESET)


class _PassThrough:
    """Implements `Caller` by delegation to `exchange`."""

    def __init__(self, exchange: HttpExchange) -> None:
        self.exchange = exchange

    @property
    def link(self) -> UpstreamConnection | None:
        return self.exchange.link

    @link.setter
    def link(self, link: UpstreamConnection | None) -> None:
        self.exchange.link = link

    @property
    def head_only(self) -> bool:
        return self.exchange.head_only

    @property
    def tunnels(self) -> bool:
        return self.exchange.tunnels

    def connected(self, link: UpstreamConnection) -> None:
        self.exchange.connected(link)

    def informational_response(self, head: ResponseHead) -> None:
        self.exchange.informational_response(head)

    def response_started(self, head: ResponseHead, piece: bytes, *, complete: bool) -> None:
        self.exchange.response_started(head, piece, complete=complete)

    def response_continued(self, piece: bytes, *, complete: bool) -> None:
        self.exchange.response_continued(piece, complete=complete)

    def application_ended(self) -> bool:
        return self.exchange.application_ended()

    def broken(self, rejection: Rejection) -> None:
        self.exchange.broken(rejection)

    def may_repeat(self) -> bool:
        return self.exchange.may_repeat()

    def is_safe_to_lose(self) -> bool:
        return self.exchange.is_safe_to_lose()

    def upload_full(self) -> None:
        self.exchange.upload_full()

    def upload_drained(self) -> None:
        self.exchange.upload_drained()


class TruncatedResponse(_PassThrough):
    """Truncates the response and closes the connection.

    `whole`: drop the response completely. Otherwise the head is forwarded, with half of the first piece of the body.
    """

    def __init__(self, exchange: HttpExchange, *, whole: bool) -> None:
        super().__init__(exchange)
        self._whole = whole

    def response_started(self, head: ResponseHead, piece: bytes, *, complete: bool) -> None:
        if self._whole or (complete and not piece):  # a response without a body cannot be truncated, so it is reset
            self._cut(WIRE_RESET)
            return
        self.exchange.response_started(head, piece[: len(piece) // 2], complete=False)
        if piece:
            self._cut(WIRE_TRUNCATED)

    def response_continued(self, piece: bytes, *, complete: bool) -> None:
        del complete
        self.exchange.response_continued(piece[: len(piece) // 2], complete=False)
        self._cut(WIRE_TRUNCATED)

    def _cut(self, rejection: Rejection) -> None:
        if self.link is not None:
            self.link.drop()
        self.exchange.broken(rejection)


class ThrottledResponse(_PassThrough):
    """Forwards the body at `rate` bytes/s, however fast it arrives."""

    def __init__(self, exchange: HttpExchange, rate: float) -> None:
        super().__init__(exchange)
        self._rate = rate
        self._buffered = bytearray()
        self._complete = False
        self._allowance = 0.0  # bytes that may be sent now; the fraction left after a tick is below one
        self._timer: asyncio.TimerHandle | None = None

    def response_started(self, head: ResponseHead, piece: bytes, *, complete: bool) -> None:
        done = complete and not piece
        self.exchange.response_started(head, b"", complete=done)
        if not done:
            self.response_continued(piece, complete=complete)

    def response_continued(self, piece: bytes, *, complete: bool) -> None:
        self._buffered += piece
        self._complete = complete
        if len(self._buffered) > _BUFFERED_BYTES_MAX and self.link is not None:
            self.link.pause()
        self._arm()

    def application_ended(self) -> bool:
        return False  # the last bytes of the response are still buffered here

    def broken(self, rejection: Rejection) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self.exchange.broken(rejection)

    def _arm(self) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_TICK_S, self._forward)

    def _forward(self) -> None:
        self._timer = None
        if not self.exchange.open:
            return
        self._allowance += self._rate * _TICK_S
        size = int(self._allowance)
        self._allowance -= size
        piece = bytes(self._buffered[:size])
        del self._buffered[:size]
        done = self._complete and not self._buffered
        if piece or done:
            self.exchange.response_continued(piece, complete=done)
        if done or not self.exchange.open:
            return
        if len(self._buffered) <= _BUFFERED_BYTES_MAX and self.link is not None:
            self.link.resume()
        if self._buffered or self._complete:
            self._arm()
        else:
            self._allowance = 0.0
