"""Quantiles of Student's t and of the beta distribution, from the incomplete beta function.

The intervals of a comparison need only these two, so the plain install does not need scipy. The tests compare the
values with scipy's.
"""

from __future__ import annotations

import functools
import math
from typing import Final

_TINY: Final = 1e-300
_SAME: Final = 1e-16
_TERMS_MAX: Final = 10_000


def beta_quantile(a: float, b: float, share: float) -> float:
    """Return x such that the regularised incomplete beta function I_x(a, b) equals `share`, 0 < `share` < 1."""
    low, high = 0.0, 1.0
    while True:  # bisection: each step adds one binary digit, without dividing by a slope that may be 0
        middle = (low + high) / 2
        if middle in {low, high}:
            return middle
        if beta_share(a, b, middle) < share:
            low = middle
        else:
            high = middle


@functools.lru_cache(maxsize=1024)  # all intervals of a comparison need the same one
def t_quantile(freedom: float, share: float) -> float:
    """Return the quantile of Student's t with `freedom` degrees of freedom.

    Accurate for tails, `share` of about 0.9 and more; near the median the result loses digits.
    """
    x = beta_quantile(freedom / 2, 0.5, 2 * (1 - share))
    return math.sqrt(freedom * (1 - x) / x)


def beta_share(a: float, b: float, x: float) -> float:
    """Return I_x(a, b), computed by its continued fraction (Lentz's method; DLMF 8.17.22)."""
    if x <= 0 or x >= 1:
        return min(max(x, 0.0), 1.0)
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x))
    if x < (a + 1) / (a + b + 2):
        return front * _fraction(a, b, x) / a
    return 1 - front * _fraction(b, a, 1 - x) / b


def _fraction(a: float, b: float, x: float) -> float:
    above, below = 1.0, 1 / _kept(1 - (a + b) * x / (a + 1))
    value = below
    for m in range(1, _TERMS_MAX):
        for factor in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            below = 1 / _kept(1 + factor * below)
            above = _kept(1 + factor / above)
            value *= below * above
        if abs(below * above - 1) < _SAME:
            break
    return value


def _kept(value: float) -> float:
    """Return `value`, or a tiny number instead of 0, because the caller divides by the result."""
    return value if abs(value) > _TINY else _TINY
