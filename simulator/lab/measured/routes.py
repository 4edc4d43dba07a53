"""Routes of a scenario, and the comparison of their measured and modelled service times.

Two samples always differ a little. A difference is reported if it is larger than chance: another seed brings another
number of requests with other service times, which changes the work that is offered. With Poisson arrivals the sum of n
service times has the relative standard deviation sqrt((1 + cv^2) / n), cv being their coefficient of variation; 2.58
times that is exceeded in 1 % of the cases. A difference of percentiles also requires that their confidence intervals,
given by ranks (order statistics), do not overlap.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from simulator.records.histogram import Histogram
from simulator.report.service_times.part import ServiceTimePart
from simulator.scenario.scenario import ScenarioSpec

NORMAL_99: Final = 2.5758293035489004  # 99 % of a normal distribution are within this many standard deviations
CHANCE_MIN: Final = 0.01  # percentiles of both histograms are within 0.4 %
# The instances' times in real time are read from the event loop's clock, whose resolution is a millisecond.
CLOCK_RESOLUTION_S: Final = 0.001
_HISTOGRAM_RESOLUTION: Final = 0.004
_QUANTILES: Final = {"p50": 0.5, "p95": 0.95}


class Route(NamedTuple):
    """The requests of a service for a path; `path` is empty for all requests. `numbers`: those of its rows."""

    service: str
    path: str
    numbers: Sequence[int]


def routes_of(scenario: ScenarioSpec, service: str) -> list[Route]:
    """Return the route of all requests of a service, then one for each path if there are several."""
    numbers, sources = scenario.numbers, scenario.sources_of(service)
    by_path: dict[str, set[int]] = {}
    for index in sources:
        for kind in numbers.kinds(index):
            by_path.setdefault(kind.path.partition("?")[0], set()).add(kind.number)
    whole = Route(service, "", numbers.of_sources(sources))
    return [whole, *(Route(service, path, sorted(rows)) for path, rows in by_path.items() if len(by_path) > 1)]


def figures_of(times: Histogram) -> ServiceTimePart:
    """Return the figures of a histogram that is not empty."""
    p50_s, p95_s = times.quantiles(tuple(_QUANTILES.values()))
    assert p50_s is not None, "empty"
    assert p95_s is not None, "empty"
    assert times.mean_s is not None, "empty"
    return ServiceTimePart(requests=times.count, p50_s=p50_s, p95_s=p95_s, mean_s=times.mean_s)


def chance_of(times: Histogram) -> float:
    """Return the relative difference that another seed explains, for as many requests as these."""
    values_s, counts = times.buckets.middles_s, times.counts
    mean_s, square_s2 = (float((counts * values_s**power).sum()) / times.count for power in (1, 2))
    if mean_s == 0:
        return CHANCE_MIN
    return max(CHANCE_MIN, NORMAL_99 * math.sqrt(square_s2 / mean_s**2 / times.count))


def differing(measured: Histogram, modelled: Histogram) -> list[str]:
    """Return which of p50, p95 and mean differ by more than chance."""
    ours, theirs, chance = figures_of(measured), figures_of(modelled), chance_of(measured)
    names = []
    for name, quantile in _QUANTILES.items():
        apart = _exceeds(getattr(ours, f"{name}_s"), getattr(theirs, f"{name}_s"), chance)
        if apart and _are_apart(_interval(measured, quantile, CLOCK_RESOLUTION_S), _interval(modelled, quantile, 0.0)):
            names.append(name)
    return [*names, *(["mean"] if _exceeds(ours.mean_s, theirs.mean_s, chance) else [])]


def distance(measured: Histogram, modelled: Histogram) -> float:
    """Return the largest relative difference of p50, p95 and mean, without the resolution of the clock."""
    ours, theirs = figures_of(measured), figures_of(modelled)
    pairs = ((ours.p50_s, theirs.p50_s), (ours.p95_s, theirs.p95_s), (ours.mean_s, theirs.mean_s))
    return max(max(0.0, abs(one - other) - CLOCK_RESOLUTION_S) / max(one, CLOCK_RESOLUTION_S) for one, other in pairs)


def _exceeds(ours_s: float, theirs_s: float, chance: float) -> bool:
    return abs(ours_s - theirs_s) > chance * max(theirs_s, CLOCK_RESOLUTION_S)


def _interval(times: Histogram, quantile: float, resolution_s: float) -> tuple[float, float]:
    """Return the 99 % confidence interval of a quantile; without a bound where the sample is too small for one."""
    middle = quantile * times.count
    half = NORMAL_99 * math.sqrt(middle * (1 - quantile))
    first, last = math.floor(middle - half), math.ceil(middle + half) + 1
    low_s = -math.inf if first < 1 else _at_rank(times, first) * (1 - _HISTOGRAM_RESOLUTION)
    high_s = math.inf if last > times.count else _at_rank(times, last) * (1 + _HISTOGRAM_RESOLUTION)
    return low_s - resolution_s, high_s + resolution_s


def _at_rank(times: Histogram, rank: int) -> float:
    return float(times.buckets.middles_s[int(np.searchsorted(np.cumsum(times.counts), rank))])


def _are_apart(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return one[1] < other[0] or other[1] < one[0]
