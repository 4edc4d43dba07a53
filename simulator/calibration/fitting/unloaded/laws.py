"""The likeliest laws of each route's CPU and I/O time, from requests that were sent one at a time."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from simulator.calibration.fitting.laws import CV_MIN, Family, TimeLaw
from simulator.calibration.fitting.unloaded.columns import TimeColumn
from simulator.calibration.fitting.unloaded.samples import RouteSamples, UnloadedSamples
from simulator.lab.extras import needed

_EVALUATIONS: Final = 60


class LikelyLaw(NamedTuple):
    """The likeliest law of a family, and its log-likelihood."""

    law: TimeLaw
    log_likelihood: float


class UnloadedLaws(NamedTuple):
    """The laws of a route, the likeliest of each family, with the likeliest family first."""

    cpu: list[LikelyLaw]
    io: list[LikelyLaw]


def unloaded_laws(samples: UnloadedSamples) -> list[UnloadedLaws]:
    """Return the laws of each route. With a pool, the I/O law contains the time with a connection."""
    return [_of_route(route) for route in samples.routes]


def _of_route(samples: RouteSamples) -> UnloadedLaws:
    if len(samples.cpu_s) and len(samples.rest_s):
        return UnloadedLaws(*(likely_laws(TimeColumn(times)) for times in (samples.cpu_s, samples.rest_s)))
    # what is CPU and what is I/O is for the stages to say
    whole = likely_laws(TimeColumn(samples.latency_s))[0].law
    half = dataclasses.replace(whole, mean_s=whole.mean_s / 2, cv=whole.family.within(whole.cv * math.sqrt(2)))
    return UnloadedLaws([LikelyLaw(half, 0.0)], [LikelyLaw(half, 0.0)])


def likely_laws(column: TimeColumn) -> list[LikelyLaw]:
    """Return the likeliest law of each family for the times of a column, the likeliest first."""
    if column.cv < CV_MIN:
        return [LikelyLaw(TimeLaw(Family.CONSTANT, column.mean_s), 0.0)]
    return sorted(_of_families(column), key=lambda each: -each.log_likelihood)


def _of_families(column: TimeColumn) -> Iterator[LikelyLaw]:
    for family in Family:
        low, high = family.cv_range
        if family is not Family.CONSTANT and 0.7 * low <= column.cv <= 1.4 * high:
            yield _of_family(column, family)


def _of_family(column: TimeColumn, family: Family) -> LikelyLaw:
    def law(point: Sequence[float]) -> TimeLaw:
        return TimeLaw(family, math.exp(point[0]), family.within(math.exp(point[1])))

    start = [math.log(column.mean_s), math.log(family.within(column.cv))]
    steps = max(0.02, column.cv / math.sqrt(column.count)), 0.1
    simplex = [start, [start[0] + steps[0], start[1]], [start[0], start[1] + steps[1]]]
    options = {"maxfev": _EVALUATIONS, "xatol": 0.002, "fatol": 0.02, "initial_simplex": simplex}
    found = needed("scipy.optimize").minimize(
        lambda point: -column.log_likelihood(law(point)), start, method="Nelder-Mead", options=options
    )
    return LikelyLaw(law(found.x), -float(found.fun))
