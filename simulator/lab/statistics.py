"""Means over seeds with their confidence intervals, and differences with and without common random numbers.

Runs of two contenders with the same seed see the same arrivals and the same work, so what chance does to one it does to
the other as well. Their difference, seed by seed, varies less than either of them: `paired` uses that, `independent`
(Welch) does not. Intervals are Student's t, two-sided.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from simulator.lab.extras import needed

CONFIDENCE: Final = 0.95


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over `count` runs; the true one lies between `low` and `high` with the confidence asked for.

    With one run nothing is known of the spread: `low` and `high` are the mean then, and `is_certain` is False.
    """

    mean: float
    low: float
    high: float
    count: int

    @property
    def half_width(self) -> float:
        return (self.high - self.low) / 2

    @property
    def is_certain(self) -> bool:
        """Whether there were runs enough for an interval at all."""
        return self.count > 1


def estimate(values: Sequence[float | None], confidence: float = CONFIDENCE) -> Estimate | None:
    """The mean of the values that were measured (None: nothing to measure in that run); None when none was."""
    known = [value for value in values if value is not None]
    if not known:
        return None
    mean = math.fsum(known) / len(known)
    return _around(mean, _variance(known, mean) / len(known), len(known) - 1, len(known), confidence)


def paired(
    ours: Sequence[float | None], theirs: Sequence[float | None], confidence: float = CONFIDENCE
) -> Estimate | None:
    """The mean of `ours - theirs`, seed by seed; the sequences must be of the same seeds in the same order."""
    both = zip(ours, theirs, strict=True)
    return estimate([a - b if a is not None and b is not None else None for a, b in both], confidence)


def independent(
    ours: Sequence[float | None], theirs: Sequence[float | None], confidence: float = CONFIDENCE
) -> Estimate | None:
    """The mean of `ours - theirs` when the runs have nothing to do with each other (Welch's interval)."""
    mine, yours = ([value for value in values if value is not None] for values in (ours, theirs))
    if not mine or not yours:
        return None
    means = [math.fsum(values) / len(values) for values in (mine, yours)]
    parts = [_variance(values, mean) / len(values) for values, mean in zip((mine, yours), means, strict=True)]
    variance, count = sum(parts), min(len(mine), len(yours))
    if count == 1 or variance == 0:
        return _around(means[0] - means[1], variance, count - 1, count, confidence)
    freedom = variance**2 / sum(part**2 / (len(v) - 1) for part, v in zip(parts, (mine, yours), strict=True))
    return _around(means[0] - means[1], variance, freedom, count, confidence)


def geometric_mean(values: Sequence[float]) -> float | None:
    """Of positive values; None for none, or when one is not positive."""
    if not values or min(values) <= 0:
        return None
    return math.exp(math.fsum(map(math.log, values)) / len(values))


def _variance(values: Sequence[float], mean: float) -> float:
    """Of the sample, without bias; 0 for a single value."""
    if len(values) < 2:
        return 0.0
    return math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1)


def _around(mean: float, variance_of_mean: float, freedom: float, count: int, confidence: float) -> Estimate:
    if freedom <= 0 or variance_of_mean == 0:
        return Estimate(mean, mean, mean, count)
    special: Any = needed("scipy.special")
    half = float(special.stdtrit(freedom, (1 + confidence) / 2)) * math.sqrt(variance_of_mean)
    return Estimate(mean, mean - half, mean + half, count)
