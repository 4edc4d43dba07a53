"""The work of simulated requests: samples of the application's distributions, in order of arrival."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

from simulator.fleet.ports import Exchange
from simulator.fleet.simulated.application import SimulatedApplication
from simulator.world.distributions import Distribution
from simulator.world.random_streams import RandomStreams

if TYPE_CHECKING:
    import numpy as np

CHUNK = 1024  # random numbers per call of numpy, because each call costs a microsecond
MB = 1024**2


class WorkSampler:
    """Samples the work of the requests of one service in order of arrival, whichever instance performs it."""

    def __init__(self, application: SimulatedApplication, streams: RandomStreams, service: str) -> None:
        self._cpu = draws(application.cpu, streams.stream("service", service, "cpu"))
        self._io = draws(application.io, streams.stream("service", service, "io"))

    def draw(self, exchange: Exchange) -> None:
        exchange.cpu_s = next(self._cpu)
        exchange.io_s = next(self._io)


class PerKindWorkSampler(WorkSampler):
    """Samples work that depends on the path, with random streams per path, and on the size of the bodies."""

    def __init__(self, application: SimulatedApplication, streams: RandomStreams, service: str) -> None:
        super().__init__(application, streams, service)
        self._others = (self._cpu, self._io, application.cpu_per_mb_s / MB, application.io_per_mb_s / MB)
        self._paths = {
            work.path: (
                draws(work.cpu, streams.stream("service", service, "cpu", work.path)),
                draws(work.io, streams.stream("service", service, "io", work.path)),
                work.cpu_per_mb_s / MB,
                work.io_per_mb_s / MB,
            )
            for work in application.paths
        }

    def draw(self, exchange: Exchange) -> None:
        cpu, io, cpu_s, io_s = self._paths.get(exchange.path.partition("?")[0], self._others)
        size = exchange.body_bytes
        exchange.cpu_s = next(cpu) + cpu_s * size
        exchange.io_s = next(io) + io_s * size


class WorkSource(Protocol):
    """Supplies CPU and I/O time for a request whose work has not been sampled."""

    def draw(self, exchange: Exchange) -> None: ...


def draws(distribution: Distribution, rng: np.random.Generator) -> Iterator[float]:
    while True:
        yield from distribution.draw(rng, CHUNK).tolist()


class VisitingRequest:
    """A request at the station of its instance. `left`: number of its visits that are not complete; `cpu_s`, `io_s`:
    CPU time of each visit, and I/O time after it.
    """

    __slots__ = ("cpu_s", "exchange", "io_s", "left")

    def __init__(self, exchange: Exchange, visits: int) -> None:
        self.exchange = exchange
        self.left = visits
        self.cpu_s = exchange.cpu_s / visits
        self.io_s = exchange.io_s / visits

    def is_last(self) -> bool:
        """Count a visit that is complete, and return True if it was the last."""
        self.left -= 1
        return self.left == 0
