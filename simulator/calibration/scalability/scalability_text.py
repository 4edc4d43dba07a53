"""The fit of a scalability law as lines of text."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import assert_never

from simulator.calibration.scalability.intervals import CoefficientRange
from simulator.calibration.scalability.scalability_fit import ScalabilityFit
from simulator.lab.scalability.fit import LawKind


def scalability_lines(fit: ScalabilityFit) -> Iterator[str]:
    """Yield the law, its coefficients with intervals, the tests, the points, and what the data do not tell."""
    law, ranges, kind = fit.chosen.law, fit.ranges, fit.chosen.kind
    yield f"{kind}: throughput(N) = {_formula(fit)}; N = {fit.capacity.load_name}"
    yield ""
    yield f"{'':<16} {'value':>10}   95 % interval"
    values = (*law, law.peak_load, law.peak_throughput)
    names = ("rate", "contention", "coherency", "peak load", "peak throughput")
    for name, value, between in zip(names, values, ranges, strict=True):
        yield f"{name:<16} {_number(value):>10}   {_between(between)}"
    yield ""
    yield f"{'law':<10} {'p against the simpler one':>26}"
    for each in fit.tests:
        yield f"{each.fitted.kind:<10} {'-' if math.isnan(each.p_value) else f'{each.p_value:.2g}':>26}"
    yield ""
    load = fit.capacity.load_name[:12]
    yield f"{load:>12} {'measured':>10} {'modelled':>10} {'difference':>11}"
    rows = zip(fit.capacity.loads, fit.capacity.throughputs, fit.modelled, fit.differences, strict=True)
    for at, measured, modelled, difference in rows:
        yield f"{at:>12g} {measured:>10.5g} {modelled:>10.5g} {difference:>+11.1%}"
    yield ""
    yield from fit.sentences()


def _formula(fit: ScalabilityFit) -> str:
    rate, contention, coherency = map(_number, fit.chosen.law)
    match fit.chosen.kind:
        case LawKind.LINEAR:
            return f"{rate} N"
        case LawKind.AMDAHL:
            return f"{rate} N / (1 + {contention} (N - 1))"
        case LawKind.USL:
            return f"{rate} N / (1 + {contention} (N - 1) + {coherency} N (N - 1))"
        case _:
            assert_never(fit.chosen.kind)


def _between(between: CoefficientRange) -> str:
    if math.isfinite(between.high):
        return f"{_number(between.low)} to {_number(between.high)}"
    return f"{_number(between.low)} or more" if math.isfinite(between.low) else "none"


def _number(value: float) -> str:
    return "none" if math.isinf(value) else f"{value:.{4 if value >= 1000 else 3}g}"
