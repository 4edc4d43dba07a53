"""Figures of a service for consecutive minutes, with the names and meanings of App Runner's metrics (facts 11.2)."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MINUTE_S: Final = 60.0
LATENCIES: Final = ("latency_mean_s", "latency_p50_s", "latency_p95_s", "latency_p99_s")


@dataclass(frozen=True, slots=True, eq=False)
class ServiceMinutes:
    """Columns with one value for each minute; NaN if it is not known. `start_s`: seconds since 1970 of the first.

    `requests` arrived; latencies are times at an instance; `cpu` and `memory` are mean utilizations of the instances,
    from 0 to 1; `active` is the mean number of instances that had a request in a second; `concurrency` the mean number
    of requests in progress; `server_errors` responses with 5xx.
    """

    start_s: float
    requests: Floats
    latency_mean_s: Floats
    latency_p50_s: Floats
    latency_p95_s: Floats
    latency_p99_s: Floats
    cpu: Floats
    memory: Floats
    active: Floats
    concurrency: Floats
    server_errors: Floats

    def __len__(self) -> int:
        return len(self.requests)

    @classmethod
    def of(cls, start_s: float, length: int, **columns: Floats) -> ServiceMinutes:
        """Create minutes of the given columns; the others are unknown."""
        names = [each.name for each in fields(cls) if each.name != "start_s"]
        return cls(start_s, **{name: columns.get(name, np.full(length, np.nan)) for name in names})

    def column(self, name: str) -> Floats:
        """Return the column with this name."""
        found: Floats = getattr(self, name)
        return found
