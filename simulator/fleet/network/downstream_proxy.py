"""A TCP proxy in front of a real server that applications call: it limits, delays and counts as a simulated downstream
resource does (fleet/simulated/downstream.py).

A proxy does not know the protocol. A call is the data that a client sends on a connection until the server begins to
answer. This fits PostgreSQL, Redis and other request-response protocols; requests that are sent together are one call.
Data that a client sends while its connection is queued stays in a buffer of bounded size.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator
from typing import Final, assert_never

from simulator.fleet.ports import Close
from simulator.fleet.simulated.application import DownstreamResource
from simulator.fleet.simulated.connection_watch import QUIET_S, ConnectionWatch
from simulator.model.times import RunTime
from simulator.records.events import CallOutcome, DownstreamCalled, DownstreamChanged, DownstreamLogged
from simulator.records.journal import Journal
from simulator.rules.downstream import ConnectionGrant, ConnectionSlots, OnFull
from simulator.world.tasks import Tasks

_PIECE_BYTES: Final = 64 * 1024
_HELD_BYTES_MAX: Final = 64 * 1024
# Connections that wait if the scenario gives no limit: each takes a file descriptor and a buffer of this process.
QUEUE_MAX: Final = 1024


class ProxiedResource:
    """A real server at `host` and `port`, with the limits of `resource`. `delays`: seconds added to each call."""

    def __init__(
        self,
        resource: DownstreamResource,
        host: str,
        port: int,
        delays: Iterator[float],
        journal: Journal,
        at_s: Callable[[], RunTime],
    ) -> None:
        self.resource, self.host, self.port, self.delays, self.at_s = resource, host, port, delays, at_s
        self._journal = journal
        queue = QUEUE_MAX if resource.queue is None else resource.queue
        self._slots: ConnectionSlots[asyncio.Future[bool]] = ConnectionSlots(
            resource.connections, resource.on_full, queue
        )
        self._watch = ConnectionWatch(resource.name, resource.connections, journal, at_s)
        self._busy = 0
        self._waiting = 0
        self._unreachable_s = float("-inf")

    def ask(self, place: asyncio.Future[bool], listener: object) -> None:
        """Request a connection: the result of `place` is True when one is free, False if the attempt is rejected."""
        self._watch.connecting(listener)
        grant = self._slots.ask(place)
        match grant:
            case ConnectionGrant.GRANTED:
                place.set_result(True)
            case ConnectionGrant.QUEUED:
                self._watch.full(waits=True)
                self._waiting += 1
                if self.resource.on_full is OnFull.WAIT:
                    asyncio.get_running_loop().call_later(self.resource.wait_s, self.give_up, place)
            case ConnectionGrant.REJECTED:
                self._watch.full(waits=False)
                place.set_result(False)
            case _:
                assert_never(grant)
        self._changed()

    def give_up(self, place: asyncio.Future[bool]) -> None:
        """End the wait of an attempt; do nothing if it is not queued."""
        if self._slots.give_up(place):
            self._waiting -= 1
            place.set_result(False)
            self._changed()

    def release(self) -> None:
        """Record that a connection was closed; the first attempt in the queue gets its place."""
        place = self._slots.release()
        if place is not None:
            self._waiting -= 1
            place.set_result(True)
        self._changed()

    def work(self, by: int) -> None:
        """Change the number of calls in progress."""
        self._busy += by
        self._changed()

    def called(self, service: str, asked_s: RunTime, wait_s: float, outcome: CallOutcome) -> None:
        self._journal.publish(DownstreamCalled(self.at_s(), self.resource.name, service, asked_s, wait_s, outcome))

    def unreachable(self, error: OSError) -> None:
        """Log that the server does not answer; a lasting cause is logged once."""
        now = self.at_s()
        if now - self._unreachable_s > QUIET_S:
            line = f"no connection to {self.host}:{self.port}: {error.strerror or error}"
            self._journal.record(DownstreamLogged(now, self.resource.name, line))
        self._unreachable_s = now

    def _changed(self) -> None:
        name, limit = self.resource.name, self.resource.connections
        self._journal.publish(DownstreamChanged(self.at_s(), name, limit, self._slots.taken, self._busy, self._waiting))


class DownstreamProxy:
    """Forwards the connections of one service to a resource. Create it on a running loop, and `close` it.

    `timeout_s`: the application's own time-out of a call, if it is known: a client that closes its connection after
    having waited for so long has timed out.
    """

    def __init__(self, resource: ProxiedResource, service: str, timeout_s: float | None = None) -> None:
        self.resource, self.service, self.timeout_s = resource, service, timeout_s
        self._tasks = Tasks(f"proxy of {resource.resource.name}")
        self._servers: list[asyncio.Server] = []

    async def serve(self, listening: socket.socket) -> Close:
        """Serve a listening socket, which belongs to the proxy from now on. Return a function that stops serving."""

        def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self._tasks.spawn(_ProxiedConnection(self, reader, writer).carry(listening), "connection")

        server = await asyncio.start_server(connected, sock=listening)
        self._servers.append(server)

        async def close() -> None:
            server.close()

        return close

    async def close(self) -> None:
        """Stop listening and cut every connection. Idempotent."""
        for server in self._servers:
            server.close()
        await self._tasks.close()


class _ProxiedConnection:
    """A connection of a client, and the one to the server."""

    def __init__(self, proxy: DownstreamProxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._service, self._timeout_s = proxy.service, proxy.timeout_s
        self._resource = proxy.resource
        self._reader, self._writer = reader, writer
        self._loop = asyncio.get_running_loop()
        self._asked_s = (
            proxy.resource.at_s()
        )  # time of the call in progress; for the first call, that of the connection attempt
        self._wait_s = 0.0
        self._in_progress = False
        self._idle_timer: asyncio.TimerHandle | None = None

    async def carry(self, listener: object) -> None:
        """Forward until both sides have ended, or either breaks."""
        resource = self._resource
        place: asyncio.Future[bool] = self._loop.create_future()
        try:
            resource.ask(place, listener)
            held = await self._hold(place)
            self._wait_s = max(0.0, resource.at_s() - self._asked_s)
            if held is None:
                return  # the client has disconnected
            if place.result():
                await self._forward(bytes(held))
            else:
                resource.called(self._service, self._asked_s, self._wait_s, CallOutcome.REJECTED)
                self._writer.transport.abort()
        finally:
            resource.give_up(place)
            self._end_call()
            if place.done() and place.result():
                resource.release()
            self._writer.close()

    async def _hold(self, place: asyncio.Future[bool]) -> bytearray | None:
        """Wait for a place. Return what the client has sent until then; None if the client has disconnected."""
        held = bytearray()
        reading: asyncio.Task[bytes] | None = None
        try:
            while not place.done():
                if reading is None and len(held) < _HELD_BYTES_MAX:
                    reading = self._loop.create_task(self._reader.read(_HELD_BYTES_MAX - len(held)))
                waited: list[asyncio.Future[bool] | asyncio.Task[bytes]] = [place]
                if reading is not None:
                    waited.append(reading)
                await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
                if reading is not None and reading.done():
                    piece = _result(reading)
                    reading = None
                    if not piece:
                        return None
                    held += piece
        finally:
            if reading is not None:
                reading.cancel()  # unread data stays in the reader
        return held

    async def _forward(self, held: bytes) -> None:
        resource = self._resource
        there: asyncio.StreamWriter | None = None
        try:
            try:
                back, there = await asyncio.open_connection(resource.host, resource.port)
            except OSError as error:
                resource.unreachable(error)
                resource.called(self._service, self._asked_s, self._wait_s, CallOutcome.REJECTED)
                self._writer.transport.abort()
                return
            self._watch_idle(there)
            async with Tasks("proxied connection") as tasks:
                ways = [
                    tasks.spawn(self._ask(held, there), "calls"),
                    tasks.spawn(self._answer(back, there), "answers"),
                ]
                await asyncio.wait(ways, return_when=asyncio.FIRST_EXCEPTION)
                for way in ways:
                    if way.done():
                        with contextlib.suppress(OSError):  # one side failed: both are closed
                            way.result()
        finally:
            self._stop_timer()
            if there is not None:
                there.close()

    async def _ask(self, held: bytes, there: asyncio.StreamWriter) -> None:
        """Forward what the client sends, each call after its delay."""
        piece = held or await self._reader.read(_PIECE_BYTES)
        is_first = True
        while piece:
            self._stop_timer()
            if not self._in_progress:
                if not is_first:
                    self._asked_s, self._wait_s = self._resource.at_s(), 0.0
                is_first = False
                self._in_progress = True
                self._resource.work(1)
                delay_s = next(self._resource.delays)
                if delay_s > 0:
                    await asyncio.sleep(delay_s)
            there.write(piece)
            await there.drain()
            piece = await self._reader.read(_PIECE_BYTES)
        if self._has_timed_out():
            self._resource.called(self._service, self._asked_s, self._wait_s, CallOutcome.TIMED_OUT)
            self._end_call()
        if there.can_write_eof():
            there.write_eof()

    async def _answer(self, back: asyncio.StreamReader, there: asyncio.StreamWriter) -> None:
        """Forward what the server sends."""
        while piece := await back.read(_PIECE_BYTES):
            if self._in_progress:
                self._end_call()
                self._resource.called(self._service, self._asked_s, self._wait_s, CallOutcome.ANSWERED)
            self._watch_idle(there)
            self._writer.write(piece)
            await self._writer.drain()
        if self._writer.can_write_eof():
            self._writer.write_eof()

    def _has_timed_out(self) -> bool:
        waited_s = self._resource.at_s() - self._asked_s
        return self._in_progress and self._timeout_s is not None and waited_s >= self._timeout_s

    def _end_call(self) -> None:
        if self._in_progress:
            self._in_progress = False
            self._resource.work(-1)

    def _watch_idle(self, there: asyncio.StreamWriter) -> None:
        """Close the connection if the client sends nothing for as long as the resource keeps idle connections."""
        self._stop_timer()
        limit_s = self._resource.resource.server_idle_timeout_s
        if limit_s is not None:
            self._idle_timer = self._loop.call_later(limit_s, self._close_idle, there)

    def _close_idle(self, there: asyncio.StreamWriter) -> None:
        there.close()
        self._writer.close()

    def _stop_timer(self) -> None:
        if self._idle_timer is not None:
            self._idle_timer.cancel()
            self._idle_timer = None


def _result(reading: asyncio.Task[bytes]) -> bytes:
    """Return what was read; empty if the connection failed."""
    with contextlib.suppress(OSError):
        return reading.result()
    return b""
