"""Least squares of the Universal Scalability Law, with constant or with relative errors.

The solver is scipy's `least_squares` with bounds, from several starts. A coefficient at its bound of 0 is exactly 0:
the law without it is fitted too, and taken if it is as good.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from typing import Any, Final, NamedTuple

import numpy as np

from simulator.lab.extras import needed
from simulator.lab.scalability.law import Floats, ScalabilityLaw

# Relative difference of sums of squares below which two fits are equally good.
_SAME: Final = 1e-9
_TOLERANCE: Final = 1e-13
# Smaller differences, as a share of the throughput, are those of rounding.
_EXACT: Final = 1e-6
_LEAST: Final = 1e-12  # a modelled throughput as a share of the measured one, so that its logarithm is finite
_CONTENTIONS: Final = (0.003, 0.05, 0.4)
# Coherency times the square of the largest load.
_COHERENCIES: Final = (0.01, 1.0)


class LawKind(StrEnum):
    """Which coefficients are not 0, from the simplest law to the full one."""

    LINEAR = "linear"
    AMDAHL = "Amdahl"
    USL = "USL"

    @property
    def coefficients(self) -> int:
        """The number of fitted coefficients."""
        return list(LawKind).index(self) + 1


class ErrorModel(StrEnum):
    """What the differences between measured and fitted throughputs are like.

    ABSOLUTE: of the same size at every load. RELATIVE: a share of the throughput, with the same distribution of the
    logarithm at every load; small throughputs then count as much as large ones.
    """

    ABSOLUTE = "absolute"
    RELATIVE = "relative"

    def residuals(self, throughputs: Floats, law: ScalabilityLaw, loads: Floats) -> Floats:
        """Return the differences between measured throughputs and the law."""
        modelled = law.throughput(loads)
        if self is ErrorModel.ABSOLUTE:
            return throughputs - modelled
        return np.asarray(-np.log(np.maximum(modelled / throughputs, _LEAST)), dtype=np.float64)

    def least_squares(self, throughputs: Floats) -> float:
        """Return the sum of squares of differences that are those of rounding. Less means the same: agreement."""
        unit = float(throughputs.max()) if self is ErrorModel.ABSOLUTE else 1.0
        return len(throughputs) * (_EXACT * unit) ** 2


class FittedScalability(NamedTuple):
    """A law with the least sum of squared differences. `squares`: that sum, above 0."""

    kind: LawKind
    errors: ErrorModel
    law: ScalabilityLaw
    squares: float

    def log_likelihood(self, throughputs: Floats) -> float:
        """Return the logarithm of the likelihood of the measured throughputs, with the most likely spread."""
        count = len(throughputs)
        log_jacobian = float(np.log(throughputs).sum()) if self.errors is ErrorModel.RELATIVE else 0.0
        return -count / 2 * (math.log(2 * math.pi * self.squares / count) + 1) - log_jacobian


def fitted_scalability(
    loads: Floats,
    throughputs: Floats,
    kind: LawKind = LawKind.USL,
    errors: ErrorModel = ErrorModel.ABSOLUTE,
) -> FittedScalability:
    """Return the law of that kind with the least squares; no coefficient is negative, contention is at most 1.

    `loads`: at least 1 each, as many different ones as the law has coefficients; `throughputs`: above 0.

    Raises:
        MissingLibrary: if scipy is not installed.
    """
    best: FittedScalability | None = None
    for each in list(LawKind)[: kind.coefficients]:
        law, squares = least_law(loads, throughputs, errors, *_free(each, loads, throughputs))
        if best is None or squares < best.squares * (1 - _SAME):
            best = FittedScalability(kind, errors, law, squares)
    assert best is not None, "the straight line is always fitted"
    return best


def least_law(
    loads: Floats,
    throughputs: Floats,
    errors: ErrorModel,
    law_of: Callable[[Floats], ScalabilityLaw],
    starts: Sequence[Floats],
    upper: Sequence[float],
) -> tuple[ScalabilityLaw, float]:
    """Return the law with the least squares among those of `law_of`, and the sum of squares, at least that of rounding.

    `law_of` has a vector of numbers of about 1, each from 0 to its bound in `upper`.
    """
    optimize: Any = needed("scipy.optimize")
    found: tuple[ScalabilityLaw, float] | None = None
    for start in starts:
        inside = np.minimum(np.maximum(start, 1e-9), np.asarray(upper) * (1 - 1e-9))
        result = optimize.least_squares(
            lambda free: errors.residuals(throughputs, law_of(free), loads),
            inside,
            bounds=(np.zeros(len(inside)), upper),
            xtol=_TOLERANCE,
            ftol=_TOLERANCE,
            gtol=_TOLERANCE,
        )
        squares = 2 * float(result.cost)
        if found is None or squares < found[1]:
            found = law_of(result.x), squares
    assert found is not None, "there is a start"
    return found[0], max(found[1], errors.least_squares(throughputs))


def _free(
    kind: LawKind, loads: Floats, throughputs: Floats
) -> tuple[Callable[[Floats], ScalabilityLaw], list[Floats], list[float]]:
    """Return how a vector becomes a law, the starts, and the upper bounds."""
    rate, largest = rate_scale(loads, throughputs), float(loads.max()) ** 2

    def law_of(free: Floats) -> ScalabilityLaw:
        scaled = (*map(float, free), 0.0, 0.0)
        return ScalabilityLaw(scaled[0] * rate, scaled[1], scaled[2] / largest)

    starts = [np.array(start[: kind.coefficients]) for start in _starts()]
    unique = list({start.tobytes(): start for start in starts}.values())
    return law_of, unique, [math.inf, 1.0, math.inf][: kind.coefficients]


def rate_scale(loads: Floats, throughputs: Floats) -> float:
    """Return the order of magnitude of the throughput of one."""
    return float((throughputs / loads).max())


def _starts() -> Iterator[tuple[float, float, float]]:
    return ((1.0, *pair) for pair in itertools.product(_CONTENTIONS, _COHERENCIES))
