"""Downstream resources as they run: one for all instances of all services, by its name (rules/downstream.py)."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from typing import assert_never

from simulator.fleet.simulated.application import DownstreamResource, DownstreamUse
from simulator.fleet.simulated.connection_watch import ConnectionWatch
from simulator.fleet.simulated.driver import draws
from simulator.fleet.simulated.station_timer import StationTimer
from simulator.model.times import RunTime
from simulator.records.events import CallOutcome, DownstreamCalled, DownstreamChanged
from simulator.records.journal import Journal
from simulator.rules.downstream import ConnectionGrant, ConnectionSlots, ContendedStation, OnFull
from simulator.world.random_streams import RandomStreams


class DownstreamResources:
    """The resources of a run by name. A resource is created when the first instance that uses it is launched."""

    def __init__(self, streams: RandomStreams, journal: Journal, at_s: Callable[[], RunTime]) -> None:
        self._streams, self._journal, self._at_s = streams, journal, at_s
        self._running: dict[str, RunningResource] = {}

    def running(self, resource: DownstreamResource) -> RunningResource:
        running = self._running.get(resource.name)
        if running is None:
            running = RunningResource(resource, self._streams, self._journal, self._at_s)
            self._running[resource.name] = running
        assert running.resource == resource, f"two definitions of {resource.name}: the scenario's rules prevent this"
        return running


class RunningResource:
    """One resource: its connections, and the work in progress on them."""

    def __init__(
        self, resource: DownstreamResource, streams: RandomStreams, journal: Journal, at_s: Callable[[], RunTime]
    ) -> None:
        self.resource = resource
        self.at_s = at_s
        self._journal = journal
        self._loop = asyncio.get_running_loop()
        self._slots: ConnectionSlots[Opening] = ConnectionSlots(resource.connections, resource.on_full, resource.queue)
        self._station: ContendedStation[Opening | ResourceCall] = ContendedStation(
            resource.contention, resource.coherency
        )
        self._service_times = draws(resource.service, streams.stream("downstream", resource.name, "service"))
        self._connect_times = draws(resource.connect, streams.stream("downstream", resource.name, "connect"))
        self._timer = StationTimer(self._station, self._computed)
        self._watch = ConnectionWatch(resource.name, resource.connections, journal, at_s)
        self.waiting = 0  # calls without a connection

    # --- connections -------------------------------------------------------------------------------------------------

    def open(self, opening: Opening, *, pooled: bool) -> None:
        """Open a connection, now or later; `opening` learns how it ends."""
        if pooled:
            self._watch.asked(opening.pool)
        grant = self._slots.ask(opening)
        match grant:
            case ConnectionGrant.GRANTED:
                self._connect(opening)
            case ConnectionGrant.QUEUED:
                self._watch.full("waits")
                if self.resource.on_full is OnFull.WAIT:
                    opening.timer = self._loop.call_later(self.resource.wait_s, self._expire, opening)
            case ConnectionGrant.REJECTED:
                self._watch.full("was rejected")
                opening.pool.rejected(opening, newest=True)
            case _:
                assert_never(grant)

    def release(self) -> None:
        """Close a connection; the next attempt in the queue gets its place."""
        opening = self._slots.release()
        if opening is not None:
            self._connect(opening)
        self.changed()

    def withdraw(self, opening: Opening) -> bool:
        """Remove an attempt from the queue; return False if it does not wait there."""
        if not self._slots.give_up(opening):
            return False
        opening.cancel()
        return True

    def _expire(self, opening: Opening) -> None:
        if self._slots.give_up(opening):
            opening.pool.rejected(opening, newest=False)

    def _connect(self, opening: Opening) -> None:
        opening.cancel()
        connect_s = next(self._connect_times)
        if connect_s > 0:
            self._work(opening, connect_s)
        else:
            opening.completed()
        self.changed()

    # --- work --------------------------------------------------------------------------------------------------------

    def start(self, call: ResourceCall) -> None:
        """Process a call that has a connection."""
        self._work(call, next(self._service_times))

    def _work(self, job: Opening | ResourceCall, seconds: float) -> None:
        self._station.arrive(job, seconds, self._loop.time())
        self._timer.arm()
        self.changed()

    def _computed(self, now: float) -> None:
        for job in self._station.computed(now):
            self._station.leave(now)
            job.completed()
        self.changed()

    # --- the journal -------------------------------------------------------------------------------------------------

    def called(self, call: ResourceCall, outcome: CallOutcome) -> None:
        self._journal.tell(
            DownstreamCalled(self.at_s(), self.resource.name, call.pool.service, call.asked_s, call.wait_s, outcome)
        )

    def changed(self) -> None:
        opened, busy = self._slots.taken, self._station.busy_workers
        name, limit = self.resource.name, self.resource.connections
        self._journal.tell(DownstreamChanged(self.at_s(), name, limit, opened, busy, self.waiting))


class Opening:
    """An attempt of a pool to open a connection. `timer`: ends its wait at a full resource."""

    __slots__ = ("pool", "timer")

    def __init__(self, pool: ConnectionPool) -> None:
        self.pool = pool
        self.timer: asyncio.TimerHandle | None = None

    def cancel(self) -> None:
        if self.timer is not None:
            self.timer.cancel()

    def completed(self) -> None:
        self.pool.opened(self)


class ResourceCall:
    """One attempt of a request to call a resource; `ended` is called once, unless its instance ends before."""

    __slots__ = ("_ended", "_timer", "abandoned", "asked_s", "has_begun", "pool", "wait_s")

    def __init__(self, pool: ConnectionPool, ended: Callable[[CallOutcome], None]) -> None:
        self.pool = pool
        self.asked_s = pool.resource.at_s()
        self.wait_s = 0.0
        self.has_begun = False
        self.abandoned = False  # the client has given up; the resource works on it nevertheless
        self._ended = ended
        timeout_s = pool.use.timeout_s
        self._timer = None if timeout_s is None else asyncio.get_running_loop().call_later(timeout_s, self._time_out)

    def begin(self) -> None:
        """Take the connection that the pool has for it."""
        self.has_begun = True
        self._note_wait()
        self.pool.resource.start(self)

    def completed(self) -> None:
        """Take the answer."""
        if self.abandoned or self.pool.is_closed:
            self.pool.resource.release()
            return
        self.pool.give_back()
        self.end(CallOutcome.ANSWERED)

    def end(self, outcome: CallOutcome) -> None:
        self.cancel()
        if not self.has_begun:
            self._note_wait()
        self.pool.resource.called(self, outcome)
        self._ended(outcome)

    def cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _note_wait(self) -> None:
        self.wait_s = max(0.0, self.pool.resource.at_s() - self.asked_s)

    def _time_out(self) -> None:
        if self.pool.is_closed:
            return
        if self.has_begun:
            self.abandoned = True
            self.pool.lost()
        else:
            self.pool.drop(self)
        self.end(CallOutcome.TIMED_OUT)


class ConnectionPool:
    """The connections of one instance to one resource. Without a pool size each call opens one and closes it."""

    def __init__(self, resource: RunningResource, use: DownstreamUse, service: str) -> None:
        self.resource, self.use, self.service = resource, use, service
        self.is_closed = False
        self._size = 0  # connections, and attempts to open one
        self._idle = 0
        self._waiting: OrderedDict[ResourceCall, None] = OrderedDict()
        self._openings: OrderedDict[Opening, None] = OrderedDict()

    def warm(self) -> None:
        """Open the connections that an instance opens when it starts. Rejected ones are opened when they are needed."""
        for _ in range(self.use.min_idle):
            if not self.is_closed:
                self._open()

    def call(self, call: ResourceCall) -> None:
        """Give the call a connection, now or later."""
        if self._idle:
            self._idle -= 1
            call.begin()
            return
        self._waiting[call] = None
        self.resource.waiting += 1
        self.resource.changed()
        self._open_if_needed()

    def opened(self, opening: Opening) -> None:
        del self._openings[opening]
        if self.is_closed:
            self.resource.release()
        else:
            self._use_connection()

    def rejected(self, opening: Opening, *, newest: bool) -> None:
        """Take note that an attempt to connect has failed: a call for which there is none any more fails, too.

        ASSUMPTION: the call gets the error at once, although another connection of its pool may become free. Client
        libraries differ; those that raise it are SQLAlchemy's QueuePool and node-postgres. A test against the
        library of an application settles it for that application.
        """
        del self._openings[opening]
        self._size -= 1
        if len(self._waiting) > len(self._openings):
            self._remove(next(reversed(self._waiting)) if newest else next(iter(self._waiting)), CallOutcome.REJECTED)
        if self._waiting and self._size == 0:
            self._open()

    def give_back(self) -> None:
        """Take back the connection of a call that was answered."""
        if self.use.pool is None:
            self._size -= 1
            self.resource.release()
        else:
            self._use_connection()

    def lost(self) -> None:
        """Take note that a call was abandoned: its connection is closed when the resource has processed the call."""
        self._size -= 1
        self._open_if_needed()

    def drop(self, call: ResourceCall) -> None:
        """Remove a waiting call; an attempt to connect that is needed for no other call is withdrawn."""
        self._remove(call)
        if self.use.pool is None and len(self._openings) > len(self._waiting):
            last = next(reversed(self._openings))
            if self.resource.withdraw(last):
                del self._openings[last]
                self._size -= 1

    def close(self) -> None:
        """Close all connections: the instance has ended. Those with a call are closed when the resource is ready."""
        self.is_closed = True
        for call in self._waiting:
            call.cancel()
        self.resource.waiting -= len(self._waiting)
        self._waiting.clear()
        for opening in list(self._openings):
            if self.resource.withdraw(opening):
                del self._openings[opening]
        for _ in range(self._idle):
            self.resource.release()
        self._idle = 0
        self.resource.changed()

    def _open_if_needed(self) -> None:
        pool = self.use.pool
        if len(self._openings) < len(self._waiting) and (pool is None or self._size < pool):
            self._open()

    def _open(self) -> None:
        self._size += 1
        opening = Opening(self)
        self._openings[opening] = None
        self.resource.open(opening, pooled=self.use.pool is not None)

    def _use_connection(self) -> None:
        """Use a free connection for the first waiting call, keep it, or close it."""
        if self._waiting:
            call = next(iter(self._waiting))
            self._remove(call)
            call.begin()
        elif self.use.pool is not None:
            self._idle += 1
            self.resource.changed()
        else:
            self._size -= 1
            self.resource.release()

    def _remove(self, call: ResourceCall, outcome: CallOutcome | None = None) -> None:
        del self._waiting[call]
        self.resource.waiting -= 1
        self.resource.changed()
        if outcome is not None:
            call.end(outcome)
