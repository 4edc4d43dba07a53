"""Requests in flight and queued, per second, for charts. The report does not use it.

Two floats per second and service: a recorded day takes 1.4 MB, independent of its traffic.
"""

from __future__ import annotations

import math
from array import array

import numpy as np
from numpy.typing import NDArray


class ConcurrencySeries:
    """The series of one service."""

    def __init__(self) -> None:
        self._in_flight = array("d")
        self._waiting = array("d")

    def add(self, second: int, in_flight: float, waiting: float) -> None:
        """Add the means of a closed second: requests with or without a slot, and `waiting`, those without.

        Seconds must be in order; omitted seconds (before the service existed) are unknown.
        """
        for column, value in ((self._in_flight, in_flight), (self._waiting, waiting)):
            column.extend([math.nan] * (second - len(column)))
            column.append(value)

    def binned(self, width_s: float, bins: int) -> tuple[list[float | None], list[float | None]]:
        """Return (in flight, waiting): means of `bins` bins of `width_s` > 0; None for bins without a closed second.

        A bin shorter than a second has the value of the second that contains it.
        """
        return _binned(self._in_flight, width_s, bins), _binned(self._waiting, width_s, bins)


def _binned(seconds: array[float], width_s: float, bins: int) -> list[float | None]:
    values: NDArray[np.float64] = np.array(seconds, dtype=np.float64)
    if width_s < 1:
        index = (np.arange(bins) * width_s + 1e-9).astype(np.int64)
        means = np.full(bins, np.nan)
        within = index < len(values)
        means[within] = values[index[within]]
    else:
        width = round(width_s)
        whole = np.full(bins * width, np.nan)
        taken = values[: len(whole)]
        whole[: len(taken)] = taken
        rows = whole.reshape(bins, width)
        known = ~np.isnan(rows)
        counts = known.sum(axis=1)
        means = np.where(counts > 0, np.where(known, rows, 0.0).sum(axis=1) / np.maximum(counts, 1), np.nan)
    return [None if math.isnan(mean) else mean for mean in means.tolist()]
