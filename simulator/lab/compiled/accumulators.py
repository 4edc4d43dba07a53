"""Counts rows of ended requests into the request statistics and the series of the report, in compiled code.

It does in one pass over the rows what `records/request_stats.py` and `records/series.py` do with whole columns: the
same buckets, the same whole nanoseconds, so the report is equal to the last digit. Other readers (a CSV file) get the
rows as chunks.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np

from simulator.lab.compiled.compiled import entry, kernel
from simulator.records.histogram import COARSE, FINE, Histogram
from simulator.records.request_log import KIND_OF_STATUS, STATUS_MAX, Chunk
from simulator.records.request_stats import RequestStats, StatsBySource
from simulator.records.series import RequestSeries
from simulator.replay.run_recorder import OFFERED_WINDOW_S

HISTOGRAMS: Final = ("latency", "queue", "cold", "service", "error_latency")
LATENCY, QUEUE, COLD, SERVICE, FAILURE_LATENCY = range(5)
_FINE_SHIFT, _FINE_BASE, _FINE_LAST = FINE.shift, FINE.base, FINE.count - 1
_COARSE_SHIFT, _COARSE_BASE, _COARSE_LAST = COARSE.shift, COARSE.base, COARSE.count - 1
# The period in seconds that a live view shows, plus the current second.
LATELY_S: Final = OFFERED_WINDOW_S + 1.0
# Maximum number of rows kept for a live view, so that memory does not grow with the rate: 7 MB. Further rows are
# counted at once.
KEPT_ROWS_MAX: Final = 1 << 18
# Index of the entry after the buckets: the number of values that are zero, or below zero because of rounding.
NOTHING: Final = FINE.count


@kernel
def _count(counts: Any, total_ns: Any, extremes: Any, value_s: float, bits: int) -> None:
    """Count one value into a histogram.

    `counts`: by bucket. `total_ns`, `extremes` (minimum, maximum): of the values above zero.
    """
    if value_s <= 0.0:
        counts[NOTHING] += 1
        return
    bucket = (bits >> _FINE_SHIFT) - _FINE_BASE
    counts[min(max(bucket, 0), _FINE_LAST)] += 1
    total_ns[0] += np.int64(np.rint(value_s * 1e9))
    if value_s < extremes[0]:
        extremes[0] = value_s
    if value_s > extremes[1]:
        extremes[1] = value_s


@entry
def _tally(
    rows: Any, bits: Any, error_kinds: Any, warm_up_s: float, width_s: float,
    statuses: Any, colds: Any, counts: Any, totals: Any, extremes: Any,
    served: Any, errors: Any, ended: Any, latency: Any,
) -> None:  # fmt: skip
    """Count rows into request statistics.

    `bits` is the memory of `rows` read as integers: five per row precede its last two fields. `error_kinds`: by status,
    below zero for a request that did not fail.
    """
    last = served.shape[1] - 1
    for n in range(rows.shape[0]):
        row = rows[n]
        source, status = row.source, row.status
        late = np.uint32(row.intended_s >= warm_up_s)
        statuses[source, late, status] += 1
        c, t, e = counts[source, late], totals[source, late], extremes[source, late]
        at = min(max(int(row.intended_s / width_s), 0), last)
        kind = error_kinds[status]
        if kind >= 0:
            _count(c[FAILURE_LATENCY], t[FAILURE_LATENCY], e[FAILURE_LATENCY], row.latency_s, bits[n, 1])
            errors[source, kind, at] += 1
        else:
            _count(c[LATENCY], t[LATENCY], e[LATENCY], row.latency_s, bits[n, 1])
            _count(c[QUEUE], t[QUEUE], e[QUEUE], row.queue_s, bits[n, 2])
            _count(c[COLD], t[COLD], e[COLD], row.cold_s, bits[n, 3])
            _count(c[SERVICE], t[SERVICE], e[SERVICE], row.service_s, bits[n, 4])
            if row.cold_s != 0.0:
                colds[source, late] += 1
            served[source, at] += 1
            bucket = (bits[n, 1] >> _COARSE_SHIFT) - _COARSE_BASE
            latency[source, at, min(max(bucket, 0), _COARSE_LAST)] += 1
        end = int((row.intended_s + row.latency_s) / width_s)
        if end <= last:
            ended[source, end] += 1


class Accumulators:
    """Counts rows of ended requests.

    The series is updated as rows are read; `settle` writes the totals into the run's request statistics. `readers` get
    every row, as chunks. `watcher` counts the rows of the last seconds, once a live view has asked for them.
    """

    def __init__(
        self,
        sources: int,
        stats_by_source: StatsBySource,
        series: RequestSeries,
        readers: list[Callable[[Chunk], None]],
        watcher: Callable[[Chunk], None],
    ) -> None:
        self.rows = 0
        self._stats_by_source = stats_by_source
        self._series = series
        self._readers = readers
        self._watcher = watcher
        self._kept: deque[Chunk] | None = None
        shape = (sources, 2)
        self._statuses = np.zeros((*shape, STATUS_MAX + 1), np.int64)
        self._colds = np.zeros(shape, np.int64)
        self._counts = np.zeros((*shape, len(HISTOGRAMS), FINE.count + 1), np.int64)
        self._totals_ns = np.zeros((*shape, len(HISTOGRAMS), 1), np.int64)
        self._extremes = np.zeros((*shape, len(HISTOGRAMS), 2))
        self._extremes[..., 0] = np.inf

    def read(self, rows: Any) -> None:
        """Count `rows`. The caller may overwrite the array afterwards."""
        if not len(rows):
            return
        self.rows += len(rows)
        bits = rows.view(np.int64).reshape(len(rows), -1)
        series = self._series
        _tally(
            rows, bits, KIND_OF_STATUS, float(self._stats_by_source.warm_up_s), float(series.width_s),
            self._statuses, self._colds, self._counts, self._totals_ns, self._extremes,
            *series.columns,
        )  # fmt: skip
        if self._kept is not None:
            self._keep(_outcomes(rows))
        if self._readers:
            chunk = _chunk(rows)
            for read in self._readers:
                read(chunk)

    def watch(self) -> None:
        """Pass the rows since the last call, at most LATELY_S seconds old, to the watcher.

        The first call starts the recording.
        """
        if self._kept:
            self._watcher(_joined(self._kept))
        self._kept = deque()

    def _keep(self, ended: Chunk) -> None:
        assert self._kept is not None, "recording has started"
        self._kept.append(ended)
        while _end_s(ended) - _end_s(self._kept[0]) > LATELY_S:
            self._kept.popleft()
        if sum(map(len, self._kept)) > KEPT_ROWS_MAX:
            self.watch()

    def settle(self) -> None:
        """Write the totals into the request statistics. Call once, after the last row."""
        for source in range(len(self._colds)):
            for late, stats in enumerate(self._stats_by_source.of(source)):
                self._settle(stats, source, late)

    def _settle(self, stats: RequestStats, source: int, late: int) -> None:
        statuses = self._statuses[source, late]
        stats.statuses.update({int(status): int(statuses[status]) for status in np.flatnonzero(statuses)})
        stats.cold_starts += int(self._colds[source, late])
        for number, name in enumerate(HISTOGRAMS):
            counts, nothing = self._counts[source, late, number, :NOTHING], self._counts[source, late, number, NOTHING]
            lowest, highest = self._extremes[source, late, number].tolist()
            total_ns = int(self._totals_ns[source, late, number, 0])
            _add(getattr(stats, name), counts, int(nothing), lowest, highest, total_ns)
        # In virtual time requests are sent on schedule and there is no network, so these delays are 0.
        _add(stats.late, 0, int(statuses.sum()), math.inf, 0.0, 0)
        _add(stats.client, 0, stats.latency.count, math.inf, 0.0, 0)


def _end_s(ended: Chunk) -> float:
    return float(ended.intended_s[-1] + ended.latency_s[-1])


def _add(histogram: Histogram, counts: Any, nothing: int, lowest_s: float, highest_s: float, total_ns: int) -> None:
    """Add `counts` (values above zero, between the two extremes) and `nothing` zeros to a histogram."""
    count = int(np.sum(counts)) + nothing
    if not count:
        return
    histogram.counts += counts
    histogram.counts[0] += nothing
    histogram.count += count
    histogram.total_ns += total_ns
    histogram.min_s = min(histogram.min_s, 0.0 if nothing else lowest_s)
    histogram.max_s = max(histogram.max_s, highest_s)


def _outcomes(rows: Any) -> Chunk:
    """Copy time, latency and status of each request from `rows`.

    The other columns are read-only views of a single zero.
    """
    nothing, none = np.broadcast_to(0.0, len(rows)), np.broadcast_to(np.int64(0), len(rows))
    return Chunk(
        source=none,
        intended_s=np.ascontiguousarray(rows["intended_s"]),
        latency_s=np.ascontiguousarray(rows["latency_s"]),
        queue_s=nothing,
        cold_s=nothing,
        service_s=nothing,
        status=rows["status"].astype(np.int64),
        instance=none,
        late_s=nothing,
        rule=none,
    )


def _joined(chunks: Sequence[Chunk]) -> Chunk:
    """Concatenate chunks of `_outcomes`."""
    count = sum(map(len, chunks))

    def column(name: str) -> Any:
        return np.concatenate([getattr(chunk, name) for chunk in chunks])

    nothing, none = np.broadcast_to(0.0, count), np.broadcast_to(np.int64(0), count)
    times = column("intended_s"), column("latency_s"), nothing, nothing, nothing
    return Chunk(none, *times, column("status"), none, nothing, none)


def _chunk(rows: Any) -> Chunk:
    def column(name: str) -> Any:
        return np.ascontiguousarray(rows[name])

    return Chunk(
        source=column("source").astype(np.int64),
        intended_s=column("intended_s"),
        latency_s=column("latency_s"),
        queue_s=column("queue_s"),
        cold_s=column("cold_s"),
        service_s=column("service_s"),
        status=column("status").astype(np.int64),
        instance=column("instance"),
        late_s=np.zeros(len(rows)),
        rule=np.zeros(len(rows), dtype=np.int64),
    )
