"""The client side of the live load: keep-alive connections to one service, and the outcome of every request.

Latency is measured from the *intended* send time of a request. The wait for a connection, or for a generator that is
late, is part of the latency, so a slow platform cannot slow down its own measurement (no coordinated omission).

A request uses the free connection that was used last. Without a free connection it waits, and a new connection is
opened, up to a limit. So the number of connections follows demand, as with many browsers, and connections stay open.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Iterable
from typing import Final

from simulator.model.times import LoopTime, RunTime
from simulator.records.request_log import NO_ANSWER, RequestRows
from simulator.traffic.live.request import RequestWriter, Shot
from simulator.traffic.live.settings import LoadLimits, LoadTarget
from simulator.traffic.live.summary import Lateness, LoadSummary
from simulator.traffic.live.timing import FIELD, NO_TIMING, Timing, parse_timing
from simulator.wire.client import ClientConnection, ClientResponse
from simulator.world.running_loop import running_loop
from simulator.world.tasks import Tasks, first_of

_WANTED: Final = frozenset({FIELD})
# How often requests are checked against the client's time limit, which is in minutes.
_CHECK_S: Final = 0.25
# Time limit in which the event loop should report closed connections; a longer wait would mean that the loop hangs.
_LAST_CALLS_S_MAX: Final = 1.0


_DEFAULT: Final = LoadLimits()


class LoadClient:
    """Sends requests (`Shot`) and records their outcomes. Owns the connections to one service (a `ClientOwner`)."""

    def __init__(
        self,
        target: LoadTarget,
        rows: RequestRows,
        origin_s: LoopTime,
        limits: LoadLimits = _DEFAULT,
        now: Callable[[], LoopTime] | None = None,
        wanted: Iterable[bytes] = (),
    ) -> None:
        """Create the client. `origin_s` is the loop's time at which the run begins.

        `now` is a more precise clock with the same origin, if available; the loop's own clock has a resolution of a
        millisecond on uvloop. `wanted` has the names of response headers to keep, in lower case.
        """
        self._wanted = _WANTED | frozenset(wanted)  # response header fields, in lower case
        self._loop = running_loop()
        self._target = target
        self._rows = rows
        self._limits = limits
        self.now = now or self._loop.time
        self.origin_s = origin_s
        self.origin = target.origin
        self._writer = RequestWriter(target.authority)
        self._tasks = Tasks(f"load for {target.host}")
        self._connections: dict[ClientConnection, None] = {}
        self._idle: dict[ClientConnection, None] = {}  # the most recently used one is taken first
        self._shots: dict[ClientConnection, Shot] = {}  # the request on each busy connection
        self._waiting: deque[Shot] = deque()
        self._outstanding: dict[Shot, None] = {}  # nearly in the order in which they were due
        self._opening = 0
        self._limit_timer: asyncio.TimerHandle | None = None
        self._drained: asyncio.Future[None] | None = None
        self._emptied: asyncio.Future[None] | None = None
        self._closing = False
        self._lateness = Lateness()
        self._sent = self._answered = self._errors = 0
        self._opened = self._failed = self._at_bound = 0

    async def prepare(self, connections: int) -> None:
        """Open this many connections (at most the limit) before the run; raise the first error.

        For sources that begin with a high rate, whose first second would otherwise be full of handshakes.
        """
        wanted = min(connections, self._limits.connections_max)
        failed = self._failed
        while len(self._connections) < wanted and self._failed == failed:
            self._opening += 1
            await self._open()

    # --- called by sources ---

    def send(self, shot: Shot) -> None:
        """Send the request now, or as soon as a connection is free."""
        self._sent += 1
        self._outstanding[shot] = None
        if self._limit_timer is None:
            self._limit_timer = self._loop.call_later(_CHECK_S, self._check_limits)
        while self._idle:
            connection, _ = self._idle.popitem()
            if connection.is_open:
                self._write(connection, shot)
                return
        if len(self._waiting) >= self._limits.waiting_max:
            self._give_up(shot)
            return
        self._waiting.append(shot)
        if len(self._connections) + self._opening >= self._limits.connections_max:
            self._at_bound += 1
        self._open_more()

    async def drained(self) -> None:
        """Wait until every request has its outcome: a response, an error, or the time limit."""
        if self._outstanding:
            self._drained = self._loop.create_future()
            if await first_of(self._drained, self._tasks.failed) == 1:
                self._tasks.failed.result()

    async def close(self) -> None:
        """Close all connections at once; outstanding requests remain without an outcome. Idempotent.

        It sends no TLS close_notify, because uvloop logs errors if hundreds of them cross those of the other side.
        """
        self._closing = True
        if self._limit_timer is not None:
            self._limit_timer.cancel()
        await self._tasks.close()
        for connection in list(self._connections):
            connection.abort("the load was ended")
        if self._connections:
            self._emptied = self._loop.create_future()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LAST_CALLS_S_MAX):
                    await self._emptied

    def summary(self) -> LoadSummary:
        """Return a summary of the requests so far."""
        return LoadSummary(
            sent=self._sent,
            answered=self._answered,
            errors=self._errors,
            unfinished=len(self._outstanding),
            connections_opened=self._opened,
            connections_failed=self._failed,
            at_bound=self._at_bound,
            late_p50_s=self._lateness.quantile_s(0.5),
            late_p99_s=self._lateness.quantile_s(0.99),
            late_max_s=self._lateness.max_s(),
        )

    # --- called by connections ---

    def answered(self, connection: ClientConnection, answer: ClientResponse) -> None:
        shot = self._shots.pop(connection, None)
        if shot is None:  # the client's time limit passed just before
            connection.abort("the client's time limit")
            return
        if answer.reusable:
            self._assign(connection)
        self._answered += 1
        given = next((value for name, value in answer.headers if name == FIELD), None)
        timing = NO_TIMING if given is None else parse_timing(given)
        shot.answer = answer
        if timing.instance:  # the platform sends it with the head, but the body is also part of the instance's work
            timing = timing._replace(service_s=timing.service_s + (answer.last_s - answer.first_s))
        self._outcome(shot, answer.status, answer.last_s, timing)

    def lost(self, connection: ClientConnection, why: str) -> None:  # noqa: ARG002 counted, not told apart
        self._connections.pop(connection, None)
        self._idle.pop(connection, None)
        shot = self._shots.pop(connection, None)
        if self._emptied is not None and not self._connections and not self._emptied.done():
            self._emptied.set_result(None)
        if self._closing:
            return
        if shot is not None:
            shot.connection = None
            if self._may_repeat(connection, shot):
                shot.repeated = True
                self._waiting.appendleft(shot)
            else:
                self._give_up(shot)
        self._open_more()

    # --- internals ---

    def _write(self, connection: ClientConnection, shot: Shot) -> None:
        self._shots[connection] = shot
        shot.connection = connection
        if shot.sent_s < 0:
            shot.sent_s = self.now()
        written = self._writer.write(shot.choice)
        connection.send(
            written.data, written.filler_bytes, bodiless=written.bodiless, keeps_body=shot.choice.keeps_body
        )

    def _assign(self, connection: ClientConnection) -> None:
        """Give a free connection to the request that has waited longest, or keep it idle."""
        while self._waiting:
            shot = self._waiting.popleft()
            if shot in self._outstanding:  # otherwise its time limit passed while it waited
                self._write(connection, shot)
                return
        self._idle[connection] = None

    def _may_repeat(self, connection: ClientConnection, shot: Shot) -> bool:
        """Return True if the request may be sent again: the platform may close an idle connection just when it is
        reused.

        Browsers also send such requests again, once.
        """
        return (
            connection.answers > 0
            and not connection.answering
            and not shot.repeated
            and self._writer.write(shot.choice).repeatable
        )

    def _open_more(self) -> None:
        while (
            len(self._waiting) > self._opening
            and self._opening < self._limits.opening_max
            and len(self._connections) + self._opening < self._limits.connections_max
            and not self._closing
        ):
            self._opening += 1
            self._tasks.spawn(self._open(), "open a connection")

    async def _open(self) -> None:
        target = self._target
        try:
            async with asyncio.timeout(self._limits.connect_s_max):
                _, connection = await self._loop.create_connection(
                    lambda: ClientConnection(self, self._wanted, self.now),
                    target.address,
                    target.port,
                    ssl=target.tls,
                    server_hostname=target.host if target.tls else None,
                )
        except OSError:  # TimeoutError and ssl.SSLError are subclasses of OSError
            self._opening -= 1
            self._failed += 1
            self._fail_longest_waiting()
        else:
            self._opening -= 1
            self._opened += 1
            if connection.is_open:
                self._connections[connection] = None
                self._assign(connection)
        self._open_more()

    def _fail_longest_waiting(self) -> None:
        """Fail the request that has waited longest, because a connection could not be opened."""
        while self._waiting:
            shot = self._waiting.popleft()
            if shot in self._outstanding:
                self._give_up(shot)
                return

    def _give_up(self, shot: Shot) -> None:
        self._errors += 1
        self._outcome(shot, NO_ANSWER, self.now(), NO_TIMING)

    def _outcome(self, shot: Shot, status: int, ended_s: LoopTime, timing: Timing) -> None:
        del self._outstanding[shot]
        origin_s = self.origin_s
        late_s = (shot.sent_s if shot.sent_s >= 0 else ended_s) - origin_s - shot.intended_s
        self._lateness.add(late_s)
        self._rows.add(
            shot.source,
            shot.intended_s,
            ended_s - origin_s - shot.intended_s,
            timing.queue_s,
            timing.cold_s,
            timing.service_s,
            status,
            -self._rows.rules.number(timing.rule) if timing.rule else timing.instance,
            late_s,
        )
        if shot.ended is not None:
            shot.ended(RunTime(ended_s - origin_s), status)
        if not self._outstanding and self._drained is not None and not self._drained.done():
            self._drained.set_result(None)

    def _check_limits(self) -> None:
        self._limit_timer = None
        oldest_s = self.now() - self.origin_s - self._limits.answer_s_max
        while self._outstanding:
            shot = next(iter(self._outstanding))
            if shot.intended_s > oldest_s:
                self._limit_timer = self._loop.call_later(_CHECK_S, self._check_limits)
                return
            if shot.connection is not None:
                del self._shots[shot.connection]
                shot.connection.abort("the client's time limit")
            self._give_up(shot)
