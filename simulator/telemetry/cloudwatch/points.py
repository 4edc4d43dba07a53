"""Data points within the limits of PutMetricData. No I/O.

Limits (CloudWatch API reference, PutMetricData): 1,000 metrics per request, 150 values per metric, 1 MB per request.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from simulator.telemetry.cloudwatch.platform_view import ServiceIdentity

METRICS_MAX: Final = 1000
VALUES_MAX: Final = 150
REQUEST_BYTES_MAX: Final = 1_000_000

# Upper bound of a point's size in the most verbose wire format of the API (AWS query: every name in full, for each
# value).
_POINT_BYTES: Final = 900
_VALUE_BYTES: Final = 130


@dataclass(frozen=True, slots=True)
class MetricPoint:
    """One metric datum. It may be sent from `due_s` on (seconds since 1970)."""

    region: str
    due_s: float
    datum: dict[str, Any]

    @property
    def size_bytes(self) -> int:
        """Upper bound of the size in a request."""
        return _POINT_BYTES + _VALUE_BYTES * len(self.datum.get("Values", ()))


class Series:
    """Makes the points of one service for the minute that begins at `begin_s`."""

    def __init__(self, identity: ServiceIdentity, begin_s: float, due_s: float) -> None:
        self._region = identity.region
        self._dimensions = [
            {"Name": "ServiceName", "Value": identity.name},
            {"Name": "ServiceID", "Value": identity.service_id},
        ]
        self._at = datetime.fromtimestamp(begin_s, UTC)
        self._due_s = due_s

    def value(self, name: str, unit: str, value: float) -> MetricPoint:
        return self._point(name, unit, {"Value": float(value)})

    def values(self, name: str, unit: str, values: Iterable[tuple[float, int]]) -> Iterator[MetricPoint]:
        """Convert (value, count) pairs to points, as many as the limit requires.

        CloudWatch adds up points of the same minute.
        """
        pairs = iter(values)
        while part := list(itertools.islice(pairs, VALUES_MAX)):
            given = {"Values": [value for value, _ in part], "Counts": [float(count) for _, count in part]}
            yield self._point(name, unit, given)

    def statistics(self, name: str, unit: str, values: Sequence[float], **more: str) -> MetricPoint:
        """Convert `values` (at least one) to a statistic set. `more`: dimensions in addition to the service's."""
        given = {
            "SampleCount": float(len(values)),
            "Sum": float(sum(values)),
            "Minimum": float(min(values)),
            "Maximum": float(max(values)),
        }
        return self._point(name, unit, {"StatisticValues": given}, **more)

    def _point(self, name: str, unit: str, given: dict[str, Any], **more: str) -> MetricPoint:
        dimensions = [*self._dimensions, *({"Name": key, "Value": value} for key, value in more.items())]
        datum = {"MetricName": name, "Dimensions": dimensions, "Timestamp": self._at, "Unit": unit, **given}
        return MetricPoint(self._region, self._due_s, datum)
