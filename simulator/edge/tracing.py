"""Traces of the balancer: which requests are sampled, which context instances receive, and what a trace contains.

Theory of operation: a request in progress needs no extra state. The sampling decision is made when its head is written
to an instance, from the client's context or from the new trace id. The head contains the decision, sampled or not, so
that the application makes the same one. When the request ends, the header lines that the balancer added show the
decision; for a request that reached no instance the decision is made at that time. Without tracing this code is not
used: the listener calls the gateway directly.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

import numpy as np

from simulator.edge.access_log_entry import AccessLogEntry
from simulator.edge.gateway import Gateway
from simulator.edge.ports import Downstream, EntryLog, ExchangeView
from simulator.model.rejection import OVERFLOW, UNAVAILABLE
from simulator.model.times import NOT_YET, LoopTime
from simulator.records.request_trace import ADMITTED, ANSWERED, QUEUED, REJECTED, RequestTrace, Tracing, waits
from simulator.wire.http1.fields import FieldTable
from simulator.wire.http1.request import RequestHead
from simulator.wire.http1.trace_context import (
    TRACEPARENT,
    TRACESTATE,
    XRAY,
    TraceContext,
    parse_traceparent,
    parse_xray,
    traceparent_line,
    xray_line,
)
from simulator.world.random_streams import RandomStreams

# Longest text from a client in a span, so that a queue of spans stays small for any input.
TEXT_MAX: Final = 1024

_PREPARED: Final = 256  # requests; preparing them takes a fifth of a millisecond
_CONTEXT_BYTES: Final = 24  # the ids of the trace and the span
_IDS: Final = 64  # sampled at once, for requests that are not prepared
_SAMPLED: Final = b"-01\r\n"
_SAMPLED_PARENT: Final = re.compile(rb"traceparent: 00-([0-9a-f]{32})-([0-9a-f]{16})-01\r\n$")
_NEVER_BEGAN: Final = frozenset({OVERFLOW.name, UNAVAILABLE.name})


class TracingHandler:
    """A gateway with tracing; implements `RequestHandler`. `instance_id` returns the id of a service's nth instance.

    `epoch_s` is the wall clock in seconds since 1970; the gateway uses the loop's clock.
    """

    def __init__(
        self,
        gateway: Gateway,
        tracing: Tracing,
        *,
        epoch_s: Callable[[], float],
        streams: RandomStreams,
        instance_id: Callable[[str, int], str],
    ) -> None:
        self.limits, self.server_timing = gateway.limits, gateway.server_timing
        self.own_answers = gateway.own_answers
        self.decide = gateway.decide
        self.now_s = gateway.now_s
        self.own_lines = gateway.own_lines
        self.answer_lines = gateway.answer_lines
        self._fields = (TRACEPARENT, TRACESTATE, XRAY) if tracing.xray else (TRACEPARENT, TRACESTATE)
        self.table = FieldTable({**gateway.table.keys, **{name: name for name in self._fields}})
        self.access_log: EntryLog | None = _TraceLog(gateway, self._trace_served, self._trace_own)
        self._gateway_lines = gateway.request_lines
        self._tracing = tracing
        self._xray = tracing.xray
        self._ready: list[bytes] = []
        self._epoch_s = epoch_s
        self._instance_id = instance_id
        self._bound = tracing.sampling.bound
        self._streams = streams.stream("traces")
        self._ids: list[int] = []

    def request_lines(self, exchange: ExchangeView, client: Downstream) -> bytes:
        lines = self._gateway_lines(exchange, client)
        only, taken = self._tracing.only, exchange.request.taken
        if only is not None and exchange.upstream.service not in only:
            return lines + _passed_on(taken, self._fields)
        if TRACEPARENT in taken or self._xray:
            return lines + self._context_lines(taken)
        ready = self._ready or self._prepare()  # most requests come without a context
        return lines + ready.pop()

    def _context_lines(self, taken: Mapping[bytes, bytes]) -> bytes:
        """Return the context lines. The last one is always a `traceparent`, which `_trace_served` relies on."""
        parent = self._parent(taken)
        trace_id, sampled = self._decided(parent)
        span_id, lines = self._id(), b""
        if parent is not None:
            lines += _passed_on(taken, (TRACESTATE,))
        if self._xray:
            lines += xray_line(trace_id, span_id, sampled=sampled)
        return lines + traceparent_line(trace_id, span_id, sampled=sampled)

    def _prepare(self) -> list[bytes]:
        """Create contexts for traces that begin here, in a batch, which takes a fifth of the time (0.7 us per line)."""
        drawn = self._streams.bytes(_CONTEXT_BYTES * _PREPARED)
        digits, lows = drawn.hex().encode(), np.frombuffer(drawn, ">u8")[1::3].tolist()  # the lower halves of the ids
        self._ready = [
            b"traceparent: 00-%b-%b-0%d\r\n" % (digits[at : at + 32], digits[at + 32 : at + 48], low < self._bound)
            for at, low in zip(range(0, len(digits), 48), lows, strict=True)
        ]
        return self._ready

    # --- decisions ---------------------------------------------------------------------------------------------------

    def _parent(self, taken: Mapping[bytes, bytes]) -> TraceContext | None:
        """Return the client's trace context: in the W3C format, otherwise in X-Ray's if X-Ray is enabled."""
        if TRACEPARENT in taken:
            return parse_traceparent(taken[TRACEPARENT])
        return parse_xray(taken[XRAY]) if XRAY in taken else None

    def _decided(self, parent: TraceContext | None) -> tuple[int, bool]:
        """Return the trace id, and whether it is sampled."""
        if parent is None:
            low = self._id()
            return self._high() << 64 | low, low < self._bound
        return parent.trace_id, self._tracing.sampling.takes(parent.trace_id, parent.sampled)

    def _id(self) -> int:
        """Return a random 64-bit id, never 0."""
        if not self._ids:
            self._ids = self._streams.integers(1, 2**64, _IDS, dtype="uint64").tolist()
        return self._ids.pop()

    def _high(self) -> int:
        """Return the upper half of a new trace id. Its first 32 bits are the time, because X-Ray rejects other ids."""
        high = self._id()
        return int(self._epoch_s()) << 32 | high & 0xFFFFFFFF if self._xray else high

    # --- the end of a request ----------------------------------------------------------------------------------------

    def _trace_served(self, exchange: ExchangeView, status: int, cause: str, now_s: LoopTime) -> None:
        """Trace a finished request that was offered to a pool, if its `traceparent` is sampled."""
        added = exchange.added
        if not self._tracing.takes(exchange.upstream.service):
            return
        parent = self._parent(exchange.request.taken)
        given = _SAMPLED_PARENT.search(added) if added else None
        if given is not None:
            trace_id, upstream_id, sampled = int(given[1], 16), int(given[2], 16), True
        else:
            (trace_id, sampled), upstream_id = self._decided(parent), 0
        if sampled:
            head = self._head(exchange.request, exchange.connection.peer)
            self._tracing.receive(self._trace(exchange, status, cause, now_s, (trace_id, parent, upstream_id), head))

    def _trace(
        self,
        exchange: ExchangeView,
        status: int,
        cause: str,
        now_s: LoopTime,
        ids: tuple[int, TraceContext | None, int],
        head: dict[str, str],
    ) -> RequestTrace:
        trace_id, parent, upstream_id = ids
        instance, client = exchange.instance, exchange.connection
        until_s = exchange.begun_s if exchange.begun_s >= 0 else now_s
        wanted_s, ready_s = (instance.wanted_s, instance.ready_s) if instance is not None else (now_s, now_s)
        return RequestTrace(
            trace_id=trace_id,
            parent_id=parent.span_id if parent is not None else 0,
            upstream_id=upstream_id or self._id(),
            service=exchange.upstream.service,
            decision=_decision(exchange, cause),
            instance=self._instance_id(exchange.upstream.service, instance.number) if instance is not None else "",
            upstream=exchange.upstream_host,
            attempts=len(exchange.tried) + (instance is not None and instance not in exchange.tried),
            status=status,
            cause=cause,
            scheme=client.scheme.decode(),
            port=client.port,
            minor=exchange.request.minor,
            offset_s=self._epoch_s() - self.now_s(),
            arrived_s=exchange.arrived_s,
            begun_s=exchange.begun_s,
            answered_s=exchange.answered_s,
            ended_s=now_s,
            waits=waits(exchange.arrived_s, exchange.granted_s, until_s, wanted_s, ready_s),
            **head,
        )

    def _trace_own(self, entry: AccessLogEntry) -> None:
        """Trace a request that the balancer answered itself, unless only certain services are traced."""
        request = entry.request
        if request is None or self._tracing.only is not None:
            return
        parent = self._parent(request.taken)
        trace_id, sampled = self._decided(parent)
        if not sampled:
            return
        self._tracing.receive(
            RequestTrace(
                trace_id=trace_id,
                parent_id=parent.span_id if parent is not None else 0,
                upstream_id=0,
                service="",
                decision=ANSWERED,
                instance="",
                upstream="",
                attempts=0,
                status=entry.status,
                cause=entry.cause,
                scheme="https",
                port=0,
                minor=request.minor,
                offset_s=self._epoch_s() - self.now_s(),
                arrived_s=entry.arrived_s,
                begun_s=NOT_YET,
                answered_s=NOT_YET,
                ended_s=entry.ended_s,
                waits=(),
                **self._head(request, entry.peer),
            )
        )

    @staticmethod
    def _head(request: RequestHead, peer: bytes) -> dict[str, str]:
        """Return fields of the client's head as text."""
        return {
            "method": _text(request.method),
            "target": _text(request.target),
            "authority": _text(request.authority),
            "peer": _text(peer),
            "client": _text(request.forwarded_by(peer).partition(b",")[0].strip()),
            "user_agent": _text(request.field(b"user-agent") or b""),
        }


