"""Intervals of the coefficients and the peak of a scalability law, by its profile.

For each value of a quantity the other coefficients are fitted again. The interval has the values whose sum of squares
exceeds the least one by no more than chance: by the factor 1 + F / (n - p), F the quantile of the F distribution with 1
and n - p degrees of freedom (Bates and Watts, Nonlinear Regression Analysis, 1988, section 6.1). Such an interval may
be wider to one side, and reaches 0 or infinity where the data have no bound.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from simulator.lab.extras import needed
from simulator.lab.scalability.fit import FittedScalability, least_law, rate_scale
from simulator.lab.scalability.law import Floats, ScalabilityLaw

CONFIDENCE: Final = 0.95
# The upper end is bracketed by steps: the first is this share of the value, each further one longer by the factor.
_STEP: Final = 0.1
_FACTOR: Final = 2.0
# An end beyond this multiple of the value is infinite: the data have no bound.
_MOST: Final = 1e4
_PRECISION: Final = 1e-5  # relative


class CoefficientRange(NamedTuple):
    """The bounds of an interval; `high` may be infinite."""

    low: float
    high: float

    def __contains__(self, value: object) -> bool:
        return isinstance(value, int | float) and self.low <= value <= self.high


class ScalabilityRanges(NamedTuple):
    """The 95 % intervals of the law's coefficients, of the load of its peak, and of its largest throughput."""

    rate: CoefficientRange
    contention: CoefficientRange
    coherency: CoefficientRange
    peak_load: CoefficientRange
    peak_throughput: CoefficientRange


class _Laws(NamedTuple):
    """Laws with two free numbers of about 1, each from 0 to its bound in `upper`. `starts`: where the search begins."""

    law_of: Callable[[Floats], ScalabilityLaw]
    starts: list[Floats]
    upper: tuple[float, float]


class _Profile(NamedTuple):
    """A quantity: its value for the fitted law, its largest possible value, its order of magnitude, and the laws that
    have a given value.
    """

    value: float
    most: float
    unit: float
    laws: Callable[[float], _Laws]


