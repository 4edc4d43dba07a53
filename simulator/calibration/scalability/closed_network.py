"""The throughput of one instance by the number of requests in progress, of a model that a scenario can have.

The Universal Scalability Law is a curve; a simulated application has mechanisms: requests that compute share the vCPUs
and slow each other down by `contention` and `coherency`, and their I/O overlaps. With a constant number of requests in
progress this is a closed queueing network with two stations: processor sharing, with a rate that depends on the number
of computing requests, and a delay. Its throughput has a product form, which depends on the mean times only:

    G(N) = sum over n of  io^(N - n) / (N - n)!  x  product over i <= n of 1 / rate(i)
    throughput(N) = G(N - 1) / G(N)

With as many vCPUs as requests and without I/O, the throughput is exactly that of the law: the straight line without
contention, Amdahl's law with contention alone, and the full law with both.
"""

from __future__ import annotations

import math
from enum import StrEnum
from typing import Any, Final, NamedTuple

import numpy as np

from simulator.lab.extras import needed
from simulator.lab.scalability.fit import ErrorModel
from simulator.lab.scalability.law import Floats

_TOLERANCE: Final = 1e-8
_SAME: Final = 1e-6
# Starts: shares of the time of one request that are CPU; contention; coherency times the square of the largest load.
_STARTS: Final = ((0.9, 0.02, 0.02), (0.3, 0.2, 0.2), (0.05, 0.02, 0.5))
_FACTOR_MAX: Final = 1e6


class ClosedNetwork(NamedTuple):
    """The means of a request's CPU and I/O time, and how computing requests slow each other down."""

    cpu_s: float
    io_s: float
    contention: float = 0.0
    coherency: float = 0.0

    def throughput(self, loads: Floats, vcpu: float) -> Floats:
        """Return the requests/s at constant numbers of requests in progress, which must be whole, at least 1."""
        most = int(loads.max())
        counts = np.arange(most + 1, dtype=np.float64)
        slowdowns = 1 + self.contention * (counts - 1) + self.coherency * counts * (counts - 1)
        each_s = self.cpu_s * slowdowns[1:] / np.minimum(counts[1:], vcpu)
        computing = np.concatenate(([0.0], np.cumsum(np.log(np.maximum(each_s, 1e-300)))))
        log_io = math.log(max(self.io_s, 1e-300))
        waiting = counts * log_io - np.concatenate(([0.0], np.cumsum(np.log(counts[1:]))))
        wanted = loads.astype(np.int64)
        return np.exp(_log_sums(computing, waiting, wanted - 1) - _log_sums(computing, waiting, wanted))


def _log_sums(computing: Floats, waiting: Floats, totals: Any) -> Floats:
    """Return log G of each total: over the ways to divide it into computing and waiting requests."""
    others = totals[:, None] - np.arange(len(computing))[None, :]
    terms = np.where(others >= 0, computing[None, :] + waiting[np.maximum(others, 0)], -np.inf)
    largest = terms.max(axis=1)
    return np.asarray(largest + np.log(np.exp(terms - largest[:, None]).sum(axis=1)), dtype=np.float64)


class NetworkKind(StrEnum):
    """Which mechanisms a network has, from the simplest to all."""

    SHARING = "shared CPU"
    CONTENTION = "shared CPU with contention"
    COHERENCY = "shared CPU with contention and coherency"

    @property
    def more(self) -> int:
        """The number of its coefficients beside the times."""
        return list(NetworkKind).index(self)


class FittedNetwork(NamedTuple):
    """A network with the least sum of squared differences. `coefficients`: the number of those that were fitted."""

    kind: NetworkKind
    network: ClosedNetwork
    squares: float
    coefficients: int


def has_io(loads: Floats, vcpu: float) -> bool:
    """Return True if I/O time can be told from CPU time: with more requests in progress than vCPUs."""
    return float(loads.max()) > vcpu


def fitted_network(
    loads: Floats, throughputs: Floats, vcpu: float, kind: NetworkKind, errors: ErrorModel, near: ClosedNetwork | None
) -> FittedNetwork:
    """Return the network of that kind with the least squares; `near`: where to begin instead of at several starts.

    Raises:
        MissingLibrary: if scipy is not installed.
    """
    optimize: Any = needed("scipy.optimize")
    alone_s, most, io = float((loads / throughputs).min()), float(loads.max()), has_io(loads, vcpu)
    speed = min(1.0, vcpu)

    def network_of(free: Floats) -> ClosedNetwork:
        values = [float(value) for value in free]
        cpu_s, io_s = values[0] * alone_s * speed, values[1] * alone_s if io else 0.0
        contention, coherency, *_ = (*values[1 + io :], 0.0, 0.0)
        return ClosedNetwork(cpu_s, io_s, contention, coherency / most**2)

    def residuals(free: Floats) -> Floats:
        modelled = network_of(free).throughput(loads, vcpu)
        if errors is ErrorModel.ABSOLUTE:
            return throughputs - modelled
        return np.log(throughputs / np.maximum(modelled, 1e-300))

    if near is None:
        starts = [[cpu, *([1 - cpu] * io), *more[: kind.more]] for cpu, *more in _STARTS]
    else:
        times = [near.cpu_s / alone_s / speed, *([near.io_s / alone_s] * io)]
        starts = [[*times, *(near.contention, near.coherency * most**2)[: kind.more]]]
    best: FittedNetwork | None = None
    for start in starts:
        found = optimize.least_squares(
            residuals,
            np.clip(start, 1e-6, _FACTOR_MAX / 2),
            bounds=(0.0, _FACTOR_MAX),
            xtol=_TOLERANCE,
            ftol=_TOLERANCE,
            gtol=_TOLERANCE,
        )
        squares = max(2 * float(found.cost), errors.least_squares(throughputs))
        if best is None or squares < best.squares * (1 - _SAME):
            best = FittedNetwork(kind, network_of(found.x), squares, len(start))
    assert best is not None, "there is a start"
    return best
