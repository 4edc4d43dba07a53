"""From the figures of the draws to a value with its interval.

The interval is one for a further run of the real service: it contains the figure of such a run with a probability of
95 %, if the model is right. Of n equally likely draws sorted by size, the k-th has k / (n + 1) of all further ones
below it, whatever their distribution; between two draws the value is interpolated.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.calibration.prediction.draws import Draw

CONFIDENCE: Final = 0.95
# A figure needs a value in at least this share of the draws: a p95 that only a few runs have is none of the service.
_KNOWN_MIN: Final = 0.5

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PredictedFigure:
    """A predicted figure: the median of the draws and the 95 % interval of a further run.

    `parameters_share`: share of the variance of the draws that comes from the parameters of the model, the rest is
    chance in a run of this length; None if it is unknown.
    """

    value: float
    low: float
    high: float
    parameters_share: float | None = None

    def contains(self, value: float) -> bool:
        """Return True if the value is within the interval."""
        return self.low <= value <= self.high


def predicted(values: Sequence[float | None], draws: Sequence[Draw]) -> PredictedFigure | None:
    """Return the figure with the values of all draws, in the same order; None if most draws have none."""
    known = [(value, draw) for value, draw in zip(values, draws, strict=True) if value is not None]
    if math.fsum(draw.weight for _, draw in known) < _KNOWN_MIN:
        return None
    numbers = np.array([value for value, _ in known], dtype=np.float64)
    weights = np.array([draw.weight for _, draw in known])
    tail = (1 - CONFIDENCE) / 2
    low, value, high = (weighted_quantile(numbers, weights, share) for share in (tail, 0.5, 1 - tail))
    members = np.array([draw.member for _, draw in known])
    return PredictedFigure(value, low, high, _parameters_share(numbers, weights, members))


def weighted_quantile(values: Floats, weights: Floats, share: float) -> float:
    """Return the quantile of further draws, at most the extremes of `values`."""
    order = np.argsort(values, kind="stable")
    ordered, weights = values[order], weights[order] / weights.sum()
    effective = 1 / float(np.sum(weights**2))  # Kish: as many equally likely draws have the same information
    # With equal weights the k-th of n values is at k / (n + 1): the middle of its own share, moved away from both ends.
    middles = np.cumsum(weights) - weights / 2
    places = (middles * effective + 0.5) / (effective + 1)
    return float(np.interp(share, places, ordered))


def _parameters_share(values: Floats, weights: Floats, members: NDArray[np.int64]) -> float | None:
    """Return the share of the variance between members, by analysis of variance; None if no member has two draws."""
    numbers = np.log(values) if values.min() > 0 else values
    mean = float(np.average(numbers, weights=weights))
    whole = float(np.average((numbers - mean) ** 2, weights=weights))
    if whole <= 0:
        return None
    squares, freedom = 0.0, 0
    for member in np.flatnonzero(np.bincount(members) > 1).tolist():
        own = numbers[members == member]
        squares += float(np.sum((own - own.mean()) ** 2))
        freedom += len(own) - 1
    if freedom == 0:
        return None
    if freedom == len(values) - 1:
        return 0.0  # a single member
    return min(max(1 - squares / freedom / whole, 0.0), 1.0)
