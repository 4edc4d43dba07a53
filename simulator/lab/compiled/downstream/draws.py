"""Random draws of calls: service times and set-up times of resources, and which of the requests call them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from simulator.fleet.simulated.application import DownstreamUse
from simulator.world.distributions import Distribution, Uniform
from simulator.world.random_streams import RandomStreams


def call_streams(
    uses: Sequence[DownstreamUse], service: str, streams: RandomStreams
) -> list[tuple[Distribution, np.random.Generator]]:
    """Return the streams of one run, in the order of the rows of `CallArrays.draws`."""
    found: list[tuple[Distribution, np.random.Generator]] = []
    for use in uses:
        name, resource = use.resource.name, use.resource
        found.append((resource.service, streams.stream("downstream", name, "service")))
        found.append((resource.connect, streams.stream("downstream", name, "connect")))
    chances = [streams.stream("service", service, "downstream", use.resource.name) for use in uses]
    return found + [(Uniform(0.0, 1.0), rng) for rng in chances]
