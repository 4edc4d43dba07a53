"""Means over seeds with their confidence intervals, and differences with and without common random numbers.

Runs of two candidates with the same seed have the same arrivals and the same work per request, so chance affects both
alike. Their difference, seed by seed, varies less than either value: `paired` takes advantage of that, `independent`
(Welch's interval) does not.

Student's t is valid for sums of many small contributions. Costs that are billed in steps, counts, and errors that most
runs do not have are not such sums, so the method of an interval depends on the distribution of the values:

- *skewed*: Hall's transformation of t (P. Hall, "On the removal of skewness by transformation", J. R. Statist. Soc. B
  54, 1992), which equals Student's t without skewness;
- *mostly one value*: Jeffreys' interval (Brown, Cai and DasGupta, Statist. Sci. 16, 2001) for the share of the runs
  with other values, times the mean distance of those values;
- *all equal*: bounded by events that did not occur. An event that occurred in none of n runs happens at most 3/n times
  per run (the rule of three); it would have changed the figure by one `step`: a request, a count, a billed second.

No interval exceeds the figure's bounds (`Scope`), and fewer than three runs give no interval.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from simulator.lab.quantiles import beta_quantile, t_quantile

CONFIDENCE: Final = 0.95
# Minimum number of runs for an interval. With two runs, t has one degree of freedom and is 12.7: the two values
# themselves are more informative.
RUNS_MIN: Final = 3
# With fewer runs, two adjacent values may be chance, so Student's t is used as well.
_RUNS_FOR_SHARES: Final = 10
# Minimum number of runs for an estimate of skewness: three or four values do not show a tail.
_RUNS_FOR_SKEWNESS: Final = 5
# Sums of floats differ in their last digits: values that are this close count as equal.
_SAME: Final = 1e-12


@dataclass(frozen=True, slots=True)
class Scope:
    """A figure's bounds, and the smallest change that one event makes to it in a run (`step`; 0: unknown)."""

    least: float = -math.inf
    most: float = math.inf
    step: float = 0.0

    @property
    def of_difference(self) -> Scope:
        """Return the scope of the difference of two such figures."""
        width = self.most - self.least
        return Scope(-width, width, self.step)


ANY: Final = Scope()


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over `count` runs. The true mean lies between `low` and `high` with the requested confidence.

    `low` and `high` are None if too few runs were played for an interval.
    """

    mean: float
    low: float | None
    high: float | None
    count: int

    @property
    def half_width(self) -> float | None:
        return None if self.low is None or self.high is None else (self.high - self.low) / 2


def estimate(values: Sequence[float | None], scope: Scope = ANY, confidence: float = CONFIDENCE) -> Estimate | None:
    """Return the mean of the measured values with its confidence interval; None if no run has a value.

    A None in `values` is a run in which there was nothing to measure.
    """
    known = [value for value in values if value is not None]
    if not known:
        return None
    mean = math.fsum(known) / len(known)
    if len(known) < RUNS_MIN:
        return Estimate(mean, None, None, len(known))
    low, high = _interval(known, mean, scope, 1 - confidence)
    return _within(mean, low, high, len(known), scope)


def paired(
    ours: Sequence[float | None],
    theirs: Sequence[float | None],
    scope: Scope = ANY,
    confidence: float = CONFIDENCE,
) -> Estimate | None:
    """Return the mean of `ours - theirs`, seed by seed. Both sequences must list the same seeds in the same order.

    `scope` describes the figure itself, not the difference.
    """
    both = zip(ours, theirs, strict=True)
    differences = [a - b if a is not None and b is not None else None for a, b in both]
    return estimate(differences, scope.of_difference, confidence)


def independent(
    ours: Sequence[float | None],
    theirs: Sequence[float | None],
    scope: Scope = ANY,
    confidence: float = CONFIDENCE,
) -> Estimate | None:
    """Return the mean of `ours - theirs` of independent runs, with Welch's interval."""
    mine, yours = ([value for value in values if value is not None] for values in (ours, theirs))
    if not mine or not yours:
        return None
    means = [math.fsum(values) / len(values) for values in (mine, yours)]
    difference, count = means[0] - means[1], min(len(mine), len(yours))
    if count < RUNS_MIN:
        return Estimate(difference, None, None, count)
    parts = [_variance(values, mean) / len(values) for values, mean in zip((mine, yours), means, strict=True)]
    variance = sum(parts)
    # If all values of one side are equal, its variance is 0: add the events that may exist and did not occur.
    missed = math.fsum(
        scope.step * _unseen(len(values), 1 - confidence)
        for values, part in zip((mine, yours), parts, strict=True)
        if part == 0
    )
    half = missed
    if variance > 0:
        freedom = variance**2 / sum(part**2 / (len(v) - 1) for part, v in zip(parts, (mine, yours), strict=True))
        half += _t(freedom, 1 - confidence) * math.sqrt(variance)
    return _within(difference, difference - half, difference + half, count, scope.of_difference)


