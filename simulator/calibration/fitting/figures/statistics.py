"""The figures of a load stage that a fit compares: logarithms of quantiles and means of latency by route, the CPU time
with its differences between seconds, and the share of rejected requests. The same function computes them of the
measurement and of plays.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from simulator.calibration.fitting.figures.period_cpu import PeriodRegression
from simulator.calibration.fitting.fit_stage import FitStage
from simulator.calibration.fitting.laws import Array

# Quantiles of a route's latencies, by the number of its measured requests.
_SHARES: Final = (
    (400, (0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.97)),
    (100, (0.1, 0.3, 0.5, 0.7, 0.9)),
    (24, (0.2, 0.5, 0.8)),
)
# The same of a stage with several routes, and of a saturated one, in which all wait for the same queue: the more
# figures, the more plays are needed for their covariance.
_SHARES_OF_SEVERAL: Final = (
    (400, (0.05, 0.25, 0.5, 0.75, 0.95)),
    (100, (0.1, 0.5, 0.9)),
    (24, (0.5,)),
)
_SHARES_SATURATED: Final = ((24, (0.2, 0.5, 0.8)),)
# Standard deviation of a logarithm below which differences do not matter: a tenth of a percent.
_SAME: Final = 0.001
# Standard deviations of the figures of an overloaded stage that was measured in real time. Its latencies depend on how
# the operating system and the application share what is too little, which no model has; its throughput is a capacity.
_OVERLOADED_LATENCY: Final = 0.5
_OVERLOADED_THROUGHPUT: Final = 0.01
# The same of the CPU time, and of the share of rejected requests, of a saturated instance: moments in which it was not
# saturated are rare, and decide how much they differ between plays.
_SAME_SATURATED: Final = 0.01
# The same of the variance of the CPU time of periods.
_SAME_VARIANCE: Final = 0.02
_NEVER_S: Final = 120.0  # in place of a latency if all requests of a route are rejected


class StageStatistics:
    """Computes the figures of one stage. `floors`: standard deviations of the figures below which differences do not
    matter. `contrasts`: the matrix of their contrasts.
    """

    def __init__(self, stage: FitStage) -> None:
        self._stage = stage
        self._routes: list[tuple[int, Any, tuple[float, ...]]] = []
        present = np.unique(stage.route[stage.is_measured])
        table = _SHARES_SATURATED if stage.is_saturated else _SHARES if len(present) == 1 else _SHARES_OF_SEVERAL
        for route in present:
            # a request that failed has done its work, but its latency was not compared
            places = np.flatnonzero((stage.route == route) & stage.is_settled & ~stage.is_failed)
            count = int((stage.is_measured & (stage.route == route)).sum())
            shares = next((given for least, given in table if count >= least), None)
            if shares is not None:
                self._routes.append((int(route), places, shares))
        self._compared = np.flatnonzero(stage.is_settled & ~stage.is_failed)
        self._has_throughput = stage.is_live and stage.is_overloaded
        self.has_cpu = bool(np.isfinite(stage.cpu_s) and stage.cpu_s > 0)
        self._periods = PeriodRegression(stage, np.unique(stage.route).tolist())
        self.floors = self._floors()
        self.contrasts = self._contrasts()

    @property
    def has_routes(self) -> bool:
        """True if a route has enough requests."""
        return bool(self._routes)

    def measured(self) -> Array:
        """Return the figures of the measurement."""
        stage = self._stage
        latency_s = np.where(stage.is_measured, stage.latency_s, np.nan)
        figures: Array = self.of(latency_s[None, :], np.array([stage.cpu_s]), stage.periods.cpu_s[None, :])[0]
        return figures

    def of(self, latency_s: Array, cpu_s: Array, period_cpu_s: Array) -> Array:
        """Return the figures of plays, a row each."""
        columns: list[Array] = []
        for _, places, shares in self._routes:
            ordered = np.sort(latency_s[:, places], axis=1)  # those without a latency are last
            counts = np.isfinite(ordered).sum(axis=1)
            columns += [np.log(_quantile(ordered, counts, share)) for share in shares]
            mean_s = np.nansum(ordered, axis=1) / np.maximum(counts, 1)
            columns.append(np.log(np.where(counts > 0, mean_s, _NEVER_S)))
        columns.append(np.isnan(latency_s[:, self._compared]).mean(axis=1))
        if self._has_throughput:
            columns.append(self._throughput(latency_s))
        if self.has_cpu:
            columns.append(np.log(np.maximum(cpu_s, 1e-9)))
        if self._periods.is_usable:
            by_route, variance = self._periods.of(period_cpu_s)
            # the total is a figure of its own, so the first route's share follows from those of the others
            columns += [*by_route[:, 1:].T, variance]
        return np.stack(columns, axis=1)

    def _throughput(self, latency_s: Array) -> Array:
        """Return the logarithms of the numbers of requests sent and answered after the warm-up, within the stage."""
        stage, places = self._stage, self._compared
        ended_s = stage.at_s[places] + latency_s[:, places]
        found: Array = np.log(np.maximum((ended_s < stage.duration_s).sum(axis=1), 0.5))
        return found

    def _floors(self) -> Array:
        floors: list[float] = []
        median_s = float(np.median(self._stage.latency_s[self._stage.is_measured]))
        same = _OVERLOADED_LATENCY if self._has_throughput else _SAME + self._stage.resolution_s / median_s
        for *_, shares in self._routes:
            floors += [same] * (len(shares) + 1)
        saturated = self._stage.is_saturated
        floors.append(_SAME_SATURATED if saturated else 0.5 / max(1, len(self._compared)))
        if self._has_throughput:
            floors.append(_OVERLOADED_THROUGHPUT)
        if self.has_cpu:
            floors.append(_SAME_SATURATED if saturated else _SAME)
        if self._periods.is_usable:
            floors += [_SAME] * (self._periods.counts.shape[1] - 1)
            floors.append(_SAME_VARIANCE)
        return np.array(floors)

    def _contrasts(self) -> Array:
        """Return the matrix whose products with the figures are hardly correlated: requests wait for the same ones, so
        quantiles and routes differ between plays together. Its determinant is 1.
        """
        matrix = np.eye(len(self.floors))
        first = 0
        for *_, shares in self._routes:
            for place in range(first + 1, first + len(shares)):
                matrix[place, place - 1] = -1.0
            matrix[first + len(shares), first + len(shares) // 2] = -1.0
            if first:
                matrix[first, 0] = -1.0
            first += len(shares) + 1
        return matrix


def _quantile(ordered: Array, counts: Array, share: float) -> Array:
    """Return a quantile of each row, of its first `counts` values."""
    place = share * np.maximum(counts - 1, 0)
    low = np.floor(place).astype(np.int64)
    high = np.minimum(low + 1, np.maximum(counts - 1, 0)).astype(np.int64)
    rows = np.arange(len(ordered))
    at_low, at_high = ordered[rows, low], ordered[rows, high]
    found = at_low + (place - low) * (at_high - at_low)
    return np.where(counts > 0, np.maximum(found, 1e-9), _NEVER_S)
