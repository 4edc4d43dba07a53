"""A downstream resource (database, cache, API): a limited number of connections, and calls that slow each other down.

`ConnectionSlots` grants connections. `contended_station` processes calls, which slow each other down by the Universal
Scalability Law (stations/cpu_use.py): so more clients can make a resource slower. Without contention and coherency a
call takes its service time, and c connections with a queue are G/G/c.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from enum import StrEnum
from typing import Generic, TypeVar

from simulator.rules.stations.cpu_use import CpuUse
from simulator.rules.stations.discipline import Station

Attempt = TypeVar("Attempt")
DownstreamCall = TypeVar("DownstreamCall")


class OnFull(StrEnum):
    """What happens to an attempt to connect when no connection is free."""

    ERROR = "error"  # rejected at once
    QUEUE = "queue"  # waits for a connection, without a limit of time
    WAIT = "wait"  # waits for a limited time


class ConnectionGrant(StrEnum):
    """The answer to an attempt to connect."""

    GRANTED = "granted"
    QUEUED = "queued"
    REJECTED = "rejected"


class ConnectionSlots(Generic[Attempt]):
    """The connections of a resource; attempts wait in order of arrival.

    `connections` >= 1 is the limit; at most `queue` attempts wait (None: no limit). With ERROR no attempt waits.
    """

    def __init__(self, connections: int, on_full: OnFull, queue: int | None = None) -> None:
        assert connections >= 1, connections
        self.connections = connections
        self.taken = 0
        self._waiting: OrderedDict[Attempt, None] = OrderedDict()
        self._queue = 0 if on_full is OnFull.ERROR else queue

    def ask(self, attempt: Attempt) -> ConnectionGrant:
        """Request a connection for `attempt`: it is granted, queued or rejected."""
        if self.taken < self.connections:
            self.taken += 1
            return ConnectionGrant.GRANTED
        if self._queue is not None and len(self._waiting) >= self._queue:
            return ConnectionGrant.REJECTED
        self._waiting[attempt] = None
        return ConnectionGrant.QUEUED

    def release(self) -> Attempt | None:
        """Release a connection; return the attempt that gets it, None if none waits."""
        if self._waiting:
            return self._waiting.popitem(last=False)[0]
        self.taken -= 1
        return None

    def give_up(self, attempt: Attempt) -> bool:
        """Remove an attempt from the queue; return False if it is not queued."""
        if attempt not in self._waiting:
            return False
        del self._waiting[attempt]
        return True


def contended_station(contention: float, coherency: float) -> Station[DownstreamCall]:
    """Return the calls in progress. Their only limit is that they slow each other down, with these coefficients."""
    return Station(math.inf, None, CpuUse(contention=contention, coherency=coherency))
