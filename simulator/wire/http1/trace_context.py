"""Reads trace contexts from heads: W3C Trace Context (`traceparent`, `tracestate`) and AWS X-Ray (`X-Amzn-Trace-Id`).

A malformed context is ignored: by the standard, a new trace begins, and `tracestate` is dropped too.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

TRACEPARENT: Final = b"traceparent"
TRACESTATE: Final = b"tracestate"
XRAY: Final = b"x-amzn-trace-id"

_TRACEPARENT: Final = re.compile(rb"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_ROOT: Final = re.compile(rb"1-([0-9a-f]{8})-([0-9a-f]{24})")
_PARENT: Final = re.compile(rb"[0-9a-f]{16}")
_SAMPLED: Final = 1


class TraceContext(NamedTuple):
    """A trace context. `trace_id` has 128 bits, `span_id` 64 bits; neither is 0. If `sampled` is None, the receiver
    decides.
    """

    trace_id: int
    span_id: int
    sampled: bool | None


def parse_traceparent(value: bytes) -> TraceContext | None:
    """Parse a `traceparent` (W3C Trace Context 3.2). A value of an unknown version may be longer."""
    match = _TRACEPARENT.fullmatch(value)
    if match is None or match[1] == b"ff" or (match[1] == b"00" and match[5] is not None):
        return None
    return _context(match[2], match[3], bool(int(match[4], 16) & _SAMPLED))


def parse_xray(value: bytes) -> TraceContext | None:
    """Parse `Root=1-67891233-abcdef012345678912345678;Parent=463ac35c9f6413ad;Sampled=1`; further parts are ignored.

    Return None if there is no parent: a balancer may have set only the root.
    """
    fields = dict(part.strip().partition(b"=")[::2] for part in value.split(b";"))
    root, parent = _ROOT.fullmatch(fields.get(b"Root", b"")), _PARENT.fullmatch(fields.get(b"Parent", b""))
    if root is None or parent is None:
        return None
    return _context(root[1] + root[2], parent[0], {b"1": True, b"0": False}.get(fields.get(b"Sampled", b"")))


def _context(trace_id: bytes, span_id: bytes, sampled: bool | None) -> TraceContext | None:
    context = TraceContext(int(trace_id, 16), int(span_id, 16), sampled)
    return context if context.trace_id and context.span_id else None


def traceparent_line(trace_id: int, span_id: int, *, sampled: bool) -> bytes:
    """Return a line with a `traceparent` field."""
    return b"traceparent: 00-%032x-%016x-0%d\r\n" % (trace_id, span_id, sampled)


def xray_line(trace_id: int, span_id: int, *, sampled: bool) -> bytes:
    """Return a line with an `X-Amzn-Trace-Id` field."""
    root = b"%032x" % trace_id
    return b"x-amzn-trace-id: Root=1-%b-%b;Parent=%016x;Sampled=%d\r\n" % (root[:8], root[8:], span_id, sampled)
