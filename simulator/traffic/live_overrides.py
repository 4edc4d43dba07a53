"""Live overrides of traffic: a factor for each service that users change during a run.

For open sources, with a factor of 2.5 each arrival of the scenario becomes two or three: one at its own time and the
others spread over the time until the next arrival. With a factor of 1 nothing is sampled and no time changes, so a run
whose factors are never changed is identical to a run without them. For closed sources, the population is multiplied.

A new factor applies from the next arrival of the scenario on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

import numpy as np

FACTOR_MAX: Final = 100.0


class LiveOverrides:
    """The factors of a run, by service."""

    def __init__(self, services: Iterable[str]) -> None:
        self._factors = dict.fromkeys(services, 1.0)
        self._populations: list[tuple[str, Callable[[float], None]]] = []

    def factor(self, service: str) -> float:
        return self._factors[service]

    def set_factor(self, service: str, factor: float) -> None:
        """Set the factor of a service from now on.

        Raises:
            ValueError: for a factor outside 0 to FACTOR_MAX.
        """
        if not 0 <= factor <= FACTOR_MAX:
            msg = f"factor = {factor:g}, must be 0 to {FACTOR_MAX:g}"
            raise ValueError(msg)
        self._factors[service] = factor
        for of_service, set_factor in self._populations:
            if of_service == service:
                set_factor(factor)

    def add_population(self, service: str, set_factor: Callable[[float], None]) -> None:
        """Register a closed source; `set_factor` is called with each new factor of its service."""
        self._populations.append((service, set_factor))

    def multiplied(self, service: str, times_s: Iterator[float], rng: np.random.Generator) -> Iterator[float]:
        """Yield the arrivals `times_s` of an open source, multiplied by the service's current factor, ascending."""
        at_s = next(times_s, None)
        while at_s is not None:
            following_s = next(times_s, None)
            factor = self._factors[service]
            if factor == 1.0:
                yield at_s
            else:
                yield from _copies(at_s, 0.0 if following_s is None else following_s - at_s, factor, rng)
            at_s = following_s


def _copies(at_s: float, gap_s: float, factor: float, rng: np.random.Generator) -> Iterator[float]:
    count = int(factor) + (rng.random() < factor % 1)
    if count:
        yield at_s
        yield from (at_s + np.sort(rng.random(count - 1)) * gap_s).tolist()
