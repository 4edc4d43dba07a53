"""The points of a run as a file: the answer of `aws cloudwatch get-metric-data` for every metric of its services.

A metric has the statistics that App Runner's users read of it. Percentiles are those of the points' values (smallest
value for which the share of values up to it is reached); points with a statistic set have none.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

import numpy as np

from simulator.telemetry.cloudwatch.points import MetricPoint

# Statistics of each metric; CloudWatch computes the same from its points.
_STATISTICS: Final[Mapping[str, tuple[str, ...]]] = {
    "Requests": ("Sum",),
    "2xxStatusResponses": ("Sum",),
    "4xxStatusResponses": ("Sum",),
    "5xxStatusResponses": ("Sum",),
    "RequestLatency": ("Average", "p50", "p90", "p95", "p99", "Maximum"),
    "Concurrency": ("Average", "Maximum"),
    "ActiveInstances": ("Average", "Maximum"),
    "CPUUtilization": ("Average", "Maximum"),
    "MemoryUtilization": ("Average", "Maximum"),
}
# Dimensions of a service; a point with others is of one of its instances.
_OF_SERVICE: Final = frozenset({"ServiceName", "ServiceID"})


class _Key(NamedTuple):
    service: str
    metric: str


class _Values(NamedTuple):
    """The values of a minute with their counts; or a statistic set, which has no values."""

    pairs: list[tuple[float, float]]
    sets: list[Mapping[str, float]]


def metric_data(points: Iterable[MetricPoint]) -> dict[str, Any]:
    """Return the answer: one result for each statistic of each metric, with the times of all its minutes.

    Its label is the metric and the statistic, after the name of the service if there are several.
    """
    found: dict[_Key, dict[str, _Values]] = defaultdict(dict)
    for point in points:
        datum = point.datum
        dimensions = {each["Name"]: each["Value"] for each in datum["Dimensions"]}
        if dimensions.keys() > _OF_SERVICE:
            continue
        minute = datum["Timestamp"].isoformat()
        values = found[_Key(dimensions["ServiceName"], datum["MetricName"])].setdefault(minute, _Values([], []))
        _add(values, datum)
    services = sorted({key.service for key in found})
    results = [
        _result(f"m{number}", f"{key.service} {label}" if len(services) > 1 else label, statistic, minutes)
        for number, (key, statistic, minutes) in enumerate(_all(found), 1)
        for label in (f"{key.metric} {statistic}",)
    ]
    return {"MetricDataResults": results, "Messages": []}


def _all(found: Mapping[_Key, Mapping[str, _Values]]) -> Iterator[tuple[_Key, str, Mapping[str, _Values]]]:
    for key, minutes in found.items():
        for statistic in _STATISTICS.get(key.metric, ()):
            yield key, statistic, minutes


def _add(values: _Values, datum: Mapping[str, Any]) -> None:
    if "StatisticValues" in datum:
        values.sets.append(datum["StatisticValues"])
    elif "Values" in datum:
        values.pairs.extend(zip(datum["Values"], datum["Counts"], strict=True))
    else:
        values.pairs.append((datum["Value"], 1.0))


def _result(name: str, label: str, statistic: str, minutes: Mapping[str, _Values]) -> dict[str, Any]:
    times = sorted(minutes)
    values = [_statistic(statistic, minutes[time]) for time in times]
    return {"Id": name, "Label": label, "Timestamps": times, "Values": values, "StatusCode": "Complete"}


def _statistic(name: str, values: _Values) -> float:
    if values.sets:
        return _of_set(name, values.sets)
    numbers, counts = (np.array(each, dtype=np.float64) for each in zip(*sorted(values.pairs), strict=True))
    match name:
        case "Sum":
            return float((numbers * counts).sum())
        case "Average":
            return float((numbers * counts).sum() / counts.sum())
        case "Maximum":
            return float(numbers[-1])
        case _:
            reached = np.cumsum(counts)
            share = float(name.removeprefix("p")) / 100
            return float(numbers[np.searchsorted(reached, share * reached[-1] - 1e-9)])


def _of_set(name: str, sets: list[Mapping[str, float]]) -> float:
    match name:
        case "Maximum":
            return max(each["Maximum"] for each in sets)
        case "Average":
            return sum(each["Sum"] for each in sets) / sum(each["SampleCount"] for each in sets)
        case _:
            return sum(each["Sum"] for each in sets)
