"""Outcomes of a service's requests for metrics: counts by status class, and durations in buckets.

As in the request log, `add` only packs a row into a preallocated buffer. `fold` aggregates the rows; readers call it,
and `add` does when the buffer is full. No memory is allocated per request, and memory does not grow with the number of
requests.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

ROWS: Final = 8192
_ROW: Final = struct.Struct("<5d")
_FULL: Final = ROWS * _ROW.size

# Upper bounds in seconds: those of the Prometheus clients, plus smaller ones for the time that a balancer adds, and
# larger ones up to the request limit of 120 s.
EDGES_S: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)
_EDGES: Final = np.array(EDGES_S)

# Rows of completed requests: the status, then the durations in the order of `Outcomes.add`, in seconds.
Rows = NDArray[np.float64]

# How a request ended: without a response (the connection was closed), or with a class of status codes.
CLASSES: Final = ("none", "1xx", "2xx", "3xx", "4xx", "5xx")
_CLASS_MAX: Final = len(CLASSES) - 1


@dataclass(slots=True)
class Durations:
    """Durations by bucket (the last bucket is for durations above every bound), and their sum in seconds."""

    counts: NDArray[np.int64]
    sum_s: float = 0.0

    def record(self, values_s: NDArray[np.float64]) -> None:
        index = np.searchsorted(_EDGES, values_s, side="left")
        self.counts += np.bincount(index, minlength=len(self.counts))
        self.sum_s += float(values_s.sum())


def _durations() -> Durations:
    return Durations(np.zeros(len(EDGES_S) + 1, dtype=np.int64))


class OutcomeReceiver(Protocol):
    """Receives the outcome of each request."""

    def add(self, status: int, total_s: float, queue_s: float, cold_s: float, service_s: float) -> None:
        """Add a completed request; `service_s` is negative if it reached no instance."""


class Outcomes:
    """The outcomes of one service over all its revisions. Call `fold` before reading.

    `classes` counts by the names in `CLASSES`. The other attributes are durations in seconds: `total` is the whole time
    in the balancer, `queue` the wait for a slot, `service` the time at the instance (only of requests that reached
    one), `cold` the delay of requests that waited for an instance to start or activate. The rows themselves are passed
    to the functions given to `listen` when they are aggregated, and not kept.
    """

    __slots__ = ("_at", "_buffer", "_listeners", "classes", "cold", "queue", "rejected", "service", "total")

    def __init__(self) -> None:
        self.classes: NDArray[np.int64] = np.zeros(len(CLASSES), dtype=np.int64)
        self.rejected = 0  # 429: no free slot and the queue was full
        self.total, self.queue, self.cold, self.service = (_durations() for _ in range(4))
        self._buffer = bytearray(_FULL)
        self._at = 0
        self._listeners: list[Callable[[Rows], None]] = []

    def listen(self, read: Callable[[Rows], None]) -> None:
        """Call `read` with the rows of every `fold` from now on."""
        self._listeners.append(read)

    def add(self, status: int, total_s: float, queue_s: float, cold_s: float, service_s: float) -> None:
        """Add a completed request; `service_s` is negative if it reached no instance."""
        _ROW.pack_into(self._buffer, self._at, status, total_s, queue_s, cold_s, service_s)
        self._at += _ROW.size
        if self._at == _FULL:
            self.fold()

    def fold(self) -> None:
        """Aggregate the buffered rows."""
        if not self._at:
            return
        rows = np.frombuffer(self._buffer, dtype=np.float64, count=self._at // 8).reshape(-1, 5)
        self._at = 0
        self.classes += count_classes(rows)
        self.rejected += int(np.count_nonzero(rows[:, 0] == 429))
        self.total.record(rows[:, 1])
        self.queue.record(rows[:, 2])
        cold, service = rows[:, 3], rows[:, 4]
        self.cold.record(cold[cold > 0])
        self.service.record(service[service >= 0])
        for read in self._listeners:
            read(rows)


def count_classes(rows: Rows) -> NDArray[np.int64]:
    """Count the rows by the names in `CLASSES`."""
    status = rows[:, 0].astype(np.int64)
    counts: NDArray[np.int64] = np.bincount(np.clip(status // 100, 0, _CLASS_MAX), minlength=len(CLASSES))
    return counts