class ProfileIntervals:
    """Computes intervals for a full law (USL) that was fitted to these loads and throughputs."""

    def __init__(self, loads: Floats, throughputs: Floats, fitted: FittedScalability) -> None:
        self._loads, self._throughputs = loads, throughputs
        self._fitted = fitted
        self._scale = rate_scale(loads, throughputs)
        self._largest = float(loads.max()) ** 2

    def ranges(self, confidence: float = CONFIDENCE) -> ScalabilityRanges:
        """Return the intervals.

        Raises:
            MissingLibrary: if scipy is not installed.
        """
        limit = self._limit(confidence)
        rate, contention, coherency, inverse_load, inverse_throughput = (
            self._range(profile, limit) for profile in self._profiles()
        )
        return ScalabilityRanges(
            rate,
            contention,
            coherency,
            CoefficientRange(_inverse(math.sqrt(inverse_load.high)), _inverse(math.sqrt(inverse_load.low))),
            CoefficientRange(_inverse(inverse_throughput.high), _inverse(inverse_throughput.low)),
        )

    def is_plausible(self, law: ScalabilityLaw, confidence: float = CONFIDENCE) -> tuple[bool, ...]:
        """Return for each of the five quantities whether the interval has the value that this law has."""
        limit = self._limit(confidence)
        values = (*law, _inverse(law.peak_load) ** 2, _inverse(law.peak_throughput))
        return tuple(
            self._squares(profile, value) <= limit for profile, value in zip(self._profiles(), values, strict=True)
        )

    def _limit(self, confidence: float) -> float:
        """Return the largest sum of squares that chance explains, for laws of which one quantity is given."""
        stats: Any = needed("scipy.stats")
        freedom = len(self._loads) - self._fitted.kind.coefficients
        return float(self._fitted.squares * (1 + stats.f.ppf(confidence, 1, freedom) / freedom))

    def _profiles(self) -> tuple[_Profile, ...]:
        """Return the coefficients, 1 / the square of the peak's load, and 1 / the largest throughput.

        Both inverses are 0 for a law without a peak, so that every value is a number.
        """
        law, scale, largest = self._fitted.law, self._scale, self._largest
        rates, contentions = [law.rate / scale], [law.contention, 0.05, 0.5]
        coherencies = [law.coherency * largest, 0.1]

        def of_rate(value: float) -> _Laws:
            starts = _grid(contentions, coherencies)
            return _Laws(lambda free: ScalabilityLaw(value, free[0], free[1] / largest), starts, (1.0, math.inf))

        def of_contention(value: float) -> _Laws:
            starts = _grid(rates, coherencies)
            law_of = lambda free: ScalabilityLaw(free[0] * scale, value, free[1] / largest)  # noqa: E731
            return _Laws(law_of, starts, (math.inf, math.inf))

        def of_coherency(value: float) -> _Laws:
            law_of = lambda free: ScalabilityLaw(free[0] * scale, free[1], value)  # noqa: E731
            return _Laws(law_of, _grid(rates, contentions), (math.inf, 1.0))

        def of_load(value: float) -> _Laws:
            law_of = lambda free: ScalabilityLaw(free[0] * scale, free[1], (1 - free[1]) * value)  # noqa: E731
            return _Laws(law_of, _grid(rates, contentions), (math.inf, 1.0))

        def of_throughput(value: float) -> _Laws:
            law_of = lambda free: _with_largest(value, free[0] * scale, free[1])  # noqa: E731
            return _Laws(law_of, _grid(rates, [0.1, 0.9]), (_inverse(value * scale), 1.0))

        return (
            _Profile(law.rate, math.inf, scale, of_rate),
            _Profile(law.contention, 1.0, 1.0, of_contention),
            _Profile(law.coherency, math.inf, 1 / largest, of_coherency),
            _Profile(_inverse(law.peak_load) ** 2, 1.0, 1 / largest, of_load),
            _Profile(_inverse(law.peak_throughput), math.inf, 1 / float(self._throughputs.max()), of_throughput),
        )

    def _squares(self, profile: _Profile, value: float) -> float:
        """Return the least sum of squares of the laws with this value."""
        return least_law(self._loads, self._throughputs, self._fitted.errors, *profile.laws(value))[1]

    def _range(self, profile: _Profile, limit: float) -> CoefficientRange:
        optimize: Any = needed("scipy.optimize")

        def excess(value: float) -> float:
            squares = self._fitted.squares if value == profile.value else self._squares(profile, value)
            return squares - limit

        def end(inside: float, outside: float) -> float:
            return float(optimize.brentq(excess, inside, outside, xtol=_PRECISION * max(inside, outside)))

        low = end(profile.value, 0.0) if profile.value > 0 and excess(0.0) > 0 else 0.0
        inside, step = profile.value, _STEP * (profile.value or profile.unit)
        while inside < profile.most:
            outside = min(profile.most, inside + step)
            if outside > _MOST * max(profile.value, profile.unit):
                return CoefficientRange(low, math.inf)
            if excess(outside) > 0:
                return CoefficientRange(low, end(inside, outside))
            inside, step = outside, step * _FACTOR
        return CoefficientRange(low, profile.most)


def _grid(first: Sequence[float], second: Sequence[float]) -> list[Floats]:
    return [np.array([a, b]) for a in first for b in second]


def _with_largest(inverse: float, rate: float, share: float) -> ScalabilityLaw:
    """Return the law with the largest throughput 1 / `inverse`, of whose inverse contention has a `share`.

    With u = 1 / the square of the peak's load: rate * inverse = contention + (1 - contention) (2 sqrt(u) - u).
    """
    contention = min(1.0, share * rate * inverse)
    if contention >= 1:
        return ScalabilityLaw(rate, 1.0, 0.0)
    rest = min(1.0, max(0.0, (rate * inverse - contention) / (1 - contention)))
    root = rest / (1 + math.sqrt(1 - rest))  # 1 - sqrt(1 - rest), without cancellation
    return ScalabilityLaw(rate, contention, (1 - contention) * root**2)


def _inverse(value: float) -> float:
    if value == 0:
        return math.inf
    return 0.0 if math.isinf(value) else 1 / value
