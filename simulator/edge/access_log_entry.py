"""Finished requests, and their formats as lines of the access log: JSON, or Envoy's default format."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from simulator.model.times import NOT_YET, LoopTime

if TYPE_CHECKING:
    from simulator.wire.http1.request import RequestHead


class AccessLogEntry(NamedTuple):
    """One finished request: times in seconds of the loop's clock (negative: it did not happen) and sizes of bodies.

    `request` is None if the client sent no readable head. `cause` names the rejection or the side that ended the
    exchange early; it is empty for a complete response. `status` is 0 if there was no response.
    """

    request: RequestHead | None
    peer: bytes
    status: int
    cause: str
    arrived_s: LoopTime
    begun_s: LoopTime
    answered_s: LoopTime  # arrival of the head of the response
    ended_s: LoopTime
    cold_s: float
    received_bytes: int
    sent_bytes: int
    instance: int  # 0: no instance
    upstream: str
    added: bytes  # header lines that the balancer added to the request

    @property
    def request_id(self) -> bytes:
        """The balancer's request id if it set one, otherwise the client's; empty if there is none."""
        ours = REQUEST_ID.search(self.added)
        if ours is not None:
            return ours[1]
        return (self.request.field(b"x-request-id") if self.request is not None else None) or b""

    @property
    def queue_s(self) -> float:
        until_s = self.begun_s if self.begun_s >= 0 else self.ended_s
        return max(0.0, until_s - self.arrived_s - self.cold_s)


def own_entry(
    request: RequestHead | None, peer: bytes, status: int, cause: str, now_s: LoopTime, size: int
) -> AccessLogEntry:
    """Return the entry of a response of `size` bytes that the balancer generated itself."""
    return AccessLogEntry(request, peer, status, cause, now_s, NOT_YET, NOT_YET, now_s, 0.0, 0, size, 0, "", b"")


# (entry, offset from the loop's clock to seconds since 1970) -> a log line with its line end
AccessLine = Callable[[AccessLogEntry, float], bytes]

CLIENT_GONE: Final = "client gone"
REQUEST_ERROR: Final = "request error"
REQUEST_ID: Final = re.compile(rb"x-request-id: (.*)\r\n")

# Envoy's response flags (its documentation, "Access logging"), by the name of the rejection.
_FLAGS: Final = {
    "": "-",
    "overflow": "UO",
    "queue timeout": "UO",
    "no route": "NR",
    "timeout": "UT",
    "connect failure": "UF",
    "connect timeout": "UF",
    "connection termination": "UC",
    "bad answer": "UPE",
    "unavailable": "UH",
    "blocked by web ACL": "UAEX",
    CLIENT_GONE: "DC",
    REQUEST_ERROR: "DPE",
}
_encode: Final = json.JSONEncoder(separators=(",", ":")).encode


def json_line(entry: AccessLogEntry, offset_s: float) -> bytes:
    """Format an entry as JSON, in milliseconds and bytes as the keys say; unknown values are null.

    The total time is the sum of the times for queue (without the part caused by starting or activating an instance),
    cold, upstream (until the head of the response), and sending the response.
    """
    request = entry.request
    line = {
        "time": _time_text(entry.arrived_s + offset_s),
        "method": _text(request.method) if request else None,
        "path": _text(request.target) if request else None,
        "protocol": f"HTTP/1.{request.minor}" if request else None,
        "host": _text(request.authority) if request else None,
        "status": entry.status,
        "flags": _FLAGS.get(entry.cause, "-"),
        "cause": entry.cause or None,
        "received_bytes": entry.received_bytes,
        "sent_bytes": entry.sent_bytes,
        "total_ms": _ms(entry.ended_s - entry.arrived_s),
        "queue_ms": _ms(entry.queue_s),
        "cold_ms": _ms(entry.cold_s),
        "upstream_ms": _ms(entry.answered_s - entry.begun_s) if entry.answered_s >= 0 <= entry.begun_s else None,
        "instance": entry.instance or None,
        "upstream": entry.upstream or None,
        "client": _text(entry.peer),
        "user_agent": _text((request.field(b"user-agent") if request else None) or b"") or None,
        "request_id": _text(entry.request_id) or None,
    }
    return _encode(line).encode() + b"\n"


def envoy_line(entry: AccessLogEntry, offset_s: float) -> bytes:
    """Format an entry in Envoy's default format, field by field."""
    request = entry.request
    if request is None:
        start, agent, forwarded, authority = b"- - HTTP/1.1", b"-", entry.peer, b"-"
    else:
        start = b"%b %b HTTP/1.%d" % (request.method, _quoted(request.target), request.minor)
        agent = _quoted(request.field(b"user-agent") or b"-")
        forwarded = request.forwarded_by(entry.peer)
        authority = request.authority or b"-"
    served = entry.answered_s >= 0 <= entry.begun_s
    return b'[%b] "%b" %d %b %d %d %d %b "%b" "%b" "%b" "%b" "%b"\n' % (
        _time_text(entry.arrived_s + offset_s).encode(),
        start,
        entry.status,
        _FLAGS.get(entry.cause, "-").encode(),
        entry.received_bytes,
        entry.sent_bytes,
        (entry.ended_s - entry.arrived_s) * 1000,
        b"%d" % ((entry.answered_s - entry.begun_s) * 1000) if served else b"-",
        _quoted(forwarded),
        agent,
        entry.request_id or b"-",
        authority,
        entry.upstream.encode() or b"-",
    )


class LogFormat(StrEnum):
    """The format of the access log's lines."""

    JSON = "json"
    ENVOY = "envoy"


LINES: Final[Mapping[LogFormat, AccessLine]] = {LogFormat.JSON: json_line, LogFormat.ENVOY: envoy_line}


def _time_text(epoch_s: float) -> str:
    return datetime.fromtimestamp(epoch_s, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 3)


def _text(value: bytes) -> str:
    """Decode bytes as latin-1, one to one, because input from a client need not be UTF-8."""
    return value.decode("latin-1")


def _quoted(value: bytes) -> bytes:
    """Escape a value for use between quotes, so that a client cannot forge a field or a line."""
    return value.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
