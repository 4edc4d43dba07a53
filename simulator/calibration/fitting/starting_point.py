"""Starting points of a fit in closed form: CPU time by the utilisation law, capacity by the highest throughput."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np

from simulator.calibration.fitting.candidate import ModelCandidate
from simulator.calibration.fitting.estimation.variants import spread_out
from simulator.calibration.fitting.figures.period_cpu import route_cpu
from simulator.calibration.fitting.fit_stage import FitStage
from simulator.calibration.fitting.laws import Array, Family, TimeLaw
from simulator.calibration.fitting.light_load import alone, fitted_laws
from simulator.lab.extras import needed

# Throughput below this share of the offered rate: the instance was saturated.
_SATURATED: Final = 0.97
# The largest CPU time of a start with evened CPU times, as a share of the latency, and its largest relative spread.
_CPU_MOST: Final = 0.95
_CPU_CV_MOST: Final = 1.0
# Strength of the assumption that the CPU times of routes are in proportion to their latencies.
_RIDGE: Final = 0.02
_BUSIEST: Final = 3  # stages that say how long requests compute under load
_ALONE_FEWEST: Final = 8  # requests from which laws are fitted


class CapacityFigures(NamedTuple):
    """The highest throughput of an instance, and the highest use of its CPUs (NaN: unknown).

    `is_saturated`: more was offered than it served, so the throughput is its capacity.
    """

    throughput_rps: float
    utilization: float
    is_saturated: bool


def capacity(stages: Sequence[FitStage]) -> CapacityFigures:
    """Return the capacity that the stages show."""
    throughput_rps = max(stage.throughput_rps for stage in stages)
    used = [stage.utilization for stage in stages if np.isfinite(stage.utilization)]
    saturated = any(stage.throughput_rps * stage.settled_s < _SATURATED * stage.is_settled.sum() for stage in stages)
    return CapacityFigures(throughput_rps, max(used, default=float("nan")), saturated)


def light_latency_s(stages: Sequence[FitStage], routes: int) -> Array:
    """Return the mean latency of each route at light load."""
    found = [alone(stages, route).latency_s for route in range(routes)]
    overall = np.concatenate(found)
    return np.array([each.mean() if len(each) else overall.mean() for each in found])


def light_laws(stages: Sequence[FitStage], routes: int) -> Iterator[tuple[TimeLaw, TimeLaw]]:
    """Yield the laws of CPU and I/O time of each route from requests that happened to be alone."""
    light_s = light_latency_s(stages, routes)
    cpu_s = cpu_means_s(stages, light_s)
    by_periods = route_cpu(stages, routes)
    for route in range(routes):
        requests = alone(stages, route)
        if len(requests.latency_s) < _ALONE_FEWEST:
            io = TimeLaw(Family.LOGNORMAL, max(float(light_s[route] - cpu_s[route]), 1e-4), 0.4)
            yield TimeLaw(Family.GAMMA, float(cpu_s[route]), 0.4), io
            continue
        likely = fitted_laws(requests, float(cpu_s[route]), stages[0].vcpu, stages[0].quota)
        cpu = spread_out(likely.cpu, Family.GAMMA)
        if by_periods is not None:
            cpu = replace(cpu, cv=cpu.family.within(by_periods.cv))
        yield cpu, spread_out(likely.io, Family.LOGNORMAL)


def cpu_means_s(stages: Sequence[FitStage], light_s: Array) -> Array:
    """Return the mean CPU time of each route, by least squares of the CPU time of periods over their requests; of
    stages, if periods are not known.
    """
    routes = len(light_s)
    by_periods = route_cpu(stages, routes)
    if by_periods is not None:
        return by_periods.means_s
    known = [stage for stage in stages if np.isfinite(stage.cpu_s) and stage.cpu_s > 0]
    if not known:
        return _without_cpu(stages, light_s)
    counts = np.array([_computed(stage, routes) for stage in known])
    used_s = np.array([stage.cpu_s for stage in known])
    weights = 1 / np.sqrt(np.maximum(counts.sum(axis=1), 1.0))
    common = float(used_s.sum() / max(counts.sum(), 1.0))
    mix = counts.sum(axis=0) / max(counts.sum(), 1.0)
    proportional = common * light_s / max(float((mix * light_s).sum()), 1e-12)
    ridge = np.sqrt(_RIDGE * counts.sum() * mix)
    matrix = np.vstack([counts * weights[:, None], np.diag(ridge)])
    target = np.concatenate([used_s * weights, ridge * proportional])
    solved, _ = needed("scipy.optimize").nnls(matrix, target)
    means_s: Array = np.maximum(np.asarray(solved), 1e-5)
    return means_s


def under_load(stages: Sequence[FitStage], laws: Sequence[TimeLaw]) -> list[TimeLaw]:
    """Return the CPU laws of requests that were alone in real time as they are under load: with a common factor, by
    which the stages with the highest use of the CPU used more or less of it.
    """
    means_s = np.array([law.mean_s for law in laws])
    known = [stage for stage in stages if np.isfinite(stage.cpu_s) and stage.cpu_s > 0]
    busiest = sorted(known, key=lambda stage: stage.utilization)[-_BUSIEST:]
    expected_s = sum(float(_computed(stage, len(means_s)) @ means_s) for stage in busiest)
    factor = sum(stage.cpu_s for stage in busiest) / expected_s if expected_s > 0 else 1.0
    return [replace(law, mean_s=law.mean_s * factor) for law in laws]


def _computed(stage: FitStage, routes: int) -> Array:
    """Return how many requests of each route have used their CPU time in the measured part. In an overloaded stage
    these are fewer than those that arrived in it.
    """
    used = stage.is_settled & ~stage.is_rejected
    counts: Array = np.bincount(stage.route[used], minlength=routes)[:routes].astype(np.float64)
    arrived = float(counts.sum())
    if stage.is_overloaded:
        counts *= stage.throughput_rps * stage.settled_s / arrived
    return counts


def _without_cpu(stages: Sequence[FitStage], light_s: Array) -> Array:
    """Return half of the light latency, less if that much CPU time would not allow the highest throughput."""
    found = capacity(stages)
    vcpu = stages[0].vcpu
    largest_s = vcpu / max(found.throughput_rps, 1e-9)
    mean_s = min(0.5 * float(light_s.mean()), largest_s if found.is_saturated else 0.5 * largest_s)
    means_s: Array = mean_s * light_s / float(light_s.mean())
    return means_s


def evened(start: ModelCandidate, mix: Array) -> ModelCandidate:
    """Return the start with CPU times of routes that are closer to each other; their mean by `mix`, the shares of the
    routes, and the sum of the CPU and I/O time of a request stay the same.

    The CPU time of stages says little about single routes, so the CPU times of a start are nearly in proportion to the
    latencies. A route that waits long for I/O has less.
    """
    given = np.array([law.mean_s for law in start.cpu])
    mean_s = float(mix @ given)
    closer = np.sqrt(given * mean_s)
    closer *= mean_s / float(mix @ closer)
    cpu, io = [], []
    for law, rest, closer_s in zip(start.cpu, start.io, closer.tolist(), strict=True):
        whole_s = law.mean_s + rest.mean_s
        cpu_s = min(closer_s, _CPU_MOST * whole_s)
        cpu.append(replace(law, mean_s=cpu_s, cv=law.family.within(min(law.cv, _CPU_CV_MOST))))
        io.append(replace(rest, mean_s=whole_s - cpu_s))
    return replace(start, cpu=tuple(cpu), io=tuple(io))
