"""The latencies of a minute in CloudWatch's form, values with counts, from which percentiles can be computed.

Latencies are counted in buckets that are 0.8 % wide (records/histogram.py); a bucket is represented by the mean of its
values. So average and sum are exact, and so are minimum and maximum, which are kept separately; percentiles are exact
to 0.8 %. With few requests every latency is exact. Statistic sets are not used, because CloudWatch computes no
percentiles from them.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from simulator.records.histogram import FINE


class Latencies:
    """The latencies of one service in one minute. Memory does not grow with the number of requests."""

    def __init__(self) -> None:
        self._counts: NDArray[np.int64] = np.zeros(FINE.count, dtype=np.int64)
        self._sums_s: NDArray[np.float64] = np.zeros(FINE.count)
        self._lowest_s = float("inf")
        self._highest_s = -1.0

    def record(self, values_s: NDArray[np.float64]) -> None:
        """Add any number of values, including none. Values below 0, which clock noise causes, count as 0."""
        if values_s.size == 0:
            return
        values_s = np.maximum(np.ascontiguousarray(values_s), 0.0)
        index = FINE.index(values_s)
        self._counts += np.bincount(index, minlength=FINE.count)
        self._sums_s += np.bincount(index, weights=values_s, minlength=FINE.count)
        self._lowest_s = min(self._lowest_s, float(values_s.min()))
        self._highest_s = max(self._highest_s, float(values_s.max()))

    def values(self) -> list[tuple[float, int]]:
        """Return (milliseconds, number of requests) in ascending order, each value once."""
        taken = np.flatnonzero(self._counts)
        if not taken.size:
            return []
        counts, sums_s = self._counts.copy(), self._sums_s.copy()
        for index, extreme_s in ((taken[0], self._lowest_s), (taken[-1], self._highest_s)):
            counts[index] -= 1
            sums_s[index] -= extreme_s
        given = Counter({_ms(self._lowest_s): 1})
        if counts.sum() >= 0:  # otherwise minimum and maximum are the same request
            given[_ms(self._highest_s)] += 1
        for index in taken[counts[taken] > 0]:
            mean_s = float(sums_s[index]) / int(counts[index])
            given[_ms(min(max(mean_s, self._lowest_s), self._highest_s))] += int(counts[index])
        return sorted(given.items())


def _ms(seconds: float) -> float:
    """Convert to milliseconds, rounded to the nanosecond, below the resolution of clocks."""
    return round(seconds * 1000.0, 6)
