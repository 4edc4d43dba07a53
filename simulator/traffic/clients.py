"""Simulated clients, which send requests to the platform's core in virtual time, without a socket."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from simulator.edge.ports import Upstream
from simulator.fleet.exchange import PooledExchange
from simulator.model.rejection import Rejection
from simulator.model.times import NOT_YET, RUN_FOREVER, LoopTime, RunTime
from simulator.platform.platform import Service
from simulator.records.events import RequestRetried, UserPaused
from simulator.records.journal import Journal
from simulator.records.request_log import RequestRows
from simulator.rules.retries import Retries
from simulator.scenario.request_numbers import RequestKind
from simulator.traffic.scripts import Population, Script, User
from simulator.world.clock import RunClock
from simulator.world.running_loop import running_loop

if TYPE_CHECKING:
    from simulator.rules.waf.web_request import WebRequest
    from simulator.traffic.web_requests import WebRequests


class SimulatedExchange(PooledExchange):
    """A request of a simulated client. `upstream` is where it was sent."""

    __slots__ = ("_client", "attempt", "kind", "rule", "upstream")

    def __init__(
        self, client: SimulatedClient, upstream: Upstream, arrived_s: LoopTime, attempt: int, kind: RequestKind
    ) -> None:
        # Does not call super().__init__(): this saves one call per request.
        self.arrived_s = arrived_s
        self.granted_s = self.begun_s = NOT_YET
        self.cpu_s = self.io_s = -1.0
        self.cold_s = 0.0
        self.status = 0
        self.instance = None
        self.open = True
        self._client = client
        self.upstream = upstream
        self.attempt = attempt
        self.kind = kind
        self.rule = ""  # the rule of a web ACL that blocked the request, if any

    @property
    def path(self) -> str:
        return self.kind.path

    @property
    def body_bytes(self) -> int:
        return self.kind.body_bytes

    def answered(self, status: int) -> None:
        self.status = status
        self.upstream.finish(self)
        self._client.ended(self, status)

    def web_request(self, body_bytes_max: int) -> WebRequest:
        return self._client.web_requests.of(self.kind, body_bytes_max)

    def fail(self, rejection: Rejection) -> None:
        self.rule = rejection.rule
        self._client.ended(self, rejection.status)


class UserExchange(SimulatedExchange):
    """A request of a user whose next request depends on its outcome."""

    __slots__ = ("user",)

    user: User


class SimulatedClient:
    """The base of open and closed sources: sends requests and records their outcomes.

    `kinds` yields the kind of each new request, without end.
    """

    def __init__(self, service: Service, kinds: Iterator[RequestKind], rows: RequestRows, clock: RunClock) -> None:
        self.outstanding = 0
        self._service = service
        self._kinds = kinds
        self._rows = rows
        self._origin_s = clock.origin_s
        self._loop = running_loop()
        self._drained: asyncio.Future[None] | None = None
        service.follow_switches(self._use_current_revision)
        self._use_current_revision()

    def _use_current_revision(self) -> None:
        """Direct new requests to the revision that now serves the service's traffic."""
        revision = self._service.revision
        self._upstream = self._service.upstream
        self._draw = revision.draw if revision is not None else _no_draw

    def stop(self) -> None:
        """Stop sending new requests."""
        raise NotImplementedError

    async def drained(self) -> None:
        """Wait until every request that was sent has ended. Each one ends, because the pool limits its time."""
        if self.outstanding:
            self._drained = self._loop.create_future()
            await self._drained

    def send(self, kind: RequestKind, attempt: int = 1) -> None:
        upstream = self._upstream
        exchange = SimulatedExchange(self, upstream, self._loop.time(), attempt, kind)
        self._draw(exchange)
        self.outstanding += 1
        upstream.offer(exchange)

    def send_for(self, user: User, kind: RequestKind) -> None:
        upstream = self._upstream
        exchange = UserExchange(self, upstream, self._loop.time(), 1, kind)
        exchange.user = user
        self._draw(exchange)
        self.outstanding += 1
        upstream.offer(exchange)

    def ended(self, exchange: SimulatedExchange, status: int) -> None:
        now = self._loop.time()
        arrived_s, begun_s = exchange.arrived_s, exchange.begun_s
        if begun_s >= 0:
            queue_s, service_s = begun_s - arrived_s - exchange.cold_s, now - begun_s
        else:
            queue_s, service_s = now - arrived_s - exchange.cold_s, 0.0
        self.outstanding -= 1
        if self._drained is not None and not self.outstanding:
            self._drained.set_result(None)
        self._rows.add(
            exchange.kind.number,
            arrived_s - self._origin_s,
            now - arrived_s,
            queue_s,
            exchange.cold_s,
            service_s,
            status,
            self._instance_or_rule(exchange),
            0.0,
        )

    def _instance_or_rule(self, exchange: SimulatedExchange) -> int:
        if exchange.instance is not None:
            return exchange.instance.number
        return -self._rows.rules.number(exchange.rule) if exchange.rule else 0

    @cached_property
    def web_requests(self) -> WebRequests:
        """Creates the client's requests as a web ACL inspects them."""
        from simulator.traffic.web_requests import WebRequests  # noqa: PLC0415 few services have a web ACL

        return WebRequests(self._service.host)


