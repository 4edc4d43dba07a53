"""Chooses the kind of request of each arrival by weight, from a random stream of its own, so that arrival times do not
depend on the choices.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simulator.scenario.sections.session_spec import RequestSpec
from simulator.scenario.sections.traffic_spec import SourceSpec
from simulator.world.random_streams import RandomStreams


class RequestChoices:
    """Samples positions in `requests`. The n-th sample does not depend on how the samples are split into calls."""

    def __init__(self, requests: Sequence[RequestSpec], rng: np.random.Generator) -> None:
        weights = np.cumsum([request.weight for request in requests])
        self._bounds = weights[:-1] / weights[-1]
        self._rng = rng

    def draw(self, n: int) -> NDArray[np.intp]:
        """Return the positions in `requests` for the next `n` arrivals."""
        if len(self._bounds) == 0:
            return np.zeros(n, dtype=np.intp)
        return np.searchsorted(self._bounds, self._rng.random(n), side="right")


def request_choices(source: SourceSpec, streams: RandomStreams, index: int) -> RequestChoices:
    """Return the sampler for the source at position `index` of the scenario."""
    return RequestChoices(source.requests, streams.stream("traffic", index, "requests"))
