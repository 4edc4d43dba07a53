"""The series of a CloudWatch file: every metric and statistic with its points.

Formats: CloudWatch API reference, GetMetricData and GetMetricStatistics; the console's "Download as .csv".
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import numpy as np

from simulator.ingest.formats.instant import instant
from simulator.ingest.formats.json_document import document, items, starts_with
from simulator.ingest.input_file import InputFile

_LABELS: Final = "Full label"
_EXTENDED: Final = "ExtendedStatistics"
STATISTICS: Final = ("Sum", "Average", "Maximum", "Minimum", "SampleCount")
# Statistics in labels and ids: `RequestLatency p95`, `latency_p95`, `Requests Sum`, `cpuAverage`, `avg`.
_WORDS: Final = {
    "Sum": "Sum",
    "Average": "Average",
    "avg": "Average",
    "Maximum": "Maximum",
    "max": "Maximum",
    "Minimum": "Minimum",
    "min": "Minimum",
    "SampleCount": "SampleCount",
}
_PERCENTILE: Final = re.compile(r"(?<![a-z0-9])p ?(\d{1,2}(?:[._]\d+)?)(?![0-9])|(?<=[a-z])P(\d{1,2})(?![0-9])")


class MetricSeries(NamedTuple):
    """A metric: its label, its id in the query (empty if it has none), and its points (seconds since 1970, value).

    `statistic`: one of `STATISTICS` or a percentile such as `p95`, if the file or the label says it; else empty.
    """

    label: str
    points: list[tuple[float, float]]
    statistic: str = ""
    name: str = ""

    @property
    def title(self) -> str:
        """The label, with the statistic if the label does not name it."""
        is_named = self.statistic.lower() in self.label.lower()
        return self.label if is_named else f"{self.label} {self.statistic}"


def is_metric_json(file: InputFile) -> bool:
    """Return True if the file is an answer of `aws cloudwatch get-metric-data` or `get-metric-statistics`."""
    return starts_with(file, "MetricDataResults", "Datapoints")


def is_metric_csv(file: InputFile) -> bool:
    """Return True if the file is a graph that was downloaded from the console."""
    return file.first_lines[0].strip('"').startswith(_LABELS)


def metric_series(file: InputFile) -> list[MetricSeries]:
    """Return the series of a file in either form, in its order.

    Raises:
        ScenarioError: for a time or a value that cannot be read.
    """
    return _of_csv(file) if is_metric_csv(file) else _of_json(file)


def _of_json(file: InputFile) -> list[MetricSeries]:
    answer = document(file)
    series: list[MetricSeries] = []
    for each in items(answer, "MetricDataResults"):
        label, name = str(each.get("Label") or each.get("Id")), str(each.get("Id") or "")
        pairs = _pairs(file, each.get("Timestamps"), each.get("Values"))
        series.append(MetricSeries(label, pairs, _statistic_in(label) or _statistic_in(name), name))
    points = items(answer, "Datapoints")
    times = [each.get("Timestamp") for each in points]
    for statistic in STATISTICS:
        if points and statistic in points[0]:
            values = [each.get(statistic) for each in points]
            series.append(MetricSeries(str(answer.get("Label")), _pairs(file, times, values), statistic))
    for percentile in points[0].get(_EXTENDED) or () if points else ():
        values = [each.get(_EXTENDED, {}).get(percentile) for each in points]
        series.append(MetricSeries(str(answer.get("Label")), _pairs(file, times, values), str(percentile)))
    return series


def _pairs(file: InputFile, times: Any, values: Any) -> list[tuple[float, float]]:
    if not isinstance(times, list) or not isinstance(values, list) or len(times) != len(values):
        raise file.problem(1, "Timestamps", "not as many as values", "one for each value")
    return [(instant(file, 1, time), _value(file, 1, value)) for time, value in zip(times, values, strict=True)]


def _of_csv(file: InputFile) -> list[MetricSeries]:
    rows = csv.reader(_lines(file))
    labels = next(rows)[1:]
    series = [MetricSeries(label, [], _statistic_in(label)) for label in labels]
    for row in rows:
        if len(row) == len(labels) + 1 and row[0][:4].isdigit():
            time_s = instant(file, rows.line_num, row[0].replace("/", "-"))
            for each, text in zip(series, row[1:], strict=True):
                if text.strip():
                    each.points.append((time_s, _value(file, rows.line_num, text)))
        elif row and row[0].strip() == "Statistic" and len(row) == len(labels) + 1:
            series = [each._replace(statistic=text.strip()) for each, text in zip(series, row[1:], strict=True)]
    return series


def _lines(file: InputFile) -> Iterator[str]:
    return (line.decode("utf-8-sig") for _, block in file.lines() for line in block)


def _statistic_in(text: str) -> str:
    """Return the statistic that a label or an id names; empty if it names none."""
    percentile = _PERCENTILE.search(text) or _PERCENTILE.search(text.lower())
    if percentile:
        return f"p{(percentile[1] or percentile[2]).replace('_', '.')}"
    words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", text.replace("SampleCount", "Samplecount"))
    known = {word.lower(): statistic for word, statistic in _WORDS.items()}
    return next((known[word.lower()] for word in reversed(words) if word.lower() in known), "")


def _value(file: InputFile, line: int, value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = -1.0
    if isinstance(value, bool) or not 0 <= number < np.inf:
        raise file.problem(line, "value", repr(value), "a number, at least 0")
    return number
