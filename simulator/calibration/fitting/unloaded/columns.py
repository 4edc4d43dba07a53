"""A column of measured times, compared with a sum of laws by the shares of the times in bins.

The bins contain about equally many times. The figure of a bin is the square root of its share: its variance is nearly
the same whatever the share is (Freeman and Tukey, "Transformations related to the angular and the square root", Ann.
Math. Statist. 21, 1950), so differences are residuals of least squares without further weights. They need no play, and
they say as much about mean, spread and family of a law as the times themselves, up to the width of the bins.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from simulator.calibration.fitting.laws import Array, TimeLaw

_PER_BIN: Final = 10
_BINS: Final = (4, 40)
# Times below the first edges, and above the last: families differ by their longest and shortest times.
_END_BINS: Final = (2.5, 6.5)
_NODES: Final = 24  # of the quadrature over a law in a sum
# Nearer times are taken for equal: clocks of instances have a resolution of about a microsecond.
_EQUAL_S: Final = 1e-6


class TimeColumn:
    """Times of requests, and the residuals of laws beside them."""

    def __init__(self, times_s: Array) -> None:
        self.count = len(times_s)
        self.mean_s = float(times_s.mean())
        self.cv = float(times_s.std(ddof=1)) / self.mean_s
        least, most = _BINS
        shares = np.linspace(0.0, 1.0, min(max(self.count // _PER_BIN, least), most) + 1)[1:-1]
        ends = np.array([each / self.count for each in _END_BINS if each / self.count < 0.7 * shares[0]])
        inner = np.quantile(times_s, np.sort(np.concatenate([ends, shares, 1 - ends])))
        kept = np.concatenate(([True], np.diff(inner) > _EQUAL_S))
        inner = inner[kept]
        if times_s.max() - times_s.min() <= 2 * _EQUAL_S:  # a constant
            inner = np.array([self.mean_s - _EQUAL_S, self.mean_s + _EQUAL_S])
        self.edges_s: Array = np.concatenate(([0.0], inner, [np.inf]))
        """The ends of the bins: 0, between them, infinity."""
        counts = np.histogram(times_s, self.edges_s)[0].astype(np.float64)
        self.roots: Array = np.sqrt(counts / self.count)
        """Square roots of the shares; a vector of length 1."""

    def shares(self, laws: Sequence[TimeLaw], factor: float = 1.0) -> Array:
        """Return the probabilities of the bins for the sum of the laws, multiplied by a factor."""
        edges_s = self.edges_s[1:-1] / factor
        *others, last = sorted((law for law in laws if law.mean_s > 0), key=lambda law: law.sd_s)
        below = _below(last, others, edges_s)
        found: Array = np.maximum(np.diff(np.concatenate(([0.0], below, [1.0]))), 0.0)
        return found

    def residuals(self, laws: Sequence[TimeLaw], factor: float = 1.0) -> Array:
        """Return measurement less model, in standard deviations of chance."""
        found: Array = 2 * math.sqrt(self.count) * (self.roots - np.sqrt(self.shares(laws, factor)))
        return found

    def log_likelihood(self, law: TimeLaw) -> float:
        """Return the logarithm of the probability of the counts, less that of the measured shares."""
        shares, observed = np.maximum(self.shares((law,)), 1e-12), self.roots**2
        return float(self.count * (observed * np.log(shares / np.maximum(observed, 1e-12))).sum())


def _below(law: TimeLaw, others: Sequence[TimeLaw], times_s: Array) -> Array:
    """Return the probabilities that the sum is shorter than each of these times."""
    if not others:
        return law.share_below(times_s)
    z, weights = _nodes()
    moved = [_below(law, others[1:], times_s - part) for part in others[0].at(z).tolist()]
    below: Array = weights @ np.stack(moved)
    return below


@functools.cache
def _nodes() -> tuple[Array, Array]:
    """Return the nodes and weights of the quadrature over a standard normal number."""
    z, weights = np.polynomial.hermite_e.hermegauss(_NODES)
    return z, weights / weights.sum()
