"""The connections of an instance to a downstream resource, and the calls that use them (downstream.py)."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from math import inf

from simulator.fleet.simulated.application import DownstreamUse
from simulator.fleet.simulated.downstream import Opening, RunningResource
from simulator.records.events import CallOutcome


class PooledConnection:
    """An open connection. Times are in seconds of the loop's clock.

    `ends_s`: end of its maximum lifetime. `closes_s`: when the resource or the lifetime closes it if it stays idle.
    `timer`: closes it while it is idle.
    """

    __slots__ = ("closes_s", "ends_s", "timer")

    def __init__(self, ends_s: float) -> None:
        self.ends_s = self.closes_s = ends_s
        self.timer: asyncio.TimerHandle | None = None

    def cancel(self) -> None:
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None


class ResourceCall:
    """One attempt of a request to call a resource. `ended` is called once, unless the instance ends before."""

    __slots__ = ("_connection", "_ended", "_timer", "abandoned", "asked_s", "pool", "wait_s")

    def __init__(self, pool: ConnectionPool, ended: Callable[[CallOutcome], None]) -> None:
        self.pool = pool
        self.asked_s = pool.resource.at_s()
        self.wait_s = 0.0
        self.abandoned = False  # the client has given up, but the resource still processes it
        self._connection: PooledConnection | None = None
        self._ended = ended
        timeout_s = pool.use.timeout_s
        self._timer = None if timeout_s is None else asyncio.get_running_loop().call_later(timeout_s, self._time_out)

    def begin(self, connection: PooledConnection) -> None:
        """Start the call on the connection that its pool has for it."""
        self._connection = connection
        self._note_wait()
        self.pool.resource.start(self)

    def completed(self) -> None:
        """Process the answer of the resource."""
        if self.abandoned or self.pool.is_closed:
            self.pool.resource.release()
            return
        assert self._connection is not None, "a call has a connection when it is processed"
        self.pool.give_back(self._connection)
        self.end(CallOutcome.ANSWERED)

    def end(self, outcome: CallOutcome) -> None:
        self.cancel()
        if self._connection is None:
            self._note_wait()
        self.pool.resource.called(self.pool.service, self.asked_s, self.wait_s, outcome)
        self._ended(outcome)

    def cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _note_wait(self) -> None:
        self.wait_s = max(0.0, self.pool.resource.at_s() - self.asked_s)

    def _time_out(self) -> None:
        if self.pool.is_closed:
            return
        if self._connection is not None:
            self.abandoned = True
            self.pool.lost()
        else:
            self.pool.drop(self)
        self.end(CallOutcome.TIMED_OUT)


class ConnectionPool:
    """The connections of one instance to one resource. Without a pool size, each call opens and closes one.

    A call gets the connection that became idle last, so that unneeded connections reach their idle time-out.

    ASSUMPTION: this order differs between libraries. node-postgres and pgx take the last; SQLAlchemy's QueuePool takes
    the first unless `use_lifo` is set, so that no connection stays idle for long. Settled for an application by its
    library.
    """

    def __init__(self, resource: RunningResource, use: DownstreamUse, service: str) -> None:
        self.resource, self.use, self.service = resource, use, service
        self.is_closed = False
        self._loop = asyncio.get_running_loop()
        self._size = 0  # number of connections and of attempts to open one
        self._idle: OrderedDict[PooledConnection, None] = OrderedDict()
        self._waiting: OrderedDict[ResourceCall, None] = OrderedDict()
        self._openings: OrderedDict[Opening, None] = OrderedDict()
        self._lifetime_s = inf if use.max_lifetime_s is None else use.max_lifetime_s
        self._idle_s = inf if use.idle_timeout_s is None else use.idle_timeout_s
        server_s = resource.resource.server_idle_timeout_s
        self._server_idle_s = inf if server_s is None else server_s

    def warm(self) -> None:
        """Open the connections that an instance opens at its start. Rejected ones are opened again when needed."""
        for _ in range(self.use.min_idle):
            if not self.is_closed:
                self._open()

    def call(self, call: ResourceCall) -> None:
        """Give the call a connection, now or later."""
        if self._idle:
            connection, _ = self._idle.popitem()
            connection.cancel()
            call.begin(connection)
            return
        self._waiting[call] = None
        self.resource.waiting += 1
        self._open_if_needed()
        self.resource.changed()

    def opened(self, opening: Opening) -> None:
        del self._openings[opening]
        if self.is_closed:
            self.resource.release()
        else:
            self._use(PooledConnection(self._loop.time() + self._lifetime_s))

    def rejected(self, opening: Opening) -> None:
        """Called when a queued attempt to connect was rejected."""
        if self._fails(opening, newest=False):
            self._open()

    def give_back(self, connection: PooledConnection) -> None:
        """Release the connection of a call that was answered."""
        if self.use.pool is None:
            self._size -= 1
            self.resource.release()
        elif self._loop.time() >= connection.ends_s:
            self._size -= 1
            self.resource.release()
            self._open_if_needed()
            self._refill()
        else:
            self._use(connection)

    def lost(self) -> None:
        """Replace the connection of an abandoned call, which is closed when the resource has processed the call."""
        self._size -= 1
        self._open_if_needed()

    def drop(self, call: ResourceCall) -> None:
        """Remove a waiting call, and withdraw an attempt to connect that no other call needs."""
        self._remove(call)
        if self.use.pool is None and len(self._openings) > len(self._waiting):
            last = next(reversed(self._openings))
            if self.resource.withdraw(last):
                del self._openings[last]
                self._size -= 1

    def close(self) -> None:
        """Close all connections because the instance has ended. One with a call is closed after the call."""
        self.is_closed = True
        for call in self._waiting:
            call.cancel()
        self.resource.waiting -= len(self._waiting)
        self._waiting.clear()
        for opening in list(self._openings):
            if self.resource.withdraw(opening):
                del self._openings[opening]
        for connection in self._idle:
            connection.cancel()
            self.resource.release()
        self._idle.clear()
        self.resource.changed()

    # --- connections -------------------------------------------------------------------------------------------------

    def _open_if_needed(self) -> None:
        pool = self.use.pool
        if len(self._openings) < len(self._waiting) and (pool is None or self._size < pool):
            self._open()

    def _refill(self) -> None:
        """Open a connection if a closed one left fewer than `min_idle`."""
        if self._size < self.use.min_idle and not self.is_closed:
            self._open()

    def _open(self) -> None:
        """Try to open a connection. If the resource rejects it, try again while `_fails` returns True."""
        while True:
            self._size += 1
            opening = Opening(self)
            self._openings[opening] = None
            if self.resource.open(opening, pooled=self.use.pool is not None):
                return
            if not self._fails(opening, newest=True):
                return

    def _fails(self, opening: Opening, *, newest: bool) -> bool:
        """Process a failed attempt to connect: a call fails as well if no attempt is left for it.

        Return True if calls still wait and the pool has no connection that could become free for them.

        ASSUMPTION: the call gets the error at once, although another connection of its pool may become free. Client
        libraries differ; those that raise it are SQLAlchemy's QueuePool and node-postgres. Settled for an application
        by a test against its library.
        """
        del self._openings[opening]
        self._size -= 1
        if len(self._waiting) > len(self._openings):
            self._remove(next(reversed(self._waiting)) if newest else next(iter(self._waiting)), CallOutcome.REJECTED)
        return bool(self._waiting) and self._size == 0

    def _use(self, connection: PooledConnection) -> None:
        """Give a free connection to the first waiting call; if there is none, keep or close the connection."""
        if self._waiting:
            call = next(iter(self._waiting))
            self._remove(call)
            call.begin(connection)
        elif self.use.pool is not None:
            self._idle[connection] = None
            connection.closes_s = min(connection.ends_s, self._loop.time() + self._server_idle_s)
            self._watch(connection)
            self.resource.changed()
        else:
            self._size -= 1
            self.resource.release()

    def _watch(self, connection: PooledConnection) -> None:
        """Set the timer of an idle connection, for the earliest of `closes_s` and the pool's idle time-out."""
        closes_s = connection.closes_s
        due_s = min(closes_s, self._loop.time() + self._idle_s)
        if due_s < inf:
            connection.timer = self._loop.call_at(due_s, self._expire, connection, closes_s <= due_s)

    def _expire(self, connection: PooledConnection, forced: bool) -> None:
        """Close an idle connection. Keep it for another period if the pool would have fewer than `min_idle` without it.

        `forced`: the resource or the lifetime ends it, so it is closed in any case.

        ASSUMPTION: a pool notices at once that the resource has closed a connection, as libraries do that read their
        sockets while they are idle (node-postgres). Others notice with the next call, which fails unless the library
        tests connections before (SQLAlchemy's `pool_pre_ping`). Settled for an application by its library.
        """
        if not forced and self._size <= self.use.min_idle:
            self._watch(connection)
            return
        del self._idle[connection]
        self._size -= 1
        self.resource.release()
        self._refill()

    def _remove(self, call: ResourceCall, outcome: CallOutcome | None = None) -> None:
        del self._waiting[call]
        self.resource.waiting -= 1
        self.resource.changed()
        if outcome is not None:
            call.end(outcome)
