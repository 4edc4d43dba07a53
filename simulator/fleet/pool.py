"""The pool, request side: slots are granted, held for and given back here, whatever stands in front and behind.

The front offers an exchange; admission and balancing decide; the exchange begins on its instance or fails. Every
offered exchange is let go exactly once: by `finish` or `abandon` from the front, or by the pool (rejected, expired,
timed out, instance lost), which then calls `exchange.fail`. The supply of instances is the roster's part
(fleet/roster.py).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection

from simulator.fleet.deadlines import Deadlines
from simulator.fleet.exchange import Exchange
from simulator.fleet.instance import Instance
from simulator.fleet.outliers import Outliers
from simulator.fleet.settings import PoolSettings
from simulator.fleet.wire_faults import WireFaults
from simulator.model.instance import InstanceState
from simulator.model.rejection import CLIENT_GONE, OVERFLOW, QUEUE_TIMEOUT, TERMINATED, TIMEOUT, UNAVAILABLE, Rejection
from simulator.model.scaling import AutoScalingConfiguration
from simulator.records.outcomes import Outcomes
from simulator.rules.admission import Admission, Verdict
from simulator.rules.balancers import BALANCERS
from simulator.rules.balancing import Draw
from simulator.rules.ejection import EjectionSettings
from simulator.rules.meter import Meter
from simulator.rules.policies.port import Sample


def _no_lot() -> float:
    msg = "balancing by lot needs a stream of chance"
    raise AssertionError(msg)


class Pool:
    """The requests of one service. Not thread-safe; lives on one event loop.

    `ejection`: real instances that keep failing get no requests for a while; None for simulated ones, which never do.
    `draw`: for balancing by lot.
    """

    health_is_certain = False  # who became healthy stays so: nobody has to ask
    new_instance: Callable[[int, float], Instance] = Instance  # by number and when it was wanted

    def __init__(self, settings: PoolSettings, ejection: EjectionSettings | None = None, draw: Draw = _no_lot) -> None:
        self.settings, self.service = settings, settings.service
        self.scaling = settings.scaling
        self.ready: dict[int, Instance] = {}  # in service, by number, in the order in which they became ready
        # Set by the roster and the autoscaler, which stand above the requests.
        self.on_wake: Callable[[Instance], float] = _unset
        self.on_quiet: Callable[[Instance], object] = _unset
        self.on_wait: Callable[[], None] = nobody_asks
        self.on_finished: Callable[[Exchange], None] | None = None  # answered in full, its slot not yet free
        self.outcomes: Outcomes | None = None  # counts how requests ended, while somebody reads metrics
        self.faults: WireFaults | None = None  # on the wire to instances, while there are any
        self._line_empty: asyncio.Future[None] | None = None  # somebody waits until nobody waits
        self._loop = asyncio.get_running_loop()
        self._time = self._loop.time
        self._meter = Meter(self._time())
        self._admission: Admission[Exchange, Instance] = Admission(
            lambda capacity: BALANCERS[settings.balancing](capacity, draw),
            settings.scaling.max_concurrency,
            settings.overflow,
        )
        self.outliers = Outliers(ejection, self.ready, self._suspend, self._resume)
        self._failing = self.outliers.failing
        self._open: Deadlines[Exchange] = Deadlines(settings.request_timeout_s, self._timed_out)
        self._expiry: asyncio.TimerHandle | None = None

    # --- the front's side ------------------------------------------------------------------------------------------

    def offer(self, exchange: Exchange) -> None:
        """Begins it now or later, or fails it."""
        now = self._time()
        verdict = self._admission.offer(exchange, now)
        if verdict is Verdict.REJECTED:
            self._meter.rejected(now)
            exchange.open = False
            rejection = OVERFLOW if self.ready else UNAVAILABLE
            if self.outcomes is not None:
                self._count(exchange, rejection.status, now)
            exchange.fail(rejection)
            return
        self._meter.arrived(now)
        self._open.add(exchange, now)
        if isinstance(verdict, Instance):
            self._grant(exchange, verdict, now)
        else:
            self._meter.began_waiting(now)
            self._watch_line()
            self.on_wait()

    def finish(self, exchange: Exchange) -> None:
        """The answer's body has ended: the slot is free. Exactly once for an exchange that has begun."""
        assert exchange.open, "an exchange is finished once"
        exchange.open = False
        self._open.discard(exchange)
        if self._failing and exchange.instance is not None:
            self.outliers.succeeded(exchange.instance)
        if self.on_finished is not None:
            self.on_finished(exchange)
        now = self._time()
        if self.outcomes is not None:
            self._count(exchange, exchange.status, now)
        self._release(exchange, now)

    def broke(self, exchange: Exchange) -> None:
        """Its instance did not answer it, or not to the end: the slot is free. In place of `finish`."""
        assert exchange.instance is not None, "only an exchange with a slot breaks"
        self.outliers.failed(exchange.instance)
        self.balancer_failed(exchange)

    def balancer_failed(self, exchange: Exchange) -> None:
        """As `broke`, but nothing is held against the instance: the balancer could not even send the request."""
        assert exchange.open, "an exchange is finished once"
        exchange.open = False
        self._open.discard(exchange)
        now = self._time()
        if self.outcomes is not None:
            self._count(exchange, exchange.status, now)
        self._release(exchange, now)

    def redispatch(self, exchange: Exchange, avoiding: Collection[Instance]) -> bool:
        """Its instance could not be reached and has got nothing of it: it begins anew on one that is not avoided.

        False when no such instance has a free slot; it keeps the one it has, and `broke` or `abandon` follows.
        """
        assert exchange.open, "only an open exchange moves on"
        failed = exchange.instance
        assert failed is not None, "only an exchange with a slot moves on"
        other = self._admission.take_other(avoiding)
        if other is None:
            return False
        now = self._time()
        exchange.instance, exchange.begun_s = other, -1.0
        self.outliers.failed(failed)
        self._vacate(failed, now)
        if exchange.open:  # the front may have given up on it when it heard of another
            self._grant(exchange, other, now)
        return True

    def abandon(self, exchange: Exchange) -> None:
        """The client went away, waiting or served. Does nothing when the pool has let the exchange go already."""
        if exchange.open:
            self._let_go(exchange, CLIENT_GONE)

    # --- the supply's side -----------------------------------------------------------------------------------------

    @property
    def in_flight(self) -> int:
        """Requests that hold a slot."""
        return self._meter.present - self._meter.waiting

    @property
    def waiting(self) -> int:
        return self._meter.waiting

    async def line_empty(self) -> None:
        """Nobody waits any more. New requests must go elsewhere by then; those that wait do so for a bounded time."""
        if self.waiting:
            self._line_empty = self._loop.create_future()
            await self._line_empty

    def enter(self, instance: Instance, *, front: bool) -> None:
        """The instance is ready: it gets requests from now on."""
        self.ready[instance.number] = instance
        self._carry_out(self._admission.add(instance, front=front))

    def move(self, instance: Instance, *, front: bool) -> None:
        if not self.outliers.moved(instance, front=front):
            self._admission.move(instance, front=front)

    def leave(self, instance: Instance) -> None:
        """No new request for it; what it has goes on."""
        if self.ready.pop(instance.number, None) is not None:
            self._admission.remove(instance)
            self.outliers.left(instance)

    def lose(self, instance: Instance, rejection: Rejection = TERMINATED) -> None:
        """The instance is dead: its requests fail with it."""
        self.leave(instance)
        for exchange in self._open:
            if exchange.instance is instance and exchange.open:
                self._let_go(exchange, rejection, dead=True)
                exchange.fail(rejection)

    def configure(self, scaling: AutoScalingConfiguration) -> None:
        """Another MaxConcurrency from now on; the sizes are the roster's concern."""
        self.scaling = scaling
        self._carry_out(self._admission.resize(scaling.max_concurrency))

    def keep_latencies(self) -> None:
        """From now on samples tell a percentile of the latency."""
        self._meter.latencies_s = []

    def close_second(self, second: int, cpu_s: float = 0.0) -> Sample:
        """`cpu_s`: CPU seconds that the instances used since the last close."""
        return self._meter.close(second, self._time(), len(self.ready), cpu_s)

    def awakened(self, instance: Instance) -> None:
        """The instance has its CPU back: forward what it was granted meanwhile."""
        instance.awake, now = True, self._time()
        pending, instance.pending = instance.pending, []
        for exchange in pending:
            if exchange.open:
                exchange.cold_s += now - exchange.granted_s
                exchange.begun_s = now
                self._begin(exchange)

    def close(self) -> None:
        """Let everything go: what is still open ends as if its instance had gone."""
        # Youngest first: those who wait go before those whose slots they would be granted.
        for exchange in reversed(list(self._open)):
            if exchange.open:
                self._let_go(exchange, UNAVAILABLE)
                exchange.fail(UNAVAILABLE)
        self._open.close()
        self.outliers.close()
        if self._expiry is not None:
            self._expiry.cancel()

    # --- one slot ----------------------------------------------------------------------------------------------------

    def _grant(self, exchange: Exchange, instance: Instance, now: float) -> None:
        exchange.instance, exchange.granted_s = instance, now
        if instance.ready_s > exchange.arrived_s:
            exchange.cold_s = instance.ready_s - max(exchange.arrived_s, instance.wanted_s)
        if instance.awake:
            exchange.begun_s = now
            if self.faults is None:  # here and not in `_begin`: every request passes
                exchange.begin()
            else:
                self.faults.begin(exchange)
        else:
            self._begin_awake(exchange, instance)

    def _begin(self, exchange: Exchange) -> None:
        if self.faults is None:
            exchange.begin()
        else:
            self.faults.begin(exchange)

    def _begin_awake(self, exchange: Exchange, instance: Instance) -> None:
        instance.pending.append(exchange)
        if instance.state is InstanceState.IDLE:
            wake_s = self.on_wake(instance)
            if wake_s > 0:
                self._loop.call_at(self._time() + wake_s, self.awakened, instance)
            else:
                self.awakened(instance)

    def _release(self, exchange: Exchange, now: float) -> None:
        instance = exchange.instance
        assert instance is not None, "only an exchange with a slot gives one back"
        self._meter.finished(now, now - exchange.granted_s)
        if self._meter.latencies_s is not None:
            self._meter.latencies_s.append(now - exchange.arrived_s)
        self._vacate(instance, now)

    def _vacate(self, instance: Instance, now: float) -> None:
        grant = self._admission.release(instance)
        if grant is not None:
            self._ended_waiting(now)
            self._grant(*grant, now)
        elif instance.outstanding == 0:
            instance.idle_since_s = now
            if not instance.is_watched:
                self.on_quiet(instance)

    def _let_go(self, exchange: Exchange, why: Rejection, *, rejected: bool = False, dead: bool = False) -> None:
        """End it without an answer of the application; the caller tells the front."""
        now = self._time()
        exchange.open = False
        self._open.discard(exchange)
        if self.outcomes is not None:
            self._count(exchange, why.status, now)
        if exchange.instance is None:
            self._admission.abandon(exchange)
            self._ended_waiting(now)
            self._meter.gone(now, rejected=rejected)
            return
        if exchange.begun_s >= 0 and not dead:
            exchange.instance.backend.abort(exchange)
        self._release(exchange, now)

    def _count(self, exchange: Exchange, status: int, now: float) -> None:
        assert self.outcomes is not None
        arrived, begun = exchange.arrived_s, exchange.begun_s
        if begun == arrived:  # the common case
            self.outcomes.add(status, now - arrived, 0.0, 0.0, now - arrived)
        else:
            service_s = now - begun if begun >= 0 else -1.0
            self.outcomes.add(status, now - arrived, exchange.queue_s(now), exchange.cold_s, service_s)

    def _carry_out(self, grants: list[tuple[Exchange, Instance]]) -> None:
        now = self._time()
        for exchange, instance in grants:
            self._ended_waiting(now)
            exchange.instance, exchange.granted_s = instance, now
        # All hold their slots before any begins: a front may give up on one when it hears of another.
        for exchange, instance in grants:
            if exchange.open:
                self._grant(exchange, instance, now)

    def _suspend(self, instance: Instance) -> bool:
        front = self._admission.is_front(instance)
        self._admission.remove(instance)
        return front

    def _resume(self, instance: Instance, front: bool) -> None:
        self._carry_out(self._admission.add(instance, front=front))

    def _ended_waiting(self, now: float) -> None:
        self._meter.ended_waiting(now)
        if self._line_empty is not None and not self._meter.waiting and not self._line_empty.done():
            self._line_empty.set_result(None)

    # --- time limits -------------------------------------------------------------------------------------------------

    def _timed_out(self, exchange: Exchange) -> None:
        if exchange.open:
            if exchange.begun_s >= 0 and exchange.instance is not None:
                self.outliers.failed(exchange.instance)
            self._let_go(exchange, TIMEOUT)
            exchange.fail(TIMEOUT)

    def _watch_line(self) -> None:
        due = self._admission.next_expiry()
        if due is not None and self._expiry is None:
            self._expiry = self._loop.call_at(due, self._expire)

    def _expire(self) -> None:
        self._expiry = None
        for exchange in self._admission.expire(self._time()):
            if exchange.open:  # the front may have given up on it when it heard of another
                rejection = QUEUE_TIMEOUT if self.ready else UNAVAILABLE
                self._let_go(exchange, rejection, rejected=True)
                exchange.fail(rejection)
        self._watch_line()


def _unset(_: Instance) -> float:
    msg = "a pool serves only below a roster"
    raise AssertionError(msg)


def nobody_asks() -> None:
    """Nobody wants to know that a request waits."""
