"""The parts of the report about requests: counts, latency and its parts, and the series over time."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simulator.records.histogram import Histogram
from simulator.records.instance_time import InstanceTime, StepFunction
from simulator.records.request_stats import RequestStats
from simulator.records.series import RequestSeries
from simulator.report.schema import CountsPart, LatencyPart, RequestsPart, SeriesPart, SharePart


def requests_part(measured: RequestStats, whole: RequestStats, span_s: float) -> RequestsPart:
    """Return the figures of requests.

    `measured` covers the time after the warm-up, which has `span_s` seconds; `whole` includes the warm-up.
    """
    counts = counts_part(measured)
    return RequestsPart(
        **dict(counts),
        rejected_ratio=_ratio(measured.rejected, measured.requests),
        error_rate=_ratio(measured.failures, measured.requests),
        served_rps=_ratio(measured.served, span_s),
        latency=latency_part(measured.latency),
        error_latency=latency_part(measured.error_latency),
        queue=share_part(measured.queue),
        cold=share_part(measured.cold),
        service=share_part(measured.service),
        client=share_part(measured.client),
        cold_starts=measured.cold_starts,
        cold_start_ratio=_ratio(measured.cold_starts, measured.served),
        whole_run=counts_part(whole),
    )


def counts_part(stats: RequestStats) -> CountsPart:
    return CountsPart(
        requests=stats.requests,
        served=stats.served,
        rejected=stats.rejected,
        failed=stats.failures - stats.rejected,
        blocked=stats.blocked.total(),
        by_status={str(status): stats.statuses[status] for status in sorted(stats.statuses)},
    )


def latency_part(histogram: Histogram) -> LatencyPart:
    p50, p75, p90, p95, p99, p999, p9999 = histogram.quantiles((0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 0.9999))
    return LatencyPart(
        count=histogram.count,
        mean_s=histogram.mean_s,
        p50_s=p50,
        p75_s=p75,
        p90_s=p90,
        p95_s=p95,
        p99_s=p99,
        p999_s=p999,
        p9999_s=p9999,
        max_s=histogram.max_s if histogram.count else None,
    )


def share_part(histogram: Histogram) -> SharePart:
    p50, p95, p99 = histogram.quantiles((0.5, 0.95, 0.99))
    return SharePart(mean_s=histogram.mean_s, p50_s=p50, p95_s=p95, p99_s=p99)


def series_part(
    series: RequestSeries, sources: Sequence[int], desired: StepFunction, times: InstanceTime, ended_s: float
) -> SeriesPart:
    """Return bins up to `ended_s` (> 0), wide enough to be meaningful. Bins that the run did not reach are omitted."""
    requests = series.binned(sources, series.telling_width_s(sources, ended_s))
    bins = min(len(requests.offered), max(1, math.ceil(ended_s / requests.width_s - 1e-9)))
    edges_s = np.minimum(np.arange(bins + 1) * requests.width_s, ended_s)
    # A run may end a little after its last bin, when the last requests in progress have ended.
    edges_s[-1] = ended_s
    return SeriesPart(
        width_s=requests.width_s,
        offered=requests.offered[:bins].tolist(),
        served=requests.served[:bins].tolist(),
        rejected=requests.rejected[:bins].tolist(),
        failed=requests.failed[:bins].tolist(),
        blocked=requests.blocked[:bins].tolist(),
        ended=requests.ended[:bins].tolist(),
        p50_s=_nullable(requests.p50_s[:bins]),
        p95_s=_nullable(requests.p95_s[:bins]),
        p99_s=_nullable(requests.p99_s[:bins]),
        desired=desired.means(edges_s).tolist(),
        provisioned=times.provisioned.means(edges_s).tolist(),
        ready=times.ready.means(edges_s).tolist(),
        active=times.active.means(edges_s).tolist(),
    )


def _nullable(column: NDArray[np.float64]) -> list[float | None]:
    return [None if math.isnan(value) else value for value in column.tolist()]


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole > 0 else None
