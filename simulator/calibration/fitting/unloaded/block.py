"""The part of the likelihood that requests sent one at a time add: residuals of each route's times, without a play.

The CPU times of a route are compared with its CPU law, the rest of the latencies with its I/O law; with a pool or lock,
with the sum of I/O time and the time with a connection. If the CPU times were not measured, the latencies are compared
with the sum of all.

In real time a request that is alone computes longer than one under load, because caches are cold and processors wake
up. So there the mean times of all routes have a common factor of their own; what is compared without it are the ratios
between the routes, and the shapes of the laws.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np

from simulator.calibration.fitting.candidate import ModelCandidate
from simulator.calibration.fitting.laws import Array, TimeLaw
from simulator.calibration.fitting.unloaded.columns import TimeColumn
from simulator.calibration.fitting.unloaded.samples import UnloadedSamples

_FEWEST: Final = 12
# ASSUMPTION: standard deviation of the common factor between mean CPU times alone and under load; pairs of both, of the
# applications of benchmarks/calibration_live, would settle it.
_CPU_FACTOR: Final = 0.2
# ASSUMPTION: the same of the rest of the latencies, which contains wake-ups of threads and of the client.
_REST_FACTOR: Final = 0.05
_ROUTE_VARIES: Final = 0.03  # of a route's own mean, in real time
_SHAPE_VARIES: Final = 0.1  # of relative spreads, in real time


class _Part(NamedTuple):
    """A column with the route and what it is compared with."""

    column: TimeColumn
    route: int
    has_cpu: bool
    has_rest: bool

    def laws(self, candidate: ModelCandidate) -> list[TimeLaw]:
        laws = [candidate.cpu[self.route]] if self.has_cpu else []
        if self.has_rest:
            laws.append(candidate.io[self.route])
            if candidate.call is not None and candidate.structure.uses_pool(self.route):
                laws.append(candidate.call)
        return laws


class UnloadedBlock:
    """Compares candidates with the samples of all routes."""

    def __init__(self, samples: UnloadedSamples) -> None:
        self._is_live = samples.is_live
        self._parts = list(_parts(samples))
        self._means = list(self._groups()) if self._is_live else []
        shapes = sum(len(part.column.roots) for part in self._parts)
        self.size = shapes + sum(len(part.column.roots) > 0 for rows in self._means for part in rows.parts)

    def _groups(self) -> Iterator[_MeanRows]:
        """Yield the rows of CPU times and of the others. A model whose requests compute less than one that is alone has
        the difference in its I/O time, so that of the rest may be longer by as much.
        """
        cpu_s = {part.route: part.column.mean_s for part in self._parts if part.has_cpu and not part.has_rest}
        for has_cpu in (True, False):
            group = [part for part in self._parts if part.has_cpu == has_cpu]
            if has_cpu:
                factors = [_CPU_FACTOR for _ in group]
            else:
                factors = [
                    _REST_FACTOR + _CPU_FACTOR * cpu_s.get(part.route, 0.0) / part.column.mean_s for part in group
                ]
            if group:
                yield _MeanRows(group, np.array(factors))

    def residuals(self, candidate: ModelCandidate) -> Array:
        """Return measurement less model, in standard deviations of chance."""
        found = []
        for part in self._parts:
            laws = part.laws(candidate)
            factor = part.column.mean_s / _mean_s(laws) if self._is_live else 1.0
            found.append(self._weight(part) * part.column.residuals(laws, factor))
        found += [rows.residuals(candidate) for rows in self._means]
        return np.concatenate(found)

    def _weight(self, part: _Part) -> float:
        """Return the weight of a shape: in real time it is not known better than it varies."""
        return 1 / math.sqrt(1 + 2 * _SHAPE_VARIES**2 * part.column.count) if self._is_live else 1.0

    def noise(self, rng: np.random.Generator, count: int) -> Array:
        """Return residuals of other measurements of the same service, a row each."""
        blocks = []
        for part in self._parts:
            drawn = rng.standard_normal((count, len(part.column.roots)))
            # the shares of a column have the sum 1
            blocks.append(drawn - np.outer(drawn @ part.column.roots, part.column.roots))
        more = self.size - sum(block.shape[1] for block in blocks)
        return np.concatenate([*blocks, rng.standard_normal((count, more))], axis=1)


class _MeanRows:
    """The mean times of several columns, with a factor that they have in common. `factors`: its standard deviation."""

    def __init__(self, parts: Sequence[_Part], factors: Array) -> None:
        self.parts = parts
        own = np.array([part.column.cv**2 / part.column.count + _ROUTE_VARIES**2 for part in parts])
        self._root = np.linalg.inv(np.linalg.cholesky(np.diag(own) + np.outer(factors, factors)))

    def residuals(self, candidate: ModelCandidate) -> Array:
        apart = [math.log(part.column.mean_s / _mean_s(part.laws(candidate))) for part in self.parts]
        found: Array = self._root @ np.array(apart)
        return found


def _parts(samples: UnloadedSamples) -> Iterator[_Part]:
    for route, given in enumerate(samples.routes):
        if len(given.cpu_s) >= _FEWEST:
            yield _Part(TimeColumn(given.cpu_s), route, has_cpu=True, has_rest=False)
        if len(given.rest_s) >= _FEWEST:
            yield _Part(TimeColumn(given.rest_s), route, has_cpu=False, has_rest=True)
        if len(given.latency_s) >= _FEWEST:
            yield _Part(TimeColumn(given.latency_s), route, has_cpu=True, has_rest=True)


def _mean_s(laws: Sequence[TimeLaw]) -> float:
    return max(sum(law.mean_s for law in laws), 1e-12)
