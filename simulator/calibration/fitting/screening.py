"""Which structures come into question: each is played with the laws of light load and compared roughly.

A structure's limits are searched from closed-form estimates: workers by Little's law at the highest throughput, the
time with a lock or a pooled connection by its size over the highest throughput.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np

from simulator.calibration.fitting.candidate import ModelCandidate
from simulator.calibration.fitting.estimation.variants import has_same_mechanisms
from simulator.calibration.fitting.laws import Array, Family, TimeLaw
from simulator.calibration.fitting.likelihood import Likelihood
from simulator.calibration.fitting.starting_point import CapacityFigures

# Differences of logarithms: below the first they are chance, beyond the second no further distinction is made.
_CHANCE: Final = 0.04
_DIFFERENCE_MAX: Final = 1.5
_RIVAL: Final = 2.0  # a variant that is this much further from the measurement than the nearest is not refined
_NEAR: Final = 1.5  # distance of a structure that explains the measurement with the laws of light load
_POOLS: Final = (1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 25, 32, 40, 50, 64, 80, 100)
_POOL_SPREADS: Final = (0.3, 1.0)
_POOL_USES: Final = (1.0, 0.85)  # of the pool at the highest throughput, if something else may saturate the instance
_WORKERS_MAX: Final = 200
_CPU_BOUND: Final = 0.93  # use of the CPU above which it is what saturates the instance
_VISITS: Final = (2, 4, 8)  # of requests of an event loop in real time
_CONTENTION: Final = 0.03
_COHERENCY: Final = 0.002


class Screened(NamedTuple):
    """A candidate and how far the modelled figures are from the measured ones."""

    candidate: ModelCandidate
    distance: float


class Screening:
    """Plays variants of candidates with a few plays of each stage."""

    def __init__(self, likelihood: Likelihood, found: CapacityFigures, plays: Sequence[int]) -> None:
        self._likelihood = likelihood
        self._found = found
        self._plays = plays
        self._knows_rest = likelihood.unloaded is not None
        self._is_live = any(stage.is_live for stage in likelihood.stages)
        self._cores = max(1, *(0 if stage.quota is None else stage.quota.cores for stage in likelihood.stages))

    def distance(self, candidate: ModelCandidate) -> float:
        """Return how far the modelled figures are from the measured ones, by figure, in units of chance."""
        total, count = 0.0, 0
        figures = self._likelihood.figures(candidate, self._plays)
        likelihood = self._likelihood
        for values, measured, statistics in zip(figures, likelihood.measured, likelihood.statistics, strict=True):
            apart = np.minimum(np.abs(values.mean(axis=0) - measured), _DIFFERENCE_MAX)
            total += float((np.sqrt(1 + (apart / np.hypot(_CHANCE, statistics.floors)) ** 2) - 1).sum())
            count += len(measured)
        return total / count

    def screened(self, candidate: ModelCandidate) -> Screened:
        """Return the candidate with its distance."""
        return Screened(candidate, self.distance(candidate))

    @property
    def _may_have_pool(self) -> bool:
        """A pool or lock is seen by saturation without all of the CPU. It is tried if nothing simpler is near: on first
        use its code is compiled, which takes half a minute.
        """
        return self._found.is_saturated and not self._found.utilization > _CPU_BOUND

    def extensions(
        self, base: ModelCandidate, vcpu: float, near: float = math.inf, *, with_pools: bool = False
    ) -> list[Screened]:
        """Return the base with each mechanism that it lacks, its limit chosen by distance; the nearest first. `near`:
        distance of a candidate that is known already. `with_pools`: pools are tried whatever the others give.
        """
        found = [self.screened(each) for each in self._plain(base, vcpu)]
        if base.structure.workers is None:
            found.append(self._with_workers(base))
        if base.structure.is_first_come and base.structure.visits == 1 and self._is_live:
            structures = (dataclasses.replace(base.structure, visits=visits) for visits in _VISITS)
            several = (self.screened(dataclasses.replace(base, structure=each)) for each in structures)
            found.append(min(several, key=_distance))
        nearest = min([near, *(each.distance for each in found)])
        if base.structure.pool is None and (with_pools or (self._may_have_pool and nearest > _NEAR)):
            found += self._with_pool(base)
        return sorted(found, key=lambda each: each.distance)

    def _plain(self, base: ModelCandidate, vcpu: float) -> Iterator[ModelCandidate]:
        structure = base.structure
        replace = dataclasses.replace
        if not structure.is_first_come:
            yield replace(base, structure=replace(structure, is_first_come=True, parallelism=1))
            fewer = range(1, max(math.ceil(vcpu), self._cores)) if structure.parallelism is None else ()
            for parallelism in fewer:
                yield replace(base, structure=replace(structure, parallelism=parallelism))
        if not structure.is_contended and structure.parallelism is None:
            yield replace(base, structure=replace(structure, is_contended=True), contention=_CONTENTION)
        if not structure.is_coherent and structure.parallelism is None:
            yield replace(base, structure=replace(structure, is_coherent=True), coherency=_COHERENCY)

    def _with_workers(self, base: ModelCandidate) -> Screened:
        """Search the number of workers around what Little's law says for the highest throughput."""
        mix = self.mix
        busy_s = float(
            sum(share * (cpu.mean_s + io.mean_s) for share, cpu, io in zip(mix, base.cpu, base.io, strict=True))
        )
        busy_s += base.call.mean_s if base.call is not None else 0.0
        middle = max(1.0, self._found.throughput_rps * busy_s)

        def of(workers: int) -> ModelCandidate:
            return dataclasses.replace(base, structure=dataclasses.replace(base.structure, workers=workers))

        grid = {round(middle * factor) for factor in (0.5, 0.7, 0.85, 1.0, 1.2, 1.5, 2.0, 3.0, 5.0)} | {1, 2, 4}
        return self._searched(of, sorted({min(max(1, each), _WORKERS_MAX) for each in grid}))

    def _searched(self, of: Callable[[int], ModelCandidate], grid: list[int]) -> Screened:
        """Return the best on the grid, refined by halving the distances to its neighbours."""
        known = {each: self.screened(of(each)) for each in grid}
        while True:
            numbers = sorted(known)
            best = min(numbers, key=lambda each: known[each].distance)
            place = numbers.index(best)
            beside = [numbers[each] for each in (place - 1, place + 1) if 0 <= each < len(numbers)]
            between = {(best + other) // 2 if other > best else (best + other + 1) // 2 for other in beside}
            fresh = [each for each in between if each not in known]
            if not fresh:
                return known[best]
            known |= {each: self.screened(of(each)) for each in fresh}

    def _with_pool(self, base: ModelCandidate) -> list[Screened]:
        """Try sizes of a pool whose connections would be busy all the time at the highest throughput, for all routes
        and for each route alone.
        """
        mix = self.mix
        subsets: list[tuple[int, ...]] = [(), *((route,) for route in range(len(mix)) if len(mix) > 1)]
        return sorted((each for subset in subsets for each in self._pools(base, subset, mix)), key=_distance)[:2]

    def _pools(self, base: ModelCandidate, routes: tuple[int, ...], mix: Array) -> Iterator[Screened]:
        users = routes or tuple(range(len(mix)))
        throughput_rps = self._found.throughput_rps * float(mix[list(users)].sum())
        shortest_s = min(base.io[route].mean_s for route in users)
        for pool, used in itertools.product(_POOLS, _POOL_USES if self._knows_rest else _POOL_USES[:1]):
            call_s = used * pool / throughput_rps
            if call_s > 0.98 * shortest_s:
                break
            for spread in _POOL_SPREADS:
                call = TimeLaw(Family.LOGNORMAL, call_s, spread)
                if self._knows_rest and any(call.sd_s > base.io[route].sd_s for route in users):
                    continue  # the sum would vary more than it does
                io = tuple(
                    (_without(law, call) if self._knows_rest else _less(law, call_s)) if route in users else law
                    for route, law in enumerate(base.io)
                )
                structure = dataclasses.replace(base.structure, pool=pool, pool_routes=routes)
                yield self.screened(dataclasses.replace(base, structure=structure, io=io, call=call))

    @property
    def mix(self) -> Array:
        """The shares of the routes in the measured requests."""
        routes = np.concatenate([stage.route[stage.is_measured] for stage in self._likelihood.stages])
        counts = np.bincount(routes).astype(np.float64)
        mix: Array = counts / counts.sum()
        return mix


def nearest_of(variants: Sequence[Screened], count: int) -> list[Screened]:
    """Return the nearest, without those that are much further than the nearest."""
    ordered = sorted(variants, key=lambda each: each.distance)[:count]
    return [each for each in ordered if each.distance < ordered[0].distance + _RIVAL]


def one_of_each(variants: Sequence[Screened]) -> list[Screened]:
    """Return the nearest variant with each combination of mechanisms: other limits of the best are tried later."""
    kept: list[Screened] = []
    for each in sorted(variants, key=lambda each: each.distance):
        if not any(has_same_mechanisms(each.candidate, other.candidate) for other in kept):
            kept.append(each)
    return kept


def _less(law: TimeLaw, by_s: float) -> TimeLaw:
    """Return the law of what is left of a time when a part of it is modelled otherwise."""
    left_s = max(law.mean_s - by_s, 0.02 * law.mean_s)
    return dataclasses.replace(law, mean_s=left_s)


def _without(law: TimeLaw, part: TimeLaw) -> TimeLaw:
    """Return the law of what is left of a time when a part of it, that is independent of the rest, is modelled
    otherwise.
    """
    left = _less(law, part.mean_s)
    sd_s = math.sqrt(max(law.sd_s**2 - part.sd_s**2, (0.1 * law.sd_s) ** 2))
    return dataclasses.replace(left, cv=law.family.within(sd_s / left.mean_s))


def _distance(screened: Screened) -> float:
    return screened.distance
