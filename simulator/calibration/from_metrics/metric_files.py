"""Reads the metrics of a service, minute by minute, from files of CloudWatch; several files may each have some."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from simulator.ingest.formats.metrics.metric_series import (
    MetricSeries,
    is_metric_csv,
    is_metric_json,
    metric_series,
)
from simulator.ingest.input_file import InputFile
from simulator.lab.minutes.service_minutes import MINUTE_S, Floats, ServiceMinutes

# CloudWatch keeps minutes for 15 days; a longer recording has a wrong date.
_MINUTES_MAX: Final = 60_000
_GAPS_MIN: Final = 2  # distances between points that tell a longer period from minutes without requests


class _Column(NamedTuple):
    """A column of minutes: the metric, its statistics (an empty one: the label names none), and its unit."""

    name: str
    metric: str
    statistics: tuple[str, ...]
    unit: float
    is_needed: bool = False


_COLUMNS: Final = (
    _Column("requests", "Requests", ("Sum", ""), 1.0, is_needed=True),
    _Column("latency_mean_s", "RequestLatency", ("Average", ""), 1e-3),
    _Column("latency_p50_s", "RequestLatency", ("p50",), 1e-3, is_needed=True),
    _Column("latency_p95_s", "RequestLatency", ("p95",), 1e-3, is_needed=True),
    _Column("latency_p99_s", "RequestLatency", ("p99",), 1e-3),
    _Column("cpu", "CPUUtilization", ("Average", ""), 1e-2, is_needed=True),
    _Column("memory", "MemoryUtilization", ("Average", ""), 1e-2),
    _Column("active", "ActiveInstances", ("Average", ""), 1.0),
    _Column("concurrency", "Concurrency", ("Average", ""), 1.0),
    _Column("server_errors", "5xxStatusResponses", ("Sum", ""), 1.0),
)
_OTHER_METRICS: Final = ("2xxStatusResponses", "4xxStatusResponses")
_METRICS: Final = (*_OTHER_METRICS, *dict.fromkeys(each.metric for each in _COLUMNS))


def is_metric_file(file: InputFile) -> bool:
    """Return True if the file has metrics of CloudWatch."""
    return is_metric_json(file) or is_metric_csv(file)


def read_metrics(files: Sequence[InputFile]) -> ServiceMinutes:
    """Read the metrics of one service. A minute that a file does not have is unknown; its requests are then 0.

    Raises:
        ScenarioError: if a file cannot be read, or the files lack a metric, have one twice, or other periods.
    """
    found: dict[str, tuple[InputFile, MetricSeries]] = {}
    labels: list[str] = []
    for file in files:
        with file.read_as("metrics of CloudWatch"):
            for series in metric_series(file):
                labels.append(series.title)
                column = _column_of(series)
                if column is None or not series.points:
                    continue
                if column.name in found:
                    known = found[column.name][1].label
                    wanted = "one series of each metric: choose one service, and the metrics without an instance"
                    raise file.problem(1, "series", f"{known} and {series.label}", wanted)
                found[column.name] = (file, series)
    _check_complete(files[0], found, labels)
    times_s = [time_s for _, series in found.values() for time_s, _ in series.points]
    start_s = min(times_s) // MINUTE_S * MINUTE_S
    length = int((max(times_s) - start_s) // MINUTE_S) + 1
    if length > _MINUTES_MAX:
        raise files[0].problem(1, "times", f"{length} minutes", f"at most {_MINUTES_MAX}: one has a wrong date")
    columns = {
        column.name: _values(*found[column.name], start_s, length) * column.unit
        for column in _COLUMNS
        if column.name in found
    }
    return ServiceMinutes.of(start_s, length, **columns | {"requests": np.nan_to_num(columns["requests"])})


def _column_of(series: MetricSeries) -> _Column | None:
    """Return the column of a series; None for other metrics and statistics, and for those of an instance."""
    text = f"{series.label} {series.name}".lower().replace(" ", "").replace("_", "")
    if "instance" in text.replace("activeinstances", ""):
        return None
    metric = next((each for each in _METRICS if each.lower() in text), None)
    return next((each for each in _COLUMNS if each.metric == metric and series.statistic in each.statistics), None)


def _check_complete(file: InputFile, found: dict[str, tuple[InputFile, MetricSeries]], labels: Sequence[str]) -> None:
    missing = [each for each in _COLUMNS if each.is_needed and each.name not in found]
    if missing:
        wanted = ", ".join(f"{each.metric} ({each.statistics[0]})" for each in missing)
        have = ", ".join(labels) or "no series"
        raise file.problem(1, "series", have, f"with {wanted} too: without, the work of a request is unknown")


def _values(file: InputFile, series: MetricSeries, start_s: float, length: int) -> Floats:
    times_s = np.array([time_s for time_s, _ in series.points])
    distances = np.diff(np.sort(times_s))
    places = ((times_s - start_s) // MINUTE_S).astype(np.int64)
    if len(np.unique(places)) < len(places):
        found = f"several values of the same minute, {distances.min():g} s apart"
        raise file.problem(1, series.title, found, "one value for each minute: `--period 60`")
    if len(distances) >= _GAPS_MIN and distances.min() > MINUTE_S:
        found = f"one value in {distances.min():g} s"
        raise file.problem(
            1, series.title, found, "one value a minute: `--period 60`; longer means hide how load varies"
        )
    values = np.full(length, np.nan)
    values[places] = [value for _, value in series.points]
    return values
