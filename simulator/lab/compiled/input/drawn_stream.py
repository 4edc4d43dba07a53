"""A distribution sampled into an array, in portions of the same size as in a simulated driver: some distributions give
other numbers if the same count is drawn in other portions.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from simulator.traffic.demand import DRAWS as PORTION
from simulator.world.distributions import Constant, Distribution


class DrawnStream:
    """A distribution that is sampled in portions; constant values are written only once."""

    def __init__(self, distribution: Distribution, rng: np.random.Generator) -> None:
        self._law = distribution
        self._rng = rng
        self._written = False

    def fill(self, array: Any) -> None:
        """Fill `array`, whose length is a multiple of the portion."""
        if isinstance(self._law, Constant):
            if not self._written:
                array[:] = self._law.value
                self._written = True
            return
        for first in range(0, len(array), PORTION):
            array[first : first + PORTION] = self._law.draw(self._rng, PORTION)

    def refill(self, array: Any, used: int, end: int) -> int:
        """Move the unused draws to the start of `array` and fill it behind them. Return their new end."""
        if isinstance(self._law, Constant):
            array[:] = self._law.value
            return len(array)
        rest = array[used:end].copy()
        array[: len(rest)] = rest
        whole = len(rest) + (len(array) - len(rest)) // PORTION * PORTION
        self.fill(array[len(rest) : whole])
        return whole


def refill_uniform(array: Any, used: int, end: int, rng: np.random.Generator) -> int:
    """Move the unused numbers to the start of `array` and draw uniform ones behind them. Return their new end."""
    rest = array[used:end].copy()
    array[: len(rest)] = rest
    array[len(rest) :] = rng.random(len(array) - len(rest))
    return len(array)
