"""Downstream resources at run time: one object per name, shared by all services (rules/downstream.py)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol, assert_never

from simulator.fleet.simulated.application import DownstreamResource
from simulator.fleet.simulated.connection_watch import ConnectionWatch
from simulator.fleet.simulated.station_timer import StationTimer
from simulator.fleet.simulated.work import draws
from simulator.model.times import RunTime
from simulator.records.events import CallOutcome, DownstreamCalled, DownstreamChanged
from simulator.records.journal import Journal
from simulator.rules.downstream import ConnectionGrant, ConnectionSlots, OnFull, contended_station
from simulator.rules.stations.discipline import Station
from simulator.world.random_streams import RandomStreams


class Opener(Protocol):
    """A client that opens connections: the pool of an instance (connection_pool.py)."""

    def opened(self, opening: Opening, /) -> None:
        """Take the connection that was opened."""

    def rejected(self, opening: Opening, /) -> None:
        """Called when a queued attempt to connect was rejected."""


class DownstreamWork(Protocol):
    """Work that a resource processes: a call, or the opening of a connection."""

    def completed(self) -> None:
        """Called when the work is done."""


class Opening:
    """An attempt of a pool to open a connection. `timer`: limits the wait at a full resource."""

    __slots__ = ("pool", "timer")

    def __init__(self, pool: Opener) -> None:
        self.pool = pool
        self.timer: asyncio.TimerHandle | None = None

    def cancel(self) -> None:
        if self.timer is not None:
            self.timer.cancel()

    def completed(self) -> None:
        self.pool.opened(self)


class DownstreamResources:
    """The resources of a run by name. A resource is created when the first instance that uses it starts."""

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
        self._station: Station[DownstreamWork] = contended_station(resource.contention, resource.coherency)
        self._service_times = draws(resource.service, streams.stream("downstream", resource.name, "service"))
        self._connect_times = draws(resource.connect, streams.stream("downstream", resource.name, "connect"))
        self._timer = StationTimer(self._station, self._computed)
        self._watch = ConnectionWatch(resource.name, resource.connections, journal, at_s)
        self.waiting = 0  # number of calls that wait for a connection

    # --- connections -------------------------------------------------------------------------------------------------

    def open(self, opening: Opening, *, pooled: bool) -> bool:
        """Open a connection, now or later; return False if the attempt is rejected at once."""
        if pooled:
            self._watch.connecting(opening.pool)
        grant = self._slots.ask(opening)
        match grant:
            case ConnectionGrant.GRANTED:
                self._connect(opening)
                return True
            case ConnectionGrant.QUEUED:
                self._watch.full(waits=True)
                if self.resource.on_full is OnFull.WAIT:
                    opening.timer = self._loop.call_later(self.resource.wait_s, self._expire, opening)
                return True
            case ConnectionGrant.REJECTED:
                self._watch.full(waits=False)
                return False
            case _:
                assert_never(grant)

    def release(self) -> None:
        """Close a connection; the next attempt in the queue may then connect."""
        opening = self._slots.release()
        if opening is not None:
            self._connect(opening)
        self.changed()

    def withdraw(self, opening: Opening) -> bool:
        """Remove an attempt from the queue; return False if it is not in the queue."""
        if not self._slots.give_up(opening):
            return False
        opening.cancel()
        return True

    def _expire(self, opening: Opening) -> None:
        if self._slots.give_up(opening):
            opening.pool.rejected(opening)

    def _connect(self, opening: Opening) -> None:
        opening.cancel()
        connect_s = next(self._connect_times)
        if connect_s > 0:
            self._work(opening, connect_s)
        else:
            opening.completed()
        self.changed()

    # --- work --------------------------------------------------------------------------------------------------------

    def start(self, call: DownstreamWork) -> None:
        """Process a call that has a connection."""
        self._work(call, next(self._service_times))

    def _work(self, job: DownstreamWork, seconds: float) -> None:
        self._station.arrive(job, seconds, self._loop.time())
        self._timer.arm()
        self.changed()

    def _computed(self, now: float) -> None:
        for job in self._station.computed(now):
            self._station.leave(now)
            job.completed()
        self.changed()

    # --- events ------------------------------------------------------------------------------------------------------

    def called(self, service: str, asked_s: RunTime, wait_s: float, outcome: CallOutcome) -> None:
        self._journal.publish(DownstreamCalled(self.at_s(), self.resource.name, service, asked_s, wait_s, outcome))

    def changed(self) -> None:
        opened, busy = self._slots.taken, self._station.busy_workers
        name, limit = self.resource.name, self.resource.connections
        self._journal.publish(DownstreamChanged(self.at_s(), name, limit, opened, busy, self.waiting))
