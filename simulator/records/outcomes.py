"""How the requests of a service ended, counted for metrics: by status class, and their durations in buckets.

Theory of operation as in the request log: `add` packs a row into a preallocated buffer and nothing else; whoever reads
folds, and a full buffer folds itself. Nothing is allocated for a request, and memory does not grow with their number.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

ROWS: Final = 8192
_ROW: Final = struct.Struct("<5d")
_FULL: Final = ROWS * _ROW.size

# Upper edges in seconds, those of the Prometheus clients with steps for what a balancer adds below and for the request
# limit of 120 s above.
EDGES_S: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)
_EDGES: Final = np.array(EDGES_S)

# Rows of requests that have ended: status, then the seconds that `Outcomes.add` gets, in its order.
Rows = NDArray[np.float64]

# What a request ended with: no answer (a cut connection), and the classes of statuses.
CLASSES: Final = ("none", "1xx", "2xx", "3xx", "4xx", "5xx")
_CLASS_MAX: Final = len(CLASSES) - 1


@dataclass(slots=True)
class Durations:
    """Counts by bucket, the last one for what is longer than every edge, and the sum in seconds."""

    counts: NDArray[np.int64]
    sum_s: float = 0.0

    def record(self, values_s: NDArray[np.float64]) -> None:
        index = np.searchsorted(_EDGES, values_s, side="left")
        self.counts += np.bincount(index, minlength=len(self.counts))
        self.sum_s += float(values_s.sum())


def _durations() -> Durations:
    return Durations(np.zeros(len(EDGES_S) + 1, dtype=np.int64))


class Outcomes:
    """Of one service, over all its revisions. `fold` before reading.

    `classes` counts by the names in `CLASSES`; `total`, `queue`, `service` are durations in seconds: the whole time in
    the balancer, waiting for a slot, at the instance (only of requests that got there); `cold` those of requests that
    an instance's start or wake held up. Who needs more than these reads the rows themselves as they are folded
    (`listen`), which are gone afterwards.
    """

    __slots__ = ("_at", "_buffer", "_listeners", "classes", "cold", "queue", "refused", "service", "total")

    def __init__(self) -> None:
        self.classes: NDArray[np.int64] = np.zeros(len(CLASSES), dtype=np.int64)
        self.refused = 0  # 429: neither a slot nor a place in the line
        self.total, self.queue, self.cold, self.service = (_durations() for _ in range(4))
        self._buffer = bytearray(_FULL)
        self._at = 0
        self._listeners: list[Callable[[Rows], None]] = []

    def listen(self, read: Callable[[Rows], None]) -> None:
        """`read` hears the rows of every fold from now on."""
        self._listeners.append(read)

    def add(self, status: int, total_s: float, queue_s: float, cold_s: float, service_s: float) -> None:
        """A request has ended; `service_s` is negative when no instance has had it."""
        _ROW.pack_into(self._buffer, self._at, status, total_s, queue_s, cold_s, service_s)
        self._at += _ROW.size
        if self._at == _FULL:
            self.fold()

    def fold(self) -> None:
        """Count what has gathered."""
        if not self._at:
            return
        rows = np.frombuffer(self._buffer, dtype=np.float64, count=self._at // 8).reshape(-1, 5)
        self._at = 0
        self.classes += count_classes(rows)
        self.refused += int(np.count_nonzero(rows[:, 0] == 429))
        self.total.record(rows[:, 1])
        self.queue.record(rows[:, 2])
        cold, service = rows[:, 3], rows[:, 4]
        self.cold.record(cold[cold > 0])
        self.service.record(service[service >= 0])
        for read in self._listeners:
            read(rows)


def count_classes(rows: Rows) -> NDArray[np.int64]:
    """How many of them ended with what, by the names in `CLASSES`."""
    status = rows[:, 0].astype(np.int64)
    counts: NDArray[np.int64] = np.bincount(np.clip(status // 100, 0, _CLASS_MAX), minlength=len(CLASSES))
    return counts