def geometric_mean(values: Sequence[float]) -> float | None:
    """Return the geometric mean of positive values; None if there are none, or if one is not positive."""
    if not values or min(values) <= 0:
        return None
    return math.exp(math.fsum(map(math.log, values)) / len(values))


def _interval(values: Sequence[float], mean: float, scope: Scope, alpha: float) -> tuple[float, float]:
    usual, times = Counter(values).most_common(1)[0]
    others = [value for value in values if abs(value - usual) > _SAME * max(1.0, abs(usual))]
    if not others:
        # If the value is a bound of the figure, events that did not occur could move it in one direction only.
        at_an_end = usual in {scope.least, scope.most}
        half = scope.step * _unseen(len(values), 2 * alpha if at_an_end else alpha)
        return usual - half, usual + half
    wide = _skewed(values, mean, alpha)
    one_sided = min(others) > usual or max(others) < usual
    if times * 2 < len(values) or not one_sided:
        return wide
    low, high = _by_share(usual, others, len(values), alpha)
    if len(set(others)) == 1 and len(values) >= _RUNS_FOR_SHARES:
        return low, high
    # Too few runs have another value to know how far such values lie from the usual one.
    return min(low, wide[0]), max(high, wide[1])


def _by_share(usual: float, others: Sequence[float], runs: int, alpha: float) -> tuple[float, float]:
    """Return Jeffreys' interval for the share of runs with other values, times the mean distance of these values."""
    distance = math.fsum(others) / len(others) - usual
    shares = [beta_quantile(len(others) + 0.5, runs - len(others) + 0.5, tail) for tail in (alpha / 2, 1 - alpha / 2)]
    low, high = sorted(usual + share * distance for share in shares)
    return low, high


def _skewed(values: Sequence[float], mean: float, alpha: float) -> tuple[float, float]:
    """Apply Hall's transformation of Student's t: the interval extends towards the long tail."""
    runs = len(values)
    moments = [math.fsum((value - mean) ** power for value in values) / runs for power in (2, 3)]
    skewness = moments[1] / moments[0] ** 1.5 if runs >= _RUNS_FOR_SKEWNESS else 0.0
    error = math.sqrt(moments[0] * runs / (runs - 1) / runs)
    t = _t(runs - 1, alpha)
    return mean - error * _leaning(t, skewness, runs), mean - error * _leaning(-t, skewness, runs)


def _leaning(t: float, skewness: float, runs: int) -> float:
    """Apply the inverse of Hall's monotone transformation of a t statistic with this skewness."""
    lean = skewness / math.sqrt(runs)
    if abs(lean) < 1e-9:
        return t
    return 3 / lean * (math.cbrt(1 + lean * (t - lean / 6)) - 1)


def _unseen(runs: int, alpha: float) -> float:
    """Return an upper bound of the rate per run of an event that never occurred in `runs` runs: 3/n for alpha 0.05."""
    return -math.log(alpha / 2) / runs


def _t(freedom: float, alpha: float) -> float:
    return t_quantile(freedom, 1 - alpha / 2)


def _variance(values: Sequence[float], mean: float) -> float:
    """Return the unbiased sample variance."""
    if max(values) - min(values) <= _SAME * max(1.0, abs(mean)):
        return 0.0
    return math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1)


def _within(mean: float, low: float, high: float, count: int, scope: Scope) -> Estimate:
    """Clip the interval to the figure's bounds. The result always contains the mean."""
    return Estimate(mean, min(mean, max(low, scope.least)), max(mean, min(high, scope.most)), count)
