from __future__ import annotations

from itertools import islice

import numpy as np

from simulator.fleet.simulated.work import CHUNK, draws
from simulator.world.distributions import Exponential
from simulator.world.random_streams import RandomStreams


def test_draws_are_those_of_the_distribution_in_portions_without_end() -> None:
    distribution = Exponential(2.0)
    drawn = list(islice(draws(distribution, RandomStreams(1).stream("work")), 2 * CHUNK + 5))
    rng = RandomStreams(1).stream("work")
    portions = np.concatenate([distribution.draw(rng, CHUNK) for _ in range(3)])
    assert drawn == portions[: len(drawn)].tolist()
