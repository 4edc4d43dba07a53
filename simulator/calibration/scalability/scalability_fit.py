"""The fit of a scalability law to a capacity file: law, model of the errors, intervals, and what remains unknown."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np

from simulator.calibration.scalability.capacity_file import MeasuredCapacity
from simulator.calibration.scalability.intervals import CoefficientRange, ProfileIntervals, ScalabilityRanges
from simulator.lab.extras import needed
from simulator.lab.scalability.fit import (
    ErrorModel,
    FittedScalability,
    LawKind,
    fitted_scalability,
    least_law,
    rate_scale,
)
from simulator.lab.scalability.law import Floats, ScalabilityLaw

# A coefficient is part of the law if the data without it are less likely than this.
LEVEL: Final = 0.05
# Ratio of likelihoods above which the data decide between two models of the errors.
_DECISIVE: Final = 10.0
# A point whose difference is this multiple of the others' spread is named, unless it is less than a percent.
_OUTLYING: Final = 3.0
_OUTLYING_MIN: Final = 0.01


class LawTest(NamedTuple):
    """A law beside the next simpler one. `p_value`: the probability of so much improvement by chance; NaN for the
    simplest law.
    """

    fitted: FittedScalability
    p_value: float


@dataclass(frozen=True, slots=True)
class ScalabilityFit:
    """A law fitted to a capacity file.

    `tests`: every law with these errors, the simplest first; `chosen`: the simplest that the data do not contradict.
    `ranges`: 95 % intervals under the full law, so that they contain what the data cannot tell apart. `other`: the full
    law with the other model of errors; `likelihood_ratio`: how much more likely the chosen errors are. `lack_p_value`:
    the probability of such deviations of the means of each load from the full law; NaN if no load was repeated.
    """

    capacity: MeasuredCapacity
    chosen: FittedScalability
    tests: tuple[LawTest, ...]
    ranges: ScalabilityRanges
    other: FittedScalability
    likelihood_ratio: float
    lack_p_value: float
    superlinear_p_value: float

    @property
    def modelled(self) -> Floats:
        """The throughput of the chosen law at each measured load."""
        return self.chosen.law.throughput(self.capacity.loads)

    @property
    def differences(self) -> Floats:
        """The measured throughputs relative to the law's, less 1."""
        return self.capacity.throughputs / self.modelled - 1

    def sentences(self) -> Iterator[str]:
        """Yield what the data do not tell, and what to distrust."""
        most = self.capacity.loads.max()
        coherency, contention = self.ranges.coherency, self.ranges.contention
        if self.chosen.kind is not LawKind.USL:
            yield (
                f"coherency cannot be identified: the data agree with every value from 0 to {_number(coherency.high)}, "
                f"so throughput may decline from a load of {_number(self.ranges.peak_load.low)} on, or never"
            )
        elif self.ranges.peak_load.low > most:
            yield f"the peak is beyond the largest load of the data, {most:g}"
        if self.chosen.kind is LawKind.LINEAR:
            yield (
                f"contention cannot be identified: the data agree with every value from 0 to {_number(contention.high)}"
            )
        if self.likelihood_ratio < _DECISIVE:
            yield self._other_errors()
        yield from self._outliers()
        if self.superlinear_p_value < LEVEL:
            yield "throughput grows faster than the load, which no contention explains: check the smallest loads"
        if self.lack_p_value < LEVEL:
            yield (
                f"the law does not fit: the means of repeated loads deviate more than their repetitions "
                f"(p = {self.lack_p_value:.2g})"
            )
        elif math.isnan(self.lack_p_value):
            yield "no load was measured twice, so whether the law fits cannot be tested"

    def _other_errors(self) -> str:
        law = self.other.law
        return (
            f"{self.chosen.errors} errors are only {self.likelihood_ratio:.2g} times as likely as {self.other.errors} "
            f"ones; with those: rate {_number(law.rate)}, contention {_number(law.contention)}, coherency "
            f"{_number(law.coherency)}, peak at {_number(law.peak_load)}"
        )

    def _outliers(self) -> Iterator[str]:
        """Name the points that only the other model of errors, or none, explains."""
        differences, loads = self.differences, self.capacity.loads
        least = max(_OUTLYING_MIN, _OUTLYING * _spread(differences))
        for place in np.flatnonzero(np.abs(differences) > least):
            yield f"at a load of {loads[place]:g} the measured throughput is {differences[place]:+.0%} from the law"


