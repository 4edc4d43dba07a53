"""The laws of a route's CPU and I/O time from requests that were alone in the instance: they waited for nothing.

The latency of such a request is the sum of its CPU and I/O time. The mean CPU time is known (from the CPU that the
instance used), so the families and spreads of both are found by maximum likelihood, over bins of the latency.

A long request is less often alone than a short one: with Poisson arrivals of rate r, a request of t seconds has the
probability exp(-r t) that none arrives during it. The likelihood contains this factor.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np

from simulator.calibration.fitting.fit_stage import FitStage, Mask
from simulator.calibration.fitting.laws import CV_MIN, Array, Family, TimeLaw
from simulator.lab.extras import needed
from simulator.rules.stations.cpu_quota import CpuQuota

# Requests of a route that were alone, from which laws are found. Those of whole stages have waited for others, so they
# are used only if fewer were alone.
_ALONE_FEW: Final = 30
_LIGHTEST_MIN: Final = 24  # requests of whole stages from which laws are found
_BINS: Final = 64
_CPU_POINTS: Final = 48
_PHASES: Final = 6
_CPU_FAMILIES: Final = (Family.GAMMA, Family.LOGNORMAL, Family.CONSTANT, Family.UNIFORM, Family.HYPEREXPONENTIAL)
_IO_FAMILIES: Final = (
    *(Family.LOGNORMAL, Family.GAMMA, Family.WEIBULL, Family.UNIFORM, Family.CONSTANT),
    *(Family.HYPEREXPONENTIAL, Family.PARETO),
)


class AloneRequests(NamedTuple):
    """Latencies of a route's requests, and the rate of arrivals during each (0: its length had no influence)."""

    latency_s: Array
    rate_rps: Array


class RouteLaws(NamedTuple):
    """Laws of a route's CPU and I/O time, and their log-likelihood less the penalty of their parameters (BIC)."""

    cpu: TimeLaw
    io: TimeLaw
    evidence: float


def alone(stages: Sequence[FitStage], route: int) -> AloneRequests:
    """Return the requests of a route that were alone, of all stages; if they are too few, all requests of the route in
    the stages with the least load, as many as are needed.
    """
    latencies: list[Array] = []
    rates: list[Array] = []
    for stage in stages:
        chosen = _is_alone(stage) & stage.is_measured & (stage.route == route)
        latencies.append(stage.latency_s[chosen])
        rates.append(np.full(int(chosen.sum()), stage.rate_rps))
    latency_s, rate_rps = np.concatenate(latencies), np.concatenate(rates)
    if len(latency_s) >= _ALONE_FEW:
        return AloneRequests(latency_s, rate_rps)
    lightest: list[Array] = []
    for stage in sorted(stages, key=lambda stage: stage.rate_rps):
        lightest.append(stage.latency_s[stage.is_measured & (stage.route == route)])
        if sum(map(len, lightest)) >= _LIGHTEST_MIN:
            break
    latency_s = np.concatenate(lightest)
    return AloneRequests(latency_s, np.zeros(len(latency_s)))


def _is_alone(stage: FitStage) -> Mask:
    """Return which requests began when no other was in progress, and ended before the next one."""
    if not len(stage.at_s):
        return np.zeros(0, np.bool_)
    ends_s = np.where(stage.is_rejected, stage.at_s, stage.at_s + stage.latency_s)
    earlier_s = np.concatenate(([-np.inf], np.maximum.accumulate(ends_s)[:-1]))
    next_s = np.concatenate((stage.at_s[1:], [np.inf]))
    alone_: Mask = (stage.at_s > earlier_s) & (ends_s < next_s)
    return alone_


def fitted_laws(requests: AloneRequests, cpu_mean_s: float, vcpu: float, quota: CpuQuota | None) -> RouteLaws:
    """Return the likeliest laws of a route."""
    fit = _Fit(requests, cpu_mean_s, vcpu, quota)
    found = [fit.best(Family.GAMMA, io) for io in _IO_FAMILIES]
    best_io = max(found, key=lambda laws: laws.evidence).io.family
    found += [fit.best(cpu, best_io) for cpu in _CPU_FAMILIES if cpu is not Family.GAMMA]
    return max(found, key=lambda laws: laws.evidence)


