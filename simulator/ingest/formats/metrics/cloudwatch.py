"""Requests per period from CloudWatch: answers of `aws cloudwatch` as JSON, and CSV of the console's graphs.

Formats: CloudWatch API reference, GetMetricData and GetMetricStatistics; the console's "Download as .csv". The series
of App Runner are Requests (sum) and RequestLatency (percentiles, in milliseconds).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from simulator.ingest.blocks import Block, Counts, Percentiles, Reading, bins_between
from simulator.ingest.format import Format
from simulator.ingest.formats.metrics.metric_series import MetricSeries, is_metric_csv, is_metric_json, metric_series
from simulator.ingest.input_file import InputFile

_REQUESTS: Final = "requests"
_LATENCY: Final = "latency"
_PERIOD_S: Final = 60.0  # CloudWatch's standard period, for a series of one point
_COUNTS: Final = frozenset({"", "Sum", "SampleCount"})  # statistics that count requests
_LEVELS: Final = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99}


def _series_blocks(file: InputFile, reading: Reading) -> Iterator[Block]:
    return _blocks(file, reading, metric_series(file))


def _blocks(file: InputFile, reading: Reading, series: Sequence[MetricSeries]) -> Iterator[Block]:
    """Yield the counts of requests and the percentiles of the latency; other series are not read."""
    used = [each for each in series if each.points]
    counted = [each for each in used if _REQUESTS in each.label.lower() and each.statistic in _COUNTS]
    sums = [each for each in counted if each.statistic == "Sum"]
    counted = sums or counted
    if not counted and len(used) == 1 and _LATENCY not in used[0].label.lower() and used[0].statistic in _COUNTS:
        counted = used
    if not counted:
        labels = ", ".join(each.title for each in series) or "no series"
        raise file.problem(1, "series", labels, "at least one with Requests in its label, as a sum per period")
    for each in counted:
        number = reading.functions.number(each.label)
        points = sorted(each.points)
        width_s = min((b[0] - a[0] for a, b in itertools.pairwise(points)), default=_PERIOD_S)
        if width_s <= 0:
            raise file.problem(1, each.label, "two values of one time", "one value for each period")
        bins_between(points[0][0], points[-1][0], width_s)
        places = np.rint([(time_s - points[0][0]) / width_s for time_s, _ in points]).astype(np.int64)
        counts = np.bincount(places, weights=[value for _, value in points]).astype(np.float64)
        yield Counts(number, points[0][0], width_s, counts)
        yield from _percentiles(number, used)


def _percentiles(number: int, series: Sequence[MetricSeries]) -> Iterator[Percentiles]:
    """Yield the median over time of each percentile of the latency."""
    found = sorted(
        (share, float(np.median([value for _, value in each.points])) / 1000)
        for each in series
        for level, share in _LEVELS.items()
        if _LATENCY in each.label.lower() and each.statistic == level
    )
    if found:
        shares, seconds = zip(*found, strict=True)
        yield Percentiles(number, shares, seconds)


_KEPT: Final = (
    "the sum of requests of each period; series with Requests in their label are functions",
    "percentiles of RequestLatency, as the median over all periods",
)
_GUESSED: Final = ("a latency of CloudWatch includes queueing and cold starts, so the service time may be shorter",)
_DROPPED: Final = ("all other series, and how the latency changes over time",)

CLOUDWATCH_JSON: Final = Format(
    "cloudwatch-json",
    "CloudWatch metrics (`aws cloudwatch get-metric-data`, `get-metric-statistics`)",
    is_metric_json,
    _series_blocks,
    kept=_KEPT,
    guessed=_GUESSED,
    dropped=_DROPPED,
)
CLOUDWATCH_CSV: Final = Format(
    "cloudwatch-csv",
    "CloudWatch graph, downloaded as CSV from the console",
    is_metric_csv,
    _series_blocks,
    kept=_KEPT,
    guessed=_GUESSED,
    dropped=_DROPPED,
)
