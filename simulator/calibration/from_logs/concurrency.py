"""Requests in progress when a request arrives, by arrivals and durations, and their effect on latency."""

from __future__ import annotations

import itertools
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

# A law of service times needs this many requests; with fewer, busier moments are added.
LIGHT_MIN: Final = 300
_BIN_MIN: Final = 50


def in_progress(start_s: Floats, duration_s: Floats) -> Integers:
    """Return how many other requests were in progress when each arrived. `start_s` must be ascending.

    A request whose duration is 0, as short ones have in milliseconds, is never in progress.
    """
    is_lasting = duration_s > 0
    arrived: Integers = np.cumsum(is_lasting) - is_lasting
    ends_s = np.sort((start_s + duration_s)[is_lasting])
    return arrived - np.searchsorted(ends_s, start_s, side="right")


def light_limit(present: Integers, route: Integers) -> int:
    """Return the largest number of other requests in progress that counts as light load.

    It is the smallest with which the busiest route has enough requests.
    """
    busiest = present[route == np.bincount(route).argmax()]
    needed = min(LIGHT_MIN, len(busiest))
    return int(np.sort(busiest)[needed - 1])


class ConcurrencyBin(NamedTuple):
    """Requests that found `low` to `high` others in progress, and their durations relative to those at light load."""

    low: int
    high: int
    requests: int
    slowdown: float


def slowdowns(present: Integers, duration_s: Floats, route: Integers, light: int) -> list[ConcurrencyBin]:
    """Return the mean durations by requests in progress, relative to the mean of the same routes at light load."""
    is_light = present <= light
    sums = np.bincount(route[is_light], weights=duration_s[is_light], minlength=int(route.max()) + 1)
    counts = np.bincount(route[is_light], minlength=int(route.max()) + 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        expected = (sums / counts)[route]
    usable = np.isfinite(expected) & (expected > 0)
    edges = [0, light + 1, *(light + 1 + 2**power for power in range(1, 12)), 1 << 30]
    bins = []
    for low, end in itertools.pairwise(edges):
        chosen = usable & (present >= low) & (present < end)
        if chosen.sum() >= _BIN_MIN:
            ratio = float(duration_s[chosen].sum() / expected[chosen].sum())
            bins.append(ConcurrencyBin(low, int(present[chosen].max()), int(chosen.sum()), ratio))
    return bins
