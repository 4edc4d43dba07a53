"""Detects when a downstream resource is full, and when many connections are opened at once; records both."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

from simulator.model.times import RunTime
from simulator.records.events import DownstreamLogged
from simulator.records.journal import Journal

# An event is recorded again only if its cause was absent for this long: a full resource is one event, not thousands.
QUIET_S: Final = 60.0
# Connections that the pools of several instances open within STORM_S are a storm if there are at least this many, and
# at least this share of the limit.
STORM_MIN: Final = 10
STORM_SHARE: Final = 0.25
STORM_S: Final = 1.0


def storm_size(limit: int) -> int:
    """Return the number of attempts of pools of several instances from which they are a connection storm."""
    return max(STORM_MIN, round(STORM_SHARE * limit))


def full_line(limit: int, *, waits: bool) -> str:
    """Return the event's line for an attempt to connect that found no connection."""
    return (
        f"limit reached: all {limit} connections are taken, an attempt to connect "
        f"{'waits' if waits else 'was rejected'}"
    )


def storm_line(instances: int, attempts: int) -> str:
    """Return the event's line for a connection storm."""
    return f"connection storm: {instances} instances made {attempts} attempts to connect almost at once"


class ConnectionWatch:
    """Monitors the connections of the resource `name`, which accepts at most `limit`."""

    def __init__(self, name: str, limit: int, journal: Journal, at_s: Callable[[], RunTime]) -> None:
        self._name, self._limit, self._journal, self._at_s = name, limit, journal, at_s
        self._storm_size = storm_size(limit)
        self._attempts: deque[tuple[float, object]] = deque()  # (time, pool) of the attempts in the last STORM_S
        self._last_full_s = self._last_storm_s = float("-inf")

    def full(self, *, waits: bool) -> None:
        """Record that an attempt to connect found no free connection: it waits for one, or is rejected."""
        now = self._at_s()
        if now - self._last_full_s > QUIET_S:
            self._log(full_line(self._limit, waits=waits))
        self._last_full_s = now

    def connecting(self, pool: object) -> None:
        """Record that the pool of an instance opens a connection."""
        now, attempts = self._at_s(), self._attempts
        attempts.append((now, pool))
        while attempts[0][0] < now - STORM_S:
            attempts.popleft()
        if len(attempts) < self._storm_size:
            return
        instances = len({each for _, each in attempts})
        if instances == 1:
            return
        if now - self._last_storm_s > QUIET_S:
            self._log(storm_line(instances, len(attempts)))
        self._last_storm_s = now

    def _log(self, line: str) -> None:
        self._journal.record(DownstreamLogged(self._at_s(), self._name, line))
