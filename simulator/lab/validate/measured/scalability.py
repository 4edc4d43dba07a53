"""Throughput of whole computers by their load, and the Universal Scalability Law (facts validation-2 V15).

Gunther's law is throughput(N) = rate N / (1 + contention (N - 1) + coherency N (N - 1)). Each data set is fitted by
least squares. Then N users without think time call a downstream resource that has the fitted coefficients, and the
simulated throughputs are fitted in the same way: the resource must have the law that it was given.
"""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Sequence
from functools import partial
from typing import Final, NamedTuple

import numpy as np

from simulator.lab.scalability.fit import fitted_scalability
from simulator.lab.scalability.law import Floats, ScalabilityLaw
from simulator.lab.validate.case import Case, Curve, Evidence, Finding, Subject
from simulator.lab.validate.ground_truth import rows
from simulator.lab.validate.measured.played import PlayedScenario

SOURCE: Final = "smoeding/usl 3.0.3; N. J. Gunther; SPEC SDM91; BRL-CAD"
_WARM_UP_S: Final = 100.0
_END_S: Final = 1100.0
# A call that is alone takes a second, so that the least pause of a user, 1 ms, does not matter. The data's own unit of
# time does not matter either.
_CALL_S: Final = 1.0


class DataSet(NamedTuple):
    """A data set: name, file, column of the load, and the published coefficients with their tolerances."""

    name: str
    file: str
    load: str
    rate: tuple[float, float]
    contention: tuple[float, float]
    coherency: tuple[float, float]


# The tolerances of SPEC SDM91 are its standard errors. Those of the ray tracer are the digits of the sheet: its
# coherency cannot be identified, because the best fit would be negative.
SPEC_SDM91: Final = DataSet("SPEC SDM91", "usl/specsdm91.csv", "load", (90.0, 14.0), (0.0277, 0.009), (1.04e-4, 0.2e-4))
RAY_TRACER: Final = DataSet("ray tracer", "usl/raytracer.csv", "processors", (21.9, 0.1), (0.058, 0.001), (0.0, 1e-6))
DATA_SETS: Final = (SPEC_SDM91, RAY_TRACER)


def measured(data: DataSet) -> tuple[Floats, Floats]:
    """Return the loads and the throughputs of a data set."""
    found = rows(data.file)
    loads = np.array([float(row[data.load]) for row in found])
    return loads, np.array([float(row["throughput"]) for row in found])


def fitted(loads: Floats, throughputs: Floats) -> ScalabilityLaw:
    """Return the law with the least sum of squares, no coefficient negative."""
    return fitted_scalability(loads, throughputs).law


@functools.cache
def simulated(data: DataSet) -> tuple[Floats, Floats]:
    """Play users without think time for each load. Return the loads and the throughputs, in the unit of the data."""
    loads, throughputs = measured(data)
    law = fitted(loads, throughputs)
    rates = [_played_rps(int(load), law) * _CALL_S * law.rate for load in loads]
    return loads, np.array(rates)


def _played_rps(users: int, law: ScalabilityLaw) -> float:
    played = PlayedScenario(f"""
duration: {_END_S:g}s
services:
  computer:
    max_concurrency: 200
    min_size: 2
    max_size: 2
    policy: fixed
    overflow: {{mode: queue, wait: 60s}}
    application:
      simulated: {{}}
      downstream:
        work:
          connections: {2 * users}
          pool: {users}
          service: {_CALL_S:g}s
          contention: {law.contention * 100:.9g} %
          coherency: {law.coherency * 100:.9g} %
traffic:
  - closed: {{users: {users}, begin: request}}
""")
    ends = played.intended_s + played.latency_s
    return float(((ends >= _WARM_UP_S) & (ends < _END_S)).sum()) / (_END_S - _WARM_UP_S)


def findings() -> list[Finding]:
    """Return the findings of case V15: the coefficients of the data, and of the simulated throughputs."""
    found = []
    for data in DATA_SETS:
        of_data, of_run = fitted(*measured(data)), fitted(*simulated(data))
        for name, (expected, tolerance), first, second in zip(
            ("throughput of one", "contention", "coherency"),
            (data.rate, data.contention, data.coherency),
            of_data,
            of_run,
            strict=True,
        ):
            found.append(Finding(f"{data.name}: {name}, data", expected, first, tolerance))
            found.append(Finding(f"{data.name}: {name}, simulated", expected, second, tolerance))
    return found


def curves() -> Sequence[Curve]:
    """Return the curves of case V15: throughput by load."""
    return [
        Curve(f"Scalability: {data.name}", data.load, "throughput", _points(*measured(data)), _points(*simulated(data)))
        for data in DATA_SETS
    ]


def _points(loads: Floats, throughputs: Floats) -> tuple[tuple[float, float], ...]:
    return tuple(zip(loads.tolist(), throughputs.tolist(), strict=True))


def cases() -> list[Case]:
    """Return case V15; none without scipy, which fits the law."""
    if importlib.util.find_spec("scipy") is None:
        return []
    case = partial(Case, source=SOURCE, subject=Subject.THEORY, evidence=Evidence.THEORY, dated="2013")
    return [
        case(
            "V15",
            "Universal Scalability Law",
            run=findings,
            set_up="Throughput of a computer with 16 CPUs by 1 to 216 users, of a ray tracer by 1 to 64 processors. "
            "Published coefficients within one standard error, for the data and for a simulated resource with them.",
            curves=curves,
        )
    ]
