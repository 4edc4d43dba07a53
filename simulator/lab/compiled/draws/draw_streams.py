"""Random draws as rows of an array, each from a stream of its own; `cursors` has the next draw of each, and the end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from simulator.lab.compiled.state import DRAWS
from simulator.traffic.demand import DRAWS as PORTION
from simulator.world.distributions import Distribution


class DrawnRows(Protocol):
    """Arrays of the kernel with draws."""

    @property
    def draws(self) -> Any: ...
    @property
    def cursors(self) -> Any: ...


class DrawStreams:
    """The distribution and the generator of each row."""

    def __init__(self, streams: Sequence[tuple[Distribution, np.random.Generator]]) -> None:
        self._streams = streams

    def array(self) -> Any:
        return np.zeros((len(self._streams), DRAWS))

    def fill(self, arrays: DrawnRows, least: int) -> None:
        """Supply at least `least` draws of each stream, for which there is room."""
        for number, (distribution, rng) in enumerate(self._streams):
            cursor, row = arrays.cursors[number], arrays.draws[number]
            at, end = cursor.tolist()
            if end - at >= least:
                continue
            rest = end - at
            row[:rest] = row[at:end].copy()
            whole = rest + (len(row) - rest) // PORTION * PORTION
            for first in range(rest, whole, PORTION):
                row[first : first + PORTION] = distribution.draw(rng, PORTION)
            cursor[:] = 0, whole
