"""The Universal Scalability Law (N. J. Gunther), throughput by load.

throughput(N) = rate N / (1 + contention (N - 1) + coherency N (N - 1)), where N is the load:
requests in progress, users without think time, or processors. Without contention and coherency the law is a straight
line; without coherency it is Amdahl's law, whose throughput has a limit and no peak.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class ScalabilityLaw(NamedTuple):
    """The coefficients of the law. `rate`: the throughput of a load of one, in the unit of the data."""

    rate: float
    contention: float
    coherency: float

    def throughput(self, loads: Floats) -> Floats:
        """Return the throughput at each load, in the unit of `rate`."""
        return self.rate * loads / (1 + self.contention * (loads - 1) + self.coherency * loads * (loads - 1))

    @property
    def peak_load(self) -> float:
        """The load with the largest throughput, at least 1; infinite if the throughput never declines."""
        if self.coherency <= 0:
            return math.inf
        return max(1.0, math.sqrt(max(0.0, 1 - self.contention) / self.coherency))

    @property
    def peak_throughput(self) -> float:
        """The largest throughput, or the limit that it approaches; infinite for a straight line."""
        load = self.peak_load
        if math.isfinite(load):
            return float(self.throughput(np.array([load]))[0])
        return self.rate / self.contention if self.contention > 0 else math.inf
