"""Members of a set of models by their weights: equally likely draws, and weighted quantiles."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MEMBERS: Final = 40
_TAILS: Final = (0.025, 0.975)


def weights_of(chi_squares: Floats) -> Floats:
    """Return the likelihood of models, relative to the best, by their sums of squared differences."""
    return np.asarray(np.exp((chi_squares.min() - chi_squares) / 2), dtype=np.float64)


def resampled(weights: Floats, draws: int = MEMBERS) -> dict[int, int]:
    """Return how often each model is drawn, by its position; models that are never drawn are left out.

    Systematic resampling: the number of draws of a model differs by less than 1 from its share.
    """
    places = np.searchsorted(np.cumsum(weights / weights.sum()), (np.arange(draws) + 0.5) / draws)
    numbers, counts = np.unique(np.minimum(places, len(weights) - 1), return_counts=True)
    return dict(zip(numbers.tolist(), counts.tolist(), strict=True))


def interval_of(values: Floats, weights: Floats) -> tuple[float, float]:
    """Return the 2.5 % and the 97.5 % quantile of values with weights; values may be infinite."""
    order = np.argsort(values)
    reached = np.cumsum(weights[order])
    low, high = (values[order][np.searchsorted(reached, tail * reached[-1])] for tail in _TAILS)
    return float(low), float(high)
