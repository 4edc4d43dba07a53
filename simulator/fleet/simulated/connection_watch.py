"""Tells the journal when a downstream resource is full, and when many connections are opened at once."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

from simulator.model.times import RunTime
from simulator.records.events import DownstreamLogged
from simulator.records.journal import Journal

# An event is told again only if its cause was absent for this long: a full resource is one event, not thousands.
QUIET_S: Final = 60.0
# Connections that the pools of several instances open within a second are a storm from this number, and from this share
# of the limit, on.
STORM_MIN: Final = 10
STORM_SHARE: Final = 0.25
STORM_S: Final = 1.0


class ConnectionWatch:
    """Watches the connections of the resource `name`, which has at most `limit`."""

    def __init__(self, name: str, limit: int, journal: Journal, at_s: Callable[[], RunTime]) -> None:
        self._name, self._limit, self._journal, self._at_s = name, limit, journal, at_s
        self._storm_size = max(STORM_MIN, round(STORM_SHARE * limit))
        self._asked: deque[tuple[float, object]] = deque()  # when pools asked, and which, as far back as a storm lasts
        self._last_full_s = self._last_storm_s = float("-inf")

    def full(self, outcome: str) -> None:
        """Take note that an attempt to connect found no connection; `outcome` says what happened to it."""
        now = self._at_s()
        if now - self._last_full_s > QUIET_S:
            self._log(f"limit reached: all {self._limit} connections are taken, an attempt to connect {outcome}")
        self._last_full_s = now

    def asked(self, pool: object) -> None:
        """Take note that the pool of an instance opens a connection."""
        now, asked = self._at_s(), self._asked
        asked.append((now, pool))
        while asked[0][0] < now - STORM_S:
            asked.popleft()
        if len(asked) < self._storm_size:
            return
        instances = len({each for _, each in asked})
        if instances == 1:
            return
        if now - self._last_storm_s > QUIET_S:
            self._log(f"connection storm: {instances} instances made {len(asked)} attempts to connect almost at once")
        self._last_storm_s = now

    def _log(self, line: str) -> None:
        self._journal.record(DownstreamLogged(self._at_s(), self._name, line))
