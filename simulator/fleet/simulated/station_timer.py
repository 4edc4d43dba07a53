"""The timer of a station that computes: one for its next end of a computation."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from math import inf
from typing import Protocol


class TimedStation(Protocol):
    """What the timer asks of a station."""

    def next_s(self) -> float | None:
        """Return the loop's time of the next end of a computation, None if nothing is computed."""


class StationTimer:
    """Calls `ended` with the loop's time when the next computation of `station` ends.

    An armed timer is never cancelled: one that is no longer the earliest does nothing.
    """

    __slots__ = ("_armed_s", "_ended", "_loop", "_station")

    def __init__(self, station: TimedStation, ended: Callable[[float], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._station = station
        self._ended = ended
        self._armed_s = inf

    def arm(self) -> None:
        """Follow a change of the station: an arrival, an end, another capacity."""
        next_s = self._station.next_s()
        if next_s is not None and next_s < self._armed_s:
            self._armed_s = next_s
            self._loop.call_at(next_s, self._look, next_s)

    def _look(self, armed_s: float) -> None:
        if armed_s == self._armed_s:
            self._armed_s = inf
            self._ended(self._loop.time())
            self.arm()
