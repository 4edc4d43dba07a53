"""A candidate: a structure of the application with values for its parameters, as a point that a search can move."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple, Self, assert_never

import numpy as np

from simulator.calibration.fitting.laws import Array, Family, TimeLaw
from simulator.fleet.simulated.application import DownstreamResource, DownstreamUse, SimulatedApplication
from simulator.rules.stations.cpu_quota import CpuQuota
from simulator.rules.stations.cpu_use import CpuOrder, CpuUse
from simulator.world.distributions import Constant

LOCK: Final = "shared"  # name of the resource behind a pool or a lock of an instance
# Connections of the resource itself: more than all instances of a service can open.
CONNECTIONS: Final = 100_000


@dataclass(frozen=True, slots=True)
class AppStructure:
    """How requests of an instance wait for each other. None: without that limit.

    `is_first_come`: the code computes each request to its end, in order of arrival. `parallelism`: processors that the
    code uses at a time. `visits`: parts in which a request computes, with a part of its I/O after each. `workers`:
    requests in the application. `pool`: connections or locks for the last part of a request. `pool_routes`: routes
    whose requests use the pool, by index; empty: all. `is_contended`, `is_coherent`: CPU time grows with the number of
    requests that compute.
    """

    is_first_come: bool = False
    parallelism: int | None = None
    visits: int = 1
    workers: int | None = None
    pool: int | None = None
    pool_routes: tuple[int, ...] = ()
    is_contended: bool = False
    is_coherent: bool = False

    @property
    def parts(self) -> int:
        """The number of its mechanisms beyond processor sharing, each of which a simpler structure lacks."""
        given = (self.is_first_come, self.workers is not None, self.pool is not None, self.is_contended)
        one_processor = self.parallelism is not None and not self.is_first_come
        return sum(given) + one_processor + self.is_coherent + (self.visits > 1)

    def uses_pool(self, route: int) -> bool:
        """Return True if requests of the route use the pool."""
        return self.pool is not None and (not self.pool_routes or route in self.pool_routes)

    def __str__(self) -> str:
        names = []
        if self.is_first_come:
            names.append("an event loop" if self.parallelism == 1 else "requests computed in order of arrival")
        elif self.parallelism is not None:
            names.append(f"code on {self.parallelism} processor{'s' if self.parallelism > 1 else ''} at a time")
        if self.visits > 1:
            names.append(f"requests that compute in {self.visits} parts")
        if self.workers is not None:
            names.append(f"{self.workers} workers")
        if self.pool is not None:
            some = f" for {len(self.pool_routes)} of the routes" if self.pool_routes else ""
            names.append(f"a lock{some}" if self.pool == 1 else f"a pool of {self.pool}{some}")
        if self.is_contended or self.is_coherent:
            names.append("contention of the requests that compute")
        return " and ".join(names) or "requests that share the CPU without a limit"


class Kind(StrEnum):
    """A kind of continuous parameter."""

    CPU_MEAN = "mean CPU time"
    CPU_CV = "relative spread of the CPU time"
    IO_MEAN = "mean I/O time"
    IO_CV = "relative spread of the I/O time"
    CALL_MEAN = "mean time with a connection or lock"
    CALL_CV = "relative spread of the time with a connection or lock"
    CONTENTION = "contention"
    COHERENCY = "coherency"


class Coordinate(NamedTuple):
    """A coordinate of the search, the logarithm of a parameter. `route`: index, 0 for parameters of no route."""

    kind: Kind
    route: int = 0


_SPREADS: Final = frozenset({Kind.CPU_CV, Kind.IO_CV, Kind.CALL_CV})


@dataclass(frozen=True, slots=True)
class ModelCandidate:
    """A structure with the laws of each route's CPU and I/O time and, with a pool, of the time with a connection."""

    structure: AppStructure
    cpu: tuple[TimeLaw, ...]
    io: tuple[TimeLaw, ...]
    call: TimeLaw | None = None
    contention: float = 0.0
    coherency: float = 0.0

    @property
    def coordinates(self) -> tuple[Coordinate, ...]:
        """The parameters that a search can change."""
        found: list[Coordinate] = []
        for route, (cpu, io) in enumerate(zip(self.cpu, self.io, strict=True)):
            found += _of(cpu, Coordinate(Kind.CPU_MEAN, route), Coordinate(Kind.CPU_CV, route))
            found += _of(io, Coordinate(Kind.IO_MEAN, route), Coordinate(Kind.IO_CV, route))
        if self.call is not None:
            found += _of(self.call, Coordinate(Kind.CALL_MEAN), Coordinate(Kind.CALL_CV))
        if self.structure.is_contended:
            found.append(Coordinate(Kind.CONTENTION))
        if self.structure.is_coherent:
            found.append(Coordinate(Kind.COHERENCY))
        return tuple(found)

    @property
    def point(self) -> Array:
        """The logarithms of the parameters, in the order of `coordinates`."""
        return np.log([max(self.value(each), 1e-12) for each in self.coordinates])

    def value(self, coordinate: Coordinate) -> float:  # noqa: PLR0911 - one return per kind is the table
        """Return the value of a parameter."""
        match coordinate.kind:
            case Kind.CPU_MEAN:
                return self.cpu[coordinate.route].mean_s
            case Kind.CPU_CV:
                return self.cpu[coordinate.route].cv
            case Kind.IO_MEAN:
                return self.io[coordinate.route].mean_s
            case Kind.IO_CV:
                return self.io[coordinate.route].cv
            case Kind.CALL_MEAN:
                return self.call.mean_s if self.call else 0.0
            case Kind.CALL_CV:
                return self.call.cv if self.call else 0.0
            case Kind.CONTENTION:
                return self.contention
            case Kind.COHERENCY:
                return self.coherency
            case _:
                assert_never(coordinate.kind)

    def moved(self, point: Sequence[float] | Array) -> Self:
        """Return the candidate at another point; spreads stay in the range of their families."""
        moved = self
        for coordinate, logarithm in zip(self.coordinates, point, strict=True):
            moved = moved._with(coordinate, math.exp(min(max(float(logarithm), -40.0), 40.0)))
        return moved

    def slowed(self, factor: float) -> Self:
        """Return the candidate with all times multiplied."""
        cpu, io = (
            tuple(dataclasses.replace(law, mean_s=law.mean_s * factor) for law in laws) for laws in (self.cpu, self.io)
        )
        call = None if self.call is None else dataclasses.replace(self.call, mean_s=self.call.mean_s * factor)
        return dataclasses.replace(self, cpu=cpu, io=io, call=call)

    def _with(self, coordinate: Coordinate, value: float) -> Self:
        match coordinate.kind:
            case Kind.CPU_MEAN | Kind.CPU_CV:
                return dataclasses.replace(self, cpu=_changed(self.cpu, coordinate, value))
            case Kind.IO_MEAN | Kind.IO_CV:
                return dataclasses.replace(self, io=_changed(self.io, coordinate, value))
            case Kind.CALL_MEAN | Kind.CALL_CV:
                assert self.call is not None, coordinate
                return dataclasses.replace(self, call=_changed((self.call,), coordinate, value)[0])
            case Kind.CONTENTION:
                return dataclasses.replace(self, contention=min(value, 10.0))
            case Kind.COHERENCY:
                return dataclasses.replace(self, coherency=min(value, 10.0))
            case _:
                assert_never(coordinate.kind)

    def application(self, quota: CpuQuota | None) -> SimulatedApplication:
        """Return the application without its laws, which the plays of stages supply as times."""
        structure = self.structure
        return SimulatedApplication(
            workers=structure.workers,
            cpu_quota=quota,
            cpu_use=CpuUse(
                CpuOrder.FIRST_COME if structure.is_first_come else CpuOrder.SHARED,
                structure.parallelism,
                self.contention,
                self.coherency,
                structure.visits,
            ),
            downstream=()
            if structure.pool is None
            else (DownstreamUse(DownstreamResource(LOCK, CONNECTIONS, Constant(0.0)), pool=structure.pool),),
        )


def _of(law: TimeLaw, mean: Coordinate, spread: Coordinate) -> list[Coordinate]:
    if law.mean_s <= 0:
        return []
    return [mean] if law.family is Family.CONSTANT else [mean, spread]


def _changed(laws: tuple[TimeLaw, ...], coordinate: Coordinate, value: float) -> tuple[TimeLaw, ...]:
    law = laws[coordinate.route]
    if coordinate.kind in _SPREADS:
        law = dataclasses.replace(law, cv=law.family.within(value))
    else:
        law = dataclasses.replace(law, mean_s=value)
    return (*laws[: coordinate.route], law, *laws[coordinate.route + 1 :])
