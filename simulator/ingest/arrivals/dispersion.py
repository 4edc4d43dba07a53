"""The index of dispersion of counts over time scales: how much more they vary than Poisson counts of the same rate.

At a scale, counts of windows of that length are compared with their expected counts: the sum of the squared deviations
over the sum of the expected counts, 1 for a Poisson process with that rate. An index that grows with the scale shows
bursts, and the scale at which it stops growing how long they last.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import Final, NamedTuple

import numpy as np

from simulator.ingest.arrivals.count_series import CountSeries, summed
from simulator.ingest.blocks import Floats

_WINDOWS_MIN: Final = 30
# Windows for each fitted value, so that the fit does not take the dispersion away.
_WINDOWS_A_PARAMETER: Final = 5
_STEPS: Final = (1, 2, 5)
# The two-sided level of the test of all scales together.
_LEVEL: Final = 0.01
_BLOCKS: Final = 20


class ScaleIndex(NamedTuple):
    """The index of dispersion, `ratio`, in windows of `scale_s` seconds.

    `low`, `high`: its 99 % interval (over all scales together) for Poisson arrivals; `error`: the standard error of
    `ratio`, from 20 parts of the recording, whatever the arrivals are.
    """

    scale_s: float
    ratio: float
    low: float
    high: float
    error: float


def indices(series: CountSeries, expected: Floats, parameters: int = 1) -> tuple[ScaleIndex, ...]:
    """Return the index at 1, 2, 5, 10, ... bins, as long as there are enough windows.

    `expected`: the expected count of each bin; `parameters`: how many values were fitted for them.
    """
    scales = [each for each in _ladder(len(series.counts)) if _enough(len(series.counts) // each, parameters)]
    level = NormalDist().inv_cdf(1 - _LEVEL / 2 / max(1, len(scales)))
    return tuple(_index(series, expected, each, level) for each in scales)


def _ladder(bins: int) -> Sequence[int]:
    return [step * 10**power for power in range(len(str(bins))) for step in _STEPS if step * 10**power <= bins]


def _enough(windows: int, parameters: int) -> bool:
    return windows >= max(_WINDOWS_MIN, _WINDOWS_A_PARAMETER * parameters)


def _index(series: CountSeries, expected: Floats, each: int, level: float) -> ScaleIndex:
    means = summed(expected, each)
    squares = np.square(summed(series.counts, each) - means)
    total = max(float(means.sum()), 1e-12)
    index = float(squares.sum()) / total
    # The variance of a squared deviation of a Poisson count with mean m is 2 m^2 + m. The sum is treated as chi-squared
    # with the degrees of freedom that have this variance.
    freedom = 2 * total**2 / float((2 * np.square(means) + means).sum())
    low, high = bounds(freedom, level)
    return ScaleIndex(each * series.width_s, index, low, high, _error(squares, means, index))


def bounds(freedom: float, level: float) -> tuple[float, float]:
    """Return the interval of chi-squared over its degrees of freedom. `level`: the normal quantile of its upper end.

    The cube root of this ratio is nearly normal (Wilson and Hilferty).
    """
    centre, spread = 1 - 2 / (9 * freedom), math.sqrt(2 / (9 * freedom))
    return max(0.0, centre - level * spread) ** 3, (centre + level * spread) ** 3


def _error(squares: Floats, means: Floats, index: float) -> float:
    """Return the standard error of a ratio of sums, from the residuals of contiguous blocks."""
    blocks = min(_BLOCKS, len(means))
    each = len(means) // blocks
    residuals = summed(squares - index * means, each)
    return float(np.sqrt(np.square(residuals).sum() * blocks / max(1, blocks - 1)) / max(means.sum(), 1e-12))
