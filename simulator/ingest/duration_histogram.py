"""The durations of requests as a histogram with buckets of 1 %, so that memory does not grow with the recording."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from simulator.ingest.blocks import Floats, Integers, Percentiles

_GROWTH: Final = 1.01
_SHORTEST_S: Final = 1e-6
_BUCKETS: Final = math.ceil(math.log(1e6 / _SHORTEST_S) / math.log(_GROWTH)) + 1  # to 11 days


class DurationHistogram:
    """Counts durations, and returns their quantiles with a relative error of at most 0.5 %."""

    def __init__(self) -> None:
        self._counts: Integers = np.zeros(_BUCKETS, dtype=np.int64)
        self._given: list[Percentiles] = []

    def add(self, seconds: Floats) -> None:
        """Add durations; those below a microsecond count as one, and NaN as none."""
        seconds = seconds[~np.isnan(seconds)]
        places = np.log(np.maximum(seconds, _SHORTEST_S) / _SHORTEST_S) / math.log(_GROWTH)
        self._counts += np.bincount(np.minimum(places.astype(np.int64), _BUCKETS - 1), minlength=_BUCKETS)

    def add_percentiles(self, percentiles: Percentiles) -> None:
        """Add the percentiles of one file; those of several files have the same weight."""
        self._given.append(percentiles)

    def merge(self, other: DurationHistogram) -> None:
        """Add the durations of another histogram."""
        self._counts += other._counts
        self._given += other._given

    @property
    def count(self) -> int:
        """The number of durations that were added one by one."""
        return int(self._counts.sum())

    @property
    def are_known(self) -> bool:
        return bool(self._given) or bool(self._counts.any())

    def quantiles(self, shares: Floats) -> Floats:
        """Return the durations in seconds at these shares, from 0 to 1."""
        if self._given:
            found = [np.interp(shares, each.shares, each.seconds) for each in self._given]
            return np.asarray(np.mean(found, axis=0), dtype=np.float64)
        places = np.searchsorted(np.cumsum(self._counts), np.maximum(shares * self._counts.sum(), 0.5))
        return np.asarray(_SHORTEST_S * _GROWTH ** (places + 0.5), dtype=np.float64)
