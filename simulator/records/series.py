"""Requests over time: counts and latency percentiles in bins of equal width. A reader of the request log.

A request belongs to the bin in which its client *intended* to send it, so that in every bin offered = served + rejected
+ failed + blocked, and a stall is visible at the time at which it delayed users and not at its end. `ended` counts
requests by the time of their end, which is the throughput. Only served requests have a latency here.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.records.histogram import COARSE, quantile_rank
from simulator.records.request_log import ERROR_KINDS, KIND_OF_STATUS, REJECTED_INDEX, Chunk

# A terminal has 80 to 200 columns and a chart 600 points; more bins would only enlarge the report.
BINS_MAX: Final = 600
# round widths in seconds, which are easy to read; a day gets bins of 150 s
_WIDTHS_S: Final = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 150, 300, 600, 900, 1800, 3600, 7200, 21600, 86400)

# Bins shorter than a second are merged until they have this many requests on average; with fewer, noise hides a step.
TELLING_REQUESTS: Final = 10
TELLING_S_MAX: Final = 1.0
TELLING_BINS_MIN: Final = 10

QUANTILES: Final = (0.5, 0.95, 0.99)


def bin_width_s(duration_s: float) -> float:
    """Return the smallest round width with which `duration_s` has at most BINS_MAX bins."""
    for width_s in _WIDTHS_S:
        if duration_s <= width_s * BINS_MAX:
            return width_s
    return float(math.ceil(duration_s / BINS_MAX / 86400) * 86400)


@dataclass(frozen=True, slots=True, eq=False)
class BinnedRequests:
    """Columns with one row per bin. Latencies in seconds; NaN for bins without a served request."""

    width_s: float
    offered: NDArray[np.int64]
    served: NDArray[np.int64]
    rejected: NDArray[np.int64]
    failed: NDArray[np.int64]  # without rejected requests
    blocked: NDArray[np.int64]  # blocked by a web ACL
    ended: NDArray[np.int64]
    p50_s: NDArray[np.float64]
    p95_s: NDArray[np.float64]
    p99_s: NDArray[np.float64]


class RequestSeries:
    """The bins of a run of `duration_s` (> 0) for a number of sources.

    Memory: 600 bins x 529 buckets x 4 bytes = 1.3 MB per source, independent of the number of requests. Requests
    intended at or after the end of the run count in the last bin; requests that end after it are not counted in
    `ended`.
    """

    def __init__(self, sources: int, duration_s: float) -> None:
        assert duration_s > 0, duration_s
        self.width_s = bin_width_s(duration_s)
        self.bins = max(1, math.ceil(duration_s / self.width_s - 1e-9))
        shape = (sources, self.bins)
        self._served = np.zeros(shape, dtype=np.int64)
        self._errors = np.zeros((sources, len(ERROR_KINDS), self.bins), dtype=np.int64)
        self._blocked = np.zeros(shape, dtype=np.int64)
        self._ended = np.zeros(shape, dtype=np.int64)
        self._latency = np.zeros((*shape, COARSE.count), dtype=np.uint32)

    def read(self, chunk: Chunk) -> None:
        source = chunk.source
        at = np.clip((chunk.intended_s / self.width_s).astype(np.int64), 0, self.bins - 1)
        failed = chunk.failed
        blocked = chunk.blocked
        served = ~(failed | blocked)
        np.add.at(self._served, (source[served], at[served]), 1)
        np.add.at(self._errors, (source[failed], KIND_OF_STATUS[chunk.status[failed]], at[failed]), 1)
        np.add.at(self._blocked, (source[blocked], at[blocked]), 1)
        bucket = COARSE.index(chunk.latency_s[served])
        np.add.at(self._latency, (source[served], at[served], bucket), 1)
        end = ((chunk.intended_s + chunk.latency_s) / self.width_s).astype(np.int64)
        within = end < self.bins
        np.add.at(self._ended, (source[within], end[within]), 1)

    @property
    def columns(self) -> tuple[NDArray[np.int64], ...]:
        """The counters themselves, for code that counts rows in another way than `read`.

        They are: served requests by (source, bin), failed ones by (source, kind of error, bin), ended ones by (source,
        bin), and latencies by (source, bin, bucket).
        """
        return self._served, self._errors, self._ended, self._latency  # type: ignore[return-value]

    def errors(self, sources: Iterable[int] | None = None, width_s_min: float = 0.0) -> NDArray[np.int64]:
        """Return the failed requests by (kind of error, bin), with the sources and bins of `binned`."""
        chosen = list(range(len(self._served)) if sources is None else sources)
        firsts = np.arange(0, self.bins, self._merged(width_s_min))
        by_kind: NDArray[np.int64] = np.add.reduceat(self._errors[chosen].sum(axis=0), firsts, axis=1)
        return by_kind

    def telling_width_s(self, sources: Iterable[int], ended_s: float) -> float:
        """Return the smallest width for `binned` with which the bins until `ended_s` (> 0) have enough requests.

        Enough is `TELLING_REQUESTS` per bin on average. The width is at most `TELLING_S_MAX`; a short run has at least
        `TELLING_BINS_MIN` bins.
        """
        chosen = list(sources)
        requests = sum(int(counts[chosen].sum()) for counts in self._outcomes)
        most_s = min(TELLING_S_MAX, self.bins * self.width_s / TELLING_BINS_MIN) + 1e-9
        widths = [width_s for width_s in _WIDTHS_S if width_s <= most_s and _is_whole(width_s / self.width_s)]
        enough = (width_s for width_s in widths if requests * width_s >= TELLING_REQUESTS * ended_s)
        return next(enough, max(widths, default=self.width_s))

    def binned(self, sources: Iterable[int] | None = None, width_s_min: float = 0.0) -> BinnedRequests:
        """Return the summed bins of the given sources (default: all), merged to a width of at least `width_s_min`."""
        chosen = list(range(len(self._served)) if sources is None else sources)
        each = self._merged(width_s_min)
        firsts = np.arange(0, self.bins, each)
        served, rejected, failed, blocked, ended = (
            np.add.reduceat(counts[chosen].sum(axis=0), firsts) for counts in (*self._outcomes, self._ended)
        )
        latency = np.add.reduceat(self._latency[chosen].sum(axis=0, dtype=np.int64), firsts, axis=0)
        p50_s, p95_s, p99_s = _row_quantiles(latency)
        offered = served + rejected + failed + blocked
        width_s = self.width_s * each
        return BinnedRequests(width_s, offered, served, rejected, failed, blocked, ended, p50_s, p95_s, p99_s)

    @property
    def _outcomes(self) -> tuple[NDArray[np.int64], ...]:
        rejected = self._errors[:, REJECTED_INDEX]
        return self._served, rejected, self._errors.sum(axis=1) - rejected, self._blocked

    def _merged(self, width_s_min: float) -> int:
        """Return the number of bins that are merged to one of at least this width."""
        return max(1, math.ceil(width_s_min / self.width_s - 1e-9))


def _is_whole(quotient: float) -> bool:
    return quotient > 0.5 and abs(quotient - round(quotient)) < 1e-9


def _row_quantiles(counts: NDArray[np.int64]) -> tuple[NDArray[np.float64], ...]:
    columns = np.full((len(QUANTILES), len(counts)), np.nan)
    reached = np.cumsum(counts, axis=1)
    for row in np.flatnonzero(reached[:, -1]).tolist():
        for column, quantile in enumerate(QUANTILES):
            rank = quantile_rank(quantile, int(reached[row, -1]))
            columns[column, row] = COARSE.middles_s[int(np.searchsorted(reached[row], rank))]
    return tuple(columns)
