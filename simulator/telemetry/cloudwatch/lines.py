"""Log lines within the limits of PutLogEvents, and the names of their log groups and streams. No I/O.

Limits (CloudWatch Logs API reference, PutLogEvents): 10,000 events and 1 MiB per request, where an event counts its
UTF-8 bytes and 26 more; the events in order of time and within 24 hours; an event has at least one character and at
most 256 KiB with those 26 bytes.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

from simulator.telemetry.cloudwatch.platform_view import ServiceIdentity

EVENTS_MAX: Final = 10_000
REQUEST_BYTES_MAX: Final = 1024**2
EVENT_BYTES_MAX: Final = 256 * 1024
EVENT_OVERHEAD_BYTES: Final = 26
SPAN_MS_MAX: Final = 24 * 3600 * 1000 - 1

_INSTANCE: Final = "instance/"
_MS_PER_S: Final = 1000


@dataclass(frozen=True, slots=True)
class LogStream:
    """A log group and stream, named as documented (facts 11.1)."""

    region: str
    group: str
    name: str


def stream_of(identity: ServiceIdentity, name: str) -> LogStream:
    """Return the log stream of a service. `name`: `events`, `deployment/<operation id>` or `instance/<instance id>`."""
    kind = "application" if name.startswith(_INSTANCE) else "service"
    return LogStream(identity.region, f"/aws/apprunner/{identity.name}/{identity.service_id}/{kind}", name)


@dataclass(frozen=True, slots=True)
class LogLine:
    """One log event. `at_ms`: since 1970. `size_bytes`: as CloudWatch Logs counts."""

    at_ms: int
    text: str
    size_bytes: int


def line_of(at_s: float, text: str) -> LogLine | None:
    """Make a line. A text that is too long is cut between characters. Returns None for an empty text."""
    if not text:
        return None
    encoded = text.encode("utf-8", "replace")[: EVENT_BYTES_MAX - EVENT_OVERHEAD_BYTES].decode("utf-8", "ignore")
    return LogLine(round(at_s * _MS_PER_S), encoded, len(encoded.encode()) + EVENT_OVERHEAD_BYTES)


def take_batch(lines: deque[LogLine]) -> list[LogLine]:
    """Remove and return the first lines that fit into one request, in time order. `lines` must not be empty."""
    batch: list[LogLine] = []
    size = 0
    first = last = lines[0].at_ms
    while lines and len(batch) < EVENTS_MAX:
        line = lines[0]
        first, last = min(first, line.at_ms), max(last, line.at_ms)
        if batch and (size + line.size_bytes > REQUEST_BYTES_MAX or last - first > SPAN_MS_MAX):
            break
        size += line.size_bytes
        batch.append(lines.popleft())
    batch.sort(key=lambda each: each.at_ms)  # stable: lines with equal times keep their order
    return batch
