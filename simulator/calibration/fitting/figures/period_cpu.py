"""The CPU time of routes from periods of a second, by the requests of each route that arrived in each period.

The totals of a few stages cannot tell the CPU times of routes apart, if each has the same share of all stages. In
periods of a second the shares differ by chance: least squares over the periods find the mean CPU time of each route
about as well as if it had been measured for each request, and what is left varies with the spread of the CPU time.

Only of simulated services: on a real machine the CPU time of a second also depends on caches, checks and whatever else
runs, by more than the routes differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from simulator.calibration.fitting.fit_stage import FitStage
from simulator.calibration.fitting.laws import Array
from simulator.lab.extras import needed

_PERIODS_MIN: Final = 6  # for each route
_VARIANCE_MIN: Final = 1e-4  # in squared mean CPU times: variances below it do not differ
# A first estimate of the spread of the CPU time is kept in this range of coefficients of variation.
_CV_RANGE: Final = (0.15, 1.5)


class PeriodRegression:
    """The regression of one stage. Arrivals are the same in the measurement and in plays, so it is the same linear
    function of the CPU times of periods in both.
    """

    def __init__(self, stage: FitStage, routes: Sequence[int]) -> None:
        periods = stage.periods
        self.counts = _arrivals(stage, routes)
        self._weights = 1 / np.sqrt(np.maximum(self.counts.sum(axis=1), 1.0))
        self._design = self.counts * self._weights[:, None]
        is_enough = len(periods.cpu_s) >= _PERIODS_MIN * len(routes) and bool((self.counts.sum(axis=0) > 0).all())
        is_comparable = not stage.is_live and not stage.is_saturated
        self.is_usable = is_enough and is_comparable and float(periods.cpu_s.sum()) > 0
        if self.is_usable:
            self._scale_s = float(periods.cpu_s.sum() / self.counts.sum())
            self._solve = np.linalg.pinv(self._design)

    def of(self, period_cpu_s: Array) -> tuple[Array, Array]:
        """Return, a row for each play, the CPU time of each route in units of the mean of the measurement, and the
        logarithm of the variance of what is left.
        """
        weighted = period_cpu_s * (self._weights / self._scale_s)
        found = weighted @ self._solve.T
        left = weighted - found @ self._design.T
        return found, np.log((left**2).mean(axis=1) + _VARIANCE_MIN)


class RouteCpu(NamedTuple):
    """First estimates: the mean CPU time of each route, and the coefficient of variation of all of them."""

    means_s: Array
    cv: float


def route_cpu(stages: Sequence[FitStage], routes: int) -> RouteCpu | None:
    """Return the CPU times of the routes by least squares over the periods of all stages that are not saturated; None
    if the periods are too few, or of real time.
    """
    used = [stage for stage in stages if not stage.is_live and not stage.is_saturated and len(stage.periods.cpu_s)]
    if not used:
        return None
    counts = np.concatenate([_arrivals(stage, range(routes)) for stage in used])
    cpu_s = np.concatenate([stage.periods.cpu_s for stage in used])
    if len(cpu_s) < _PERIODS_MIN * routes or not (counts.sum(axis=0) > 0).all() or not cpu_s.sum() > 0:
        return None
    weights = 1 / np.sqrt(np.maximum(counts.sum(axis=1), 1.0))
    means_s, _ = needed("scipy.optimize").nnls(counts * weights[:, None], cpu_s * weights)
    left = (cpu_s - counts @ means_s) * weights
    expected = float((counts * weights[:, None] ** 2 @ means_s**2).sum())
    cv = float(np.sqrt((left**2).sum() / max(expected, 1e-30)))
    return RouteCpu(np.maximum(means_s, 1e-5), min(max(cv, _CV_RANGE[0]), _CV_RANGE[1]))


def _arrivals(stage: FitStage, routes: Sequence[int]) -> Array:
    """Return how many requests of each route arrived in each period, a row for each period."""
    counts = []
    for route in routes:
        at_s = stage.at_s[stage.route == route]
        counts.append(np.searchsorted(at_s, stage.periods.ends_s) - np.searchsorted(at_s, stage.periods.begins_s))
    arrived: Array = np.stack(counts, axis=1).astype(np.float64)
    return arrived