class OpenClient(SimulatedClient):
    """Sends at given times, whatever the responses. `arrivals` are seconds of the run, ascending.

    The interval of a run is half open: a request that is due at its end, `end_at_s`, or rounds to it on the loop's
    clock, is not sent.
    """

    def __init__(
        self,
        service: Service,
        kinds: Iterator[RequestKind],
        rows: RequestRows,
        clock: RunClock,
        arrivals: Iterator[RunTime],
        end_at_s: RunTime = RUN_FOREVER,
    ) -> None:
        super().__init__(service, kinds, rows, clock)
        self._arrivals = arrivals
        self._end_s = clock.loop_s(end_at_s)
        self._next()

    def stop(self) -> None:
        self._arrivals = iter(())

    def _next(self) -> None:
        at_s = next(self._arrivals, None)
        if at_s is not None and self._origin_s + at_s < self._end_s:
            self._loop.call_at(self._origin_s + at_s, self._fire)

    def _fire(self) -> None:
        self._next()
        self.send(next(self._kinds))


class RetryingClient(OpenClient):
    """An open client that retries failed requests and records this in `journal`. Each attempt samples new work."""

    def __init__(
        self,
        service: Service,
        kinds: Iterator[RequestKind],
        rows: RequestRows,
        clock: RunClock,
        arrivals: Iterator[RunTime],
        retries: Retries,
        journal: Journal,
        end_at_s: RunTime = RUN_FOREVER,
    ) -> None:
        self._retries = retries
        self._clock = clock
        self._journal = journal
        self._stopped = False
        super().__init__(service, kinds, rows, clock, arrivals, end_at_s)

    def stop(self) -> None:
        super().stop()
        self._stopped = True

    def ended(self, exchange: SimulatedExchange, status: int) -> None:
        super().ended(exchange, status)
        pause_s = self._retries.pause_s(exchange.attempt, status)
        if pause_s is not None:
            self._loop.call_later(pause_s, self._again, exchange)

    def _again(self, failed: SimulatedExchange) -> None:
        if not self._stopped:
            self._journal.publish(RequestRetried(failed.kind.number, self._clock.run_s(failed.arrived_s)))
            self.send(failed.kind, failed.attempt + 1)


class SessionClient(OpenClient):
    """A client in which each arrival is a user who runs one session. `kinds` is not used."""

    def __init__(
        self,
        service: Service,
        script: Script[RequestKind],
        rows: RequestRows,
        clock: RunClock,
        arrivals: Iterator[RunTime],
        end_at_s: RunTime = RUN_FOREVER,
    ) -> None:
        self._script = script
        self._stopped = False
        super().__init__(service, iter(()), rows, clock, arrivals, end_at_s)

    def stop(self) -> None:
        super().stop()
        self._stopped = True

    def ended(self, exchange: SimulatedExchange, status: int) -> None:
        super().ended(exchange, status)
        assert isinstance(exchange, UserExchange), "it was sent here"
        pause_s = self._script.pause_s(exchange.user, status)
        if exchange.user.place:
            self._loop.call_later(pause_s, self._step, exchange.user)

    def _fire(self) -> None:
        self._next()
        self._step(User())

    def _step(self, user: User) -> None:
        kind = None if self._stopped else self._script.request(user)
        if kind is not None:
            self.send_for(user, kind.from_address(user.address))


class ClosedClient(SimulatedClient):
    """A closed population: each user sends, waits for the response, thinks and sends again, until `until_s` of the run.

    `think` returns the next thinking time. Without a script, users begin with a thinking time, so that they do not send
    at the same times. `script` defines the requests of each user; without a script they send what `kinds` yields.
    `changes` are the planned changes of the size of the population. `journal` gets the pauses of users.
    """

    def __init__(
        self,
        service: Service,
        kinds: Iterator[RequestKind],
        rows: RequestRows,
        clock: RunClock,
        *,
        users: int,
        think: Callable[[], float],
        from_s: RunTime,
        until_s: RunTime,
        script: Script[RequestKind] | None = None,
        changes: Iterator[tuple[float, int]] = iter(()),  # noqa: B008 an empty one
        journal: Journal | None = None,
    ) -> None:
        super().__init__(service, kinds, rows, clock)
        self._pauses = journal if journal is not None and journal.has_reader(UserPaused) else None
        self._script = script or Script(kinds.__next__, think)
        self._until_s = clock.loop_s(until_s)
        self._from_s = clock.loop_s(from_s)
        self._users = Population(users, changes)
        self._join()
        self._plan()

    def stop(self) -> None:
        self._until_s = LoopTime(0.0)

    def set_factor(self, factor: float) -> None:
        """Multiply the planned size of the population by `factor`.

        Users with the highest numbers leave when their iteration has ended; new users begin as the script says.
        """
        self._users.set_factor(factor)
        self._join()

    def ended(self, exchange: SimulatedExchange, status: int) -> None:
        super().ended(exchange, status)
        assert isinstance(exchange, UserExchange), "it was sent here"
        user = exchange.user
        pause_s = self._script.pause_s(user, status)
        self._loop.call_later(pause_s, self._fire, user)
        if self._pauses is not None:
            now_s = RunTime(self._loop.time() - self._origin_s)
            self._pauses.publish(UserPaused(exchange.kind.number, now_s, RunTime(now_s + pause_s)))

    def _join(self) -> None:
        begin_s = max(self._loop.time(), self._from_s)
        for user in self._users.joining():
            self._loop.call_at(begin_s + self._script.first_pause_s(), self._fire, user)

    def _plan(self) -> None:
        """Schedule the next planned change of the population."""
        at_s = self._users.next_change_s
        if at_s < math.inf:
            self._loop.call_at(self._from_s + at_s, self._change)

    def _change(self) -> None:
        if self._loop.time() < self._until_s:
            self._users.change()
            self._join()
            self._plan()

    def _fire(self, user: User) -> None:
        if self._loop.time() >= self._until_s or (user.place == 0 and self._users.leaves(user)):
            return
        kind = self._script.request(user)
        if kind is not None:
            self.send_for(user, kind.from_address(user.address))


def _no_draw(_: PooledExchange) -> None:
    """Do nothing: a rejected request does no work."""
