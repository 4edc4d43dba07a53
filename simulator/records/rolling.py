"""Request rates and latencies of the last few seconds, for live views. A reader of the request log with bounded memory.

Subscribe it for live views only; the report does not use it.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from simulator.records.histogram import COARSE, Histogram
from simulator.records.request_log import Chunk


class RecentRates(NamedTuple):
    """Rates in requests/s over the window; latencies of served requests in seconds, None if there were none."""

    served_rps: float
    failed_rps: float  # including rejected requests
    p50_s: float | None
    p99_s: float | None


class _Second:
    __slots__ = ("failed", "latency", "second")

    def __init__(self) -> None:
        self.second = -1
        self.failed = 0
        self.latency = Histogram(COARSE)


class Rolling:
    """A ring buffer of whole seconds. A request is counted in the second in which it ended."""

    def __init__(self, window_s: int = 5) -> None:
        """Create the window; `window_s` >= 1 is its length in whole seconds."""
        self.window_s = window_s
        # One more than the window, because the current second is being filled while the window is read.
        self._ring = [_Second() for _ in range(window_s + 1)]
        self._latest = -1

    def read(self, chunk: Chunk) -> None:
        ends = (chunk.intended_s + chunk.latency_s).astype(np.int64)
        self._latest = max(self._latest, int(ends.max()))
        oldest = self._latest - self.window_s
        per_second = np.bincount(ends[ends >= oldest] - oldest)
        for second in (oldest + np.flatnonzero(per_second)).tolist():  # np.unique would import numpy.ma
            rows = ends == second
            slot = self._slot(second)
            slot.failed += int(np.count_nonzero(rows & chunk.failed))
            slot.latency.record(chunk.latency_s[rows & ~chunk.failed & ~chunk.blocked])

    def recent(self, now_s: float) -> RecentRates:
        """Return the values of the last `window_s` whole seconds before `now_s`; of fewer at the start of a run."""
        latency, failed = Histogram(COARSE), 0
        until = math.floor(now_s)
        for slot in self._ring:
            if until - self.window_s <= slot.second < until:
                latency.merge(slot.latency)
                failed += slot.failed
        span_s = max(1, min(until, self.window_s))
        p50_s, p99_s = latency.quantiles((0.5, 0.99))
        return RecentRates(latency.count / span_s, failed / span_s, p50_s, p99_s)

    def _slot(self, second: int) -> _Second:
        slot = self._ring[second % len(self._ring)]
        if slot.second != second:
            slot.second = second
            slot.failed = 0
            slot.latency = Histogram(COARSE)
        return slot