def fit_scalability(capacity: MeasuredCapacity, errors: ErrorModel | None = None) -> ScalabilityFit:
    """Fit the laws. `errors`: the model of errors; None chooses the one that makes the data more likely.

    Raises:
        MissingLibrary: if scipy is not installed.
    """
    loads, throughputs = capacity.loads, capacity.throughputs
    full = {each: fitted_scalability(loads, throughputs, LawKind.USL, each) for each in ErrorModel}
    likelihoods = {each: fitted.log_likelihood(throughputs) for each, fitted in full.items()}
    if errors is None:
        errors = max(likelihoods, key=likelihoods.__getitem__)
    (other,) = (each for each in ErrorModel if each is not errors)
    tests = _tests(capacity, errors)
    chosen = next((each.fitted for each in reversed(tests) if each.p_value < LEVEL), tests[0].fitted)
    usl = full[errors]
    return ScalabilityFit(
        capacity,
        chosen,
        tests,
        _containing(ProfileIntervals(loads, throughputs, usl).ranges(), chosen.law),
        full[other],
        math.exp(min(700.0, likelihoods[errors] - likelihoods[other])),
        lack_p_value(capacity, errors, usl.squares, usl.kind.coefficients),
        _superlinear(capacity, usl),
    )


def _tests(capacity: MeasuredCapacity, errors: ErrorModel) -> tuple[LawTest, ...]:
    tests: list[LawTest] = []
    for kind in LawKind:
        fitted = fitted_scalability(capacity.loads, capacity.throughputs, kind, errors)
        simpler = tests[-1].fitted.squares if tests else math.nan
        tests.append(
            LawTest(fitted, improvement_p_value(simpler, fitted.squares, 1, len(capacity.loads) - kind.coefficients))
        )
    return tuple(tests)


def improvement_p_value(simpler: float, fuller: float, more: int, freedom: int) -> float:
    """Return the probability of this reduction of a sum of squares by `more` coefficients by chance (F test)."""
    if math.isnan(simpler) or more < 1 or freedom < 1:
        return math.nan
    stats: Any = needed("scipy.stats")
    return float(stats.f.sf(max(0.0, simpler - fuller) / more / (fuller / freedom), more, freedom))


def _containing(ranges: ScalabilityRanges, law: ScalabilityLaw) -> ScalabilityRanges:
    """Return the intervals, extended to the values of a simpler law that the data do not contradict."""
    values = (*law, law.peak_load, law.peak_throughput)
    return ScalabilityRanges(
        *(
            CoefficientRange(min(each.low, value), max(each.high, value))
            for each, value in zip(ranges, values, strict=True)
        )
    )


def lack_p_value(capacity: MeasuredCapacity, errors: ErrorModel, squares: float, coefficients: int) -> float:
    """Compare the deviations of the means of repeated loads with those of the repetitions (F test).

    `squares`: the sum of squared differences of a fit with so many coefficients. NaN: no load was repeated.
    """
    loads, places = np.unique(capacity.loads, return_inverse=True)
    repeated = len(capacity.loads) - len(loads)
    more = len(loads) - coefficients
    if not repeated or more < 1:
        return math.nan
    values = np.log(capacity.throughputs) if errors is ErrorModel.RELATIVE else capacity.throughputs
    means = np.bincount(places, weights=values) / np.bincount(places)
    repetitions = max(float(np.square(values - means[places]).sum()), errors.least_squares(capacity.throughputs))
    return improvement_p_value(squares, repetitions, more, repeated)


def _superlinear(capacity: MeasuredCapacity, fitted: FittedScalability) -> float:
    """Return the probability of the data if contention is not negative, beside a law that may have a negative one."""
    loads, throughputs = capacity.loads, capacity.throughputs
    largest, scale = float(loads.max()), rate_scale(loads, throughputs)
    least = -0.9 / (largest - 1)  # throughputs stay positive

    def law_of(free: Floats) -> ScalabilityLaw:
        return ScalabilityLaw(free[0] * scale, free[1] + least, free[2] / largest**2)

    starts = [np.array([1.0, start - least, 0.1]) for start in (least / 2, 0.05)]
    _, squares = least_law(loads, throughputs, fitted.errors, law_of, starts, (math.inf, 1 - least, math.inf))
    return improvement_p_value(fitted.squares, squares, 1, len(loads) - fitted.kind.coefficients)


def _spread(differences: Floats) -> float:
    """Return the standard deviation of normally distributed differences with this median of their sizes."""
    return float(np.median(np.abs(differences))) * 1.4826


def _number(value: float) -> str:
    return "infinity" if math.isinf(value) else f"{value:.3g}"
