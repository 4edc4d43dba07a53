"""Lifetimes of instances: after its lifetime, the platform replaces an instance although it is healthy."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from simulator.model.text.units import duration_text
from simulator.world.clock import RunClock
from simulator.world.distributions import Distribution

if TYPE_CHECKING:
    import numpy as np


class Lifetimes:
    """The lifetimes of the instances of one replica set.

    `distribution`: of the seconds from the time at which an instance is ready; None: lifetimes are unlimited. `expired`
    is called with the number of an instance whose lifetime has ended, and the reason.

    ASSUMPTION: App Runner publishes no lifetime of instances, so lifetimes are unlimited without a distribution.
    Settled by the ids of the instances that serve steady traffic for some weeks.
    """

    def __init__(
        self,
        distribution: Distribution | None,
        random: np.random.Generator | None,
        clock: RunClock,
        expired: Callable[[int, str], object],
    ) -> None:
        self._distribution = distribution
        self._random = random
        self._clock = clock
        self._expired = expired
        self._loop = asyncio.get_running_loop()
        self._timers: dict[int, asyncio.TimerHandle] = {}

    def begin(self, number: int) -> None:
        """Begin the lifetime of an instance that is ready. Before the run, `settle` does it."""
        if self._distribution is not None and self._clock.is_started:
            lifetime_s = self._draw()
            self._arm(number, lifetime_s, lifetime_s)

    def settle(self, number: int) -> None:
        """Begin the run: of the lifetime of an instance that existed before, a share is over.

        ASSUMPTION: the share is uniformly distributed, so that the instances of a run do not end together; their ages
        at the beginning of a run are unknown. No measurement settles it, because it is a choice of the run.
        """
        if self._distribution is not None:
            lifetime_s = self._draw()
            assert self._random is not None, "its distribution was given"
            self._arm(number, lifetime_s, lifetime_s * float(self._random.random()))

    def forget(self, number: int) -> None:
        """Cancel the lifetime of an instance that ends."""
        timer = self._timers.pop(number, None)
        if timer is not None:
            timer.cancel()

    def _draw(self) -> float:
        assert self._distribution is not None, "the callers check it"
        assert self._random is not None, "a distribution needs random numbers"
        return float(self._distribution.draw(self._random, 1)[0])

    def _arm(self, number: int, lifetime_s: float, left_s: float) -> None:
        why = f"its lifetime of {duration_text(lifetime_s)} has ended"
        self._timers[number] = self._loop.call_later(left_s, self._end, number, why)

    def _end(self, number: int, why: str) -> None:
        del self._timers[number]
        self._expired(number, why)