class _TraceLog:
    """Replaces the gateway's access log; traces the entries and passes them on to that log."""

    def __init__(
        self,
        gateway: Gateway,
        served: Callable[[ExchangeView, int, str, LoopTime], None],
        answered: Callable[[AccessLogEntry], None],
    ) -> None:
        self._gateway = gateway
        self._served = served
        self._answered = answered

    def served(self, exchange: ExchangeView, status: int, cause: str, now_s: LoopTime) -> None:
        added = exchange.added
        if not added or added.endswith(_SAMPLED):  # most requests are not sampled
            self._served(exchange, status, cause, now_s)
        log = self._gateway.access_log
        if log is not None:
            log.served(exchange, status, cause, now_s)

    def add(self, entry: AccessLogEntry) -> None:
        self._answered(entry)
        log = self._gateway.access_log
        if log is not None:
            log.add(entry)


def _decision(exchange: ExchangeView, cause: str) -> str:
    if exchange.granted_s < 0:
        return REJECTED if cause in _NEVER_BEGAN and exchange.instance is None else QUEUED
    return QUEUED if exchange.granted_s > exchange.arrived_s else ADMITTED


def _passed_on(taken: Mapping[bytes, bytes], names: tuple[bytes, ...]) -> bytes:
    """Return the fields `names` of the client as lines, with unchanged values."""
    return b"".join(b"%b: %b\r\n" % (name, taken[name]) for name in names if name in taken)


def _text(value: bytes) -> str:
    return value[:TEXT_MAX].decode("utf-8", "replace")