class _Fit:
    def __init__(self, requests: AloneRequests, cpu_mean_s: float, vcpu: float, quota: CpuQuota | None) -> None:
        self._cpu_mean_s = cpu_mean_s
        self._vcpu, self._quota = vcpu, quota
        self._count = len(requests.latency_s)
        shares = np.linspace(0.0, 1.0, min(_BINS, max(8, self._count // 8)) + 1)
        self._edges = np.unique(np.quantile(requests.latency_s, shares))
        if len(self._edges) < 2:  # all latencies are equal
            self._edges = self._edges[0] * np.array([0.999, 1.001])
        self._middles = (self._edges[1:] + self._edges[:-1]) / 2
        # the outer bins contain what is beyond the shortest and longest latency
        self._edges[0], self._edges[-1] = 0.0, np.inf
        self._groups = []
        for rate_rps in np.unique(requests.rate_rps):
            own = requests.latency_s[requests.rate_rps == rate_rps]
            self._groups.append((float(rate_rps), np.histogram(own, self._edges)[0].astype(np.float64)))
        self._mean_s = float(requests.latency_s.mean())
        self._cv = float(requests.latency_s.std() / self._mean_s)
        self._shares = (np.arange(_CPU_POINTS) + 0.5) / _CPU_POINTS

    def best(self, cpu: Family, io: Family) -> RouteLaws:
        """Return the likeliest laws of two families."""
        wall_s = float(self._wall_s(np.array([self._cpu_mean_s])).mean())
        io_s = max(self._mean_s - wall_s, 0.05 * self._mean_s)
        spread = max(self._cv * self._mean_s / io_s, CV_MIN)
        starts = list(_starts(spread, cpu, io))
        best: tuple[float, TimeLaw, TimeLaw] | None = None
        parameters = 1 + (cpu is not Family.CONSTANT) + (io is not Family.CONSTANT)
        for cpu_cv, io_cv in starts:
            free = [math.log(io_s)]
            free += [math.log(cpu_cv)] if cpu is not Family.CONSTANT else []
            free += [math.log(io_cv)] if io is not Family.CONSTANT else []

            def cost(point: Sequence[float]) -> float:
                return -self._log_likelihood(*self._laws(cpu, io, point))

            found = needed("scipy.optimize").minimize(
                cost, free, method="Nelder-Mead", options={"maxfev": 120, "xatol": 0.003, "fatol": 0.05}
            )
            if best is None or -found.fun > best[0]:
                best = (-float(found.fun), *self._laws(cpu, io, found.x))
        assert best is not None, starts
        return RouteLaws(best[1], best[2], best[0] - parameters * math.log(max(self._count, 2)) / 2)

    def _laws(self, cpu: Family, io: Family, point: Sequence[float]) -> tuple[TimeLaw, TimeLaw]:
        values = [math.exp(min(max(float(each), -30.0), 5.0)) for each in point]
        io_s, rest = values[0], values[1:]
        cpu_cv = rest.pop(0) if cpu is not Family.CONSTANT else 0.0
        io_cv = rest.pop(0) if io is not Family.CONSTANT else 0.0
        return TimeLaw(cpu, self._cpu_mean_s, cpu.within(cpu_cv)), TimeLaw(io, io_s, io.within(io_cv))

    def _log_likelihood(self, cpu: TimeLaw, io: TimeLaw) -> float:
        walls_s = self._wall_s(cpu.quantiles(self._shares))
        below = io.share_below(self._edges[None, :] - walls_s[:, None]).mean(axis=0)
        shares = np.maximum(np.diff(below), 1e-9)
        total = 0.0
        for rate_rps, counts in self._groups:
            weighted = shares * np.exp(-rate_rps * self._middles)
            total += float((counts * np.log(weighted / weighted.sum())).sum())
        return total

    def _wall_s(self, cpu_s: Array) -> Array:
        """Return how long these CPU times last for a request alone, at several phases of the quota's period."""
        quota = self._quota
        if quota is None:
            return cpu_s / min(1.0, self._vcpu)
        allowed_s = min(self._vcpu * quota.period_s, quota.period_s)
        phases_s = (np.arange(_PHASES) + 0.5) / _PHASES * quota.period_s
        cpu, phase = (each.ravel() for each in np.meshgrid(cpu_s, phases_s))
        first_s = np.minimum(quota.period_s - phase, allowed_s)
        rest_s = cpu - first_s
        whole = np.maximum(np.ceil(rest_s / allowed_s) - 1, 0)
        later_s = (quota.period_s - phase) + whole * quota.period_s + (rest_s - whole * allowed_s)
        return np.where(rest_s <= 0, cpu, later_s)


def _starts(spread: float, cpu: Family, io: Family) -> Iterator[tuple[float, float]]:
    """Yield spreads of CPU and I/O time to begin with."""
    yield cpu.within(0.3), io.within(spread)
    if cpu is not Family.CONSTANT:
        yield cpu.within(1.0), io.within(0.5 * spread)
