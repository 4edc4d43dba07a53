"""Selects the best of a few settings, with a guarantee: the procedure KN, on common random numbers.

S.-H. Kim and B. L. Nelson, "A fully sequential procedure for indifference-zone selection in simulation", ACM TOMACS 11
(2001): settings are played day by day; one is given up as soon as its sum of differences to another leaves a triangle
whose size follows from the variance of the differences on the first days. The best setting is selected with at least
the confidence asked for if it is better than all others by the indifference; if not, one within the indifference is.
The differences of two settings are taken on the same days, so common random numbers, which make them vary less, make
the selection shorter and the guarantee stays (it needs normally distributed differences).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FIRST_DAYS: Final = 10  # of the first stage, which estimates the variances


class Triangle(NamedTuple):
    """The region in which a sum of differences may stay: `slope` and `height` of KN with the constant c = 1."""

    slope: float
    heights: Floats  # by pair

    def limit(self, days: int) -> Floats:
        """Return the limit of the mean difference after so many days, by pair."""
        limit: Floats = np.maximum(self.heights / days - self.slope, 0.0)
        return limit

    @property
    def days_max(self) -> int:
        """The number of days after which all but one setting are given up."""
        return int(self.heights.max() / self.slope) + 1


def triangle(first: Floats, indifference: float, confidence: float) -> Triangle:
    """Return the region from the first days: a row for each setting, a column for each day."""
    count, days = first.shape
    differences = first[:, None, :] - first[None, :, :]
    variances = differences.var(axis=2, ddof=1)
    eta = 0.5 * ((2 * (1 - confidence) / (count - 1)) ** (-2 / (days - 1)) - 1)
    h_squared = 2 * eta * (days - 1)
    return Triangle(indifference / 2, h_squared * variances / (2 * indifference))


def survivors(costs: Floats, region: Triangle) -> list[int]:
    """Return the rows that no other row beats by more than the limit, after as many days as there are columns."""
    means, days = costs.mean(axis=1), costs.shape[1]
    limit = region.limit(days)
    worse = means[:, None] - means[None, :] > limit
    return [row for row in range(len(means)) if not worse[row].any()]


def select(
    places: Sequence[int],
    costs_of: Callable[[Sequence[int], int], Floats],
    days_max: int,
    indifference: float,
    confidence: float,
) -> tuple[int, int, bool]:
    """Return the selected setting, the number of days played, and whether the procedure came to its end.

    `costs_of` plays settings on the first days and returns a row of what is minimised for each. `indifference` is
    relative to the smallest mean. Without an end, after `days_max` days the smallest mean is selected.
    """
    days = min(FIRST_DAYS, days_max)
    costs = costs_of(places, days)
    if len(places) == 1:
        return places[0], days, True
    delta = indifference * float(np.abs(costs.mean(axis=1)).min()) or math.ulp(1.0)
    if days < 2:
        return places[int(costs.mean(axis=1).argmin())], days, False
    region = triangle(costs, delta, confidence)
    left = list(range(len(places)))
    while True:
        kept = survivors(costs, Triangle(region.slope, region.heights[np.ix_(left, left)]))
        left = [left[row] for row in kept]
        costs = costs[kept]
        if len(left) == 1 or days >= region.days_max or days >= days_max:
            best = left[int(costs.mean(axis=1).argmin())]
            return places[best], days, len(left) == 1 or days >= region.days_max
        days += 1
        costs = costs_of([places[row] for row in left], days)
