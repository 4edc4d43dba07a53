"""The timer of a service station: fires at the next end of a computation."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from math import inf
from typing import Protocol


class TimedStation(Protocol):
    """The part of a station that the timer uses."""

    def next_s(self) -> float | None:
        """Return the loop time at which the next computation ends; None if there is none."""


class StationTimer:
    """Calls `ended` with the loop's time when the next computation of `station` ends.

    An armed timer is never cancelled: when it fires, it does nothing unless it is the earliest.
    """

    __slots__ = ("_armed_s", "_ended", "_loop", "_station")

    def __init__(self, station: TimedStation, ended: Callable[[float], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._station = station
        self._ended = ended
        self._armed_s = inf

    def arm(self) -> None:
        """Take account of a change of the station: an arrival, an end, another capacity."""
        next_s = self._station.next_s()
        if next_s is not None and next_s < self._armed_s:
            self._armed_s = next_s
            self._loop.call_at(next_s, self._look, next_s)

    def _look(self, armed_s: float) -> None:
        if armed_s == self._armed_s:
            self._armed_s = inf
            self._ended(self._loop.time())
            self.arm()
