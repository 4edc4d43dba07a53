"""The arrays of background work: their settings, their input, and their size (buffers.py has the others)."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np

from simulator.fleet.simulated.application import SimulatedApplication
from simulator.lab.compiled.background.background_arrays import THREAD, WORK, BackgroundArrays
from simulator.lab.compiled.draws.draw_streams import DrawStreams
from simulator.lab.compiled.state import EVENTS_A_STEP, MARGIN, World, longer, with_attributes
from simulator.traffic.demand import DRAWS as PORTION
from simulator.world.distributions import Distribution, Uniform
from simulator.world.random_streams import RandomStreams

_JOBS: Final = 256


class JobBuffers:
    """The background work of one play, with the random streams of a run (fleet/simulated/background.py)."""

    def __init__(self, application: SimulatedApplication, service: str, streams: RandomStreams) -> None:
        self._works = application.background
        drawn: list[tuple[Distribution, np.random.Generator]] = []
        for work in self._works:
            drawn.append((work.cpu, streams.stream("service", service, "background", work.name)))
            chances = streams.stream("service", service, "background chance", work.name)
            drawn.append((Uniform(0.0, 1.0), chances))
        self._draws = DrawStreams(drawn)

    def arrays(self, world: World) -> BackgroundArrays:
        """Return the arrays, with the settings in them."""
        works = np.zeros(len(self._works), WORK)
        for number, work in enumerate(self._works):
            works[number] = math.inf if work.every_s is None else work.every_s, work.request_share or 0.0
        return BackgroundArrays(
            works=with_attributes(works),
            threads=with_attributes(np.zeros((len(world.instances), len(works)), THREAD)),
            draws=self._draws.array(),
            cursors=np.zeros((2 * len(works), 2), np.int64),
            jobs=np.zeros(_JOBS, np.uint32),
        )

    def events(self, most: int) -> int:
        """Return the number of events that an event of `most` requests may create."""
        return most * (EVENTS_A_STEP + len(self._works)) + MARGIN

    def make(self, world: World, most: int) -> dict[str, Any]:
        """Make room for an event that ends `most` requests. Return the arrays that are replaced."""
        state, background, requests = world.pool[0], world.background, world.requests
        free, least = int(state["free_jobs"]), len(self._works) * most
        if most + PORTION > background.draws.shape[1]:
            background = background._replace(draws=longer(background.draws, 2 * (most + PORTION), axis=1))
        self._draws.fill(background, most)
        if free >= least:
            return {"background": background}
        first = len(requests)
        requests = longer(requests, first + max(first, 2 * least))
        jobs = longer(background.jobs, len(background.jobs) + len(requests) - first)
        jobs[free : free + len(requests) - first] = np.arange(first, len(requests))
        state["free_jobs"] = free + len(requests) - first
        return {"background": background._replace(jobs=jobs), "requests": requests}
