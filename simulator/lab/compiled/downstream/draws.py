"""Random draws of calls: service times and set-up times of resources, and which of the requests call them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from simulator.fleet.simulated.application import DownstreamUse
from simulator.lab.compiled.state import DRAWS, CallArrays
from simulator.traffic.demand import DRAWS as PORTION
from simulator.world.distributions import Distribution, Uniform
from simulator.world.random_streams import RandomStreams


class DrawStreams:
    """The streams of one run, in the order of the rows of `CallArrays.draws`."""

    def __init__(self, uses: Sequence[DownstreamUse], service: str, streams: RandomStreams) -> None:
        self._streams: list[tuple[Distribution, np.random.Generator]] = []
        for use in uses:
            name, resource = use.resource.name, use.resource
            self._streams.append((resource.service, streams.stream("downstream", name, "service")))
            self._streams.append((resource.connect, streams.stream("downstream", name, "connect")))
        for use in uses:
            chances = streams.stream("service", service, "downstream", use.resource.name)
            self._streams.append((Uniform(0.0, 1.0), chances))

    def array(self) -> Any:
        return np.zeros((len(self._streams), DRAWS))

    def fill(self, down: CallArrays, least: int) -> None:
        """Supply at least `least` draws of each stream, for which there is room."""
        for number, (distribution, rng) in enumerate(self._streams):
            cursor, row = down.cursors[number], down.draws[number]
            at, end = cursor.tolist()
            if end - at >= least:
                continue
            rest = end - at
            row[:rest] = row[at:end].copy()
            whole = rest + (len(row) - rest) // PORTION * PORTION
            for first in range(rest, whole, PORTION):
                row[first : first + PORTION] = distribution.draw(rng, PORTION)
            cursor[:] = 0, whole
