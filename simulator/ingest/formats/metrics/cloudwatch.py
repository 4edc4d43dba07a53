"""Requests per period from CloudWatch: answers of `aws cloudwatch` as JSON, and CSV of the console's graphs.

Formats: CloudWatch API reference, GetMetricData and GetMetricStatistics; the console's "Download as .csv". The series
of App Runner are Requests (sum) and RequestLatency (percentiles, in milliseconds).
"""

from __future__ import annotations

import csv
import itertools
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from simulator.ingest.blocks import Block, Counts, Percentiles, Reading
from simulator.ingest.format import Format
from simulator.ingest.formats.instant import instant
from simulator.ingest.formats.json_document import document, items, starts_with
from simulator.ingest.input_file import InputFile

_REQUESTS: Final = "requests"
_LATENCY: Final = "latency"
_PERIOD_S: Final = 60.0  # CloudWatch's standard period, for a series of one point
_LABELS: Final = "Full label"
_LEVELS: Final = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99}


class MetricSeries(NamedTuple):
    """A metric: its label, and its points (seconds since 1970, value)."""

    label: str
    points: list[tuple[float, float]]


def _is_json(file: InputFile) -> bool:
    return starts_with(file, "MetricDataResults", "Datapoints")


def _json_blocks(file: InputFile, reading: Reading) -> Iterator[Block]:
    answer = document(file)
    series = [
        MetricSeries(str(each.get("Label") or each.get("Id")), _pairs(file, each.get("Timestamps"), each.get("Values")))
        for each in items(answer, "MetricDataResults")
    ]
    points = items(answer, "Datapoints")
    if points:
        value = next((name for name in ("Sum", "SampleCount") if name in points[0]), "")
        if not value:
            raise file.problem(1, "Datapoints", ", ".join(points[0]), "points with Sum: `--statistics Sum`")
        times = [each.get("Timestamp") for each in points]
        series.append(MetricSeries(str(answer.get("Label")), _pairs(file, times, [each.get(value) for each in points])))
    return _blocks(file, reading, series)


def _pairs(file: InputFile, times: Any, values: Any) -> list[tuple[float, float]]:
    if not isinstance(times, list) or not isinstance(values, list) or len(times) != len(values):
        raise file.problem(1, "Timestamps", "not as many as values", "one for each value")
    return [(instant(file, 1, time), _value(file, 1, value)) for time, value in zip(times, values, strict=True)]


def _is_console(file: InputFile) -> bool:
    return file.first_lines[0].strip('"').startswith(_LABELS)


def _console_blocks(file: InputFile, reading: Reading) -> Iterator[Block]:
    lines = (line.decode("utf-8-sig") for _, block in file.lines() for line in block)
    rows = csv.reader(lines)
    labels = next(rows)[1:]
    series = [MetricSeries(label, []) for label in labels]
    for row in rows:
        if len(row) == len(labels) + 1 and row[0][:4].isdigit():
            time_s = instant(file, rows.line_num, row[0].replace("/", "-"))
            for each, text in zip(series, row[1:], strict=True):
                if text.strip():
                    each.points.append((time_s, _value(file, rows.line_num, text)))
    return _blocks(file, reading, series)


def _value(file: InputFile, line: int, value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = -1.0
    if isinstance(value, bool) or not 0 <= number < np.inf:
        raise file.problem(line, "value", repr(value), "a number, at least 0")
    return number


def _blocks(file: InputFile, reading: Reading, series: Sequence[MetricSeries]) -> Iterator[Block]:
    """Yield the counts of requests and the percentiles of the latency; other series are not read."""
    used = [each for each in series if each.points]
    counted = [each for each in used if _REQUESTS in each.label.lower()]
    if not counted and len(used) == 1 and _LATENCY not in used[0].label.lower():
        counted = used
    if not counted:
        labels = ", ".join(each.label for each in series) or "no series"
        raise file.problem(1, "series", labels, "at least one with Requests in its label, as a sum per period")
    for each in counted:
        number = reading.functions.number(each.label)
        points = sorted(each.points)
        width_s = min((b[0] - a[0] for a, b in itertools.pairwise(points)), default=_PERIOD_S)
        if width_s <= 0:
            raise file.problem(1, each.label, "two values of one time", "one value for each period")
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
        if _LATENCY in each.label.lower() and level in each.label.lower().replace(" ", "")
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
    _is_json,
    _json_blocks,
    kept=_KEPT,
    guessed=_GUESSED,
    dropped=_DROPPED,
)
CLOUDWATCH_CSV: Final = Format(
    "cloudwatch-csv",
    "CloudWatch graph, downloaded as CSV from the console",
    _is_console,
    _console_blocks,
    kept=_KEPT,
    guessed=_GUESSED,
    dropped=_DROPPED,
)
