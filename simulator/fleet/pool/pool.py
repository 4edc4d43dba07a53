"""The pool: grants slots to requests, queues requests and releases slots, independently of load balancer and driver.

The load balancer offers an exchange, which begins on an instance, is queued, or fails. It is released exactly once: by
a call of `finish`, `broke`, `balancer_failed` or `abandon`, or by the pool (rejected, queue timeout, timeout, instance
lost), which then calls `exchange.fail`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from simulator.fleet.exchange import PooledExchange
from simulator.fleet.instance import Instance
from simulator.fleet.pool.deadlines import Deadlines
from simulator.fleet.pool.fault_injection import FaultInjection
from simulator.fleet.pool.outlier_detection import OutlierDetector
from simulator.fleet.pool.queue_expiry import QueueExpiry
from simulator.fleet.pool.settings import PoolSettings
from simulator.fleet.pool.target_routing import TargetRouting
from simulator.fleet.pool.wakes import Wakes
from simulator.fleet.ports import Exchange, InstanceActivity
from simulator.model import rejection as rejections
from simulator.model.rejection import UNAVAILABLE, Rejection
from simulator.model.scaling import AutoScalingConfiguration
from simulator.model.times import NOT_YET, LoopTime
from simulator.records.journal import Journal
from simulator.rules.admission import Admission, AdmissionDecision
from simulator.rules.balancing import Draw, no_draw
from simulator.rules.ejection import EjectionSettings
from simulator.rules.meter import Meter
from simulator.rules.policies.port import Sample
from simulator.world.running_loop import running_loop

if TYPE_CHECKING:
    from simulator.records.outcomes import OutcomeReceiver


class Pool:
    """The requests of one service. Not thread-safe: use it on one event loop.

    `ejection`: settings by which real instances that fail repeatedly are ejected; None for simulated ones, which never
    do. `draw`: source of random numbers for random balancing. `finished` receives every exchange with a complete
    response before its slot is released. `outcomes` counts how requests ended, if metrics are read. The `journal` gets
    the ejections.
    """

    health_is_certain = False

    def __init__(
        self,
        settings: PoolSettings,
        ejection: EjectionSettings | None = None,
        draw: Draw = no_draw,
        *,
        finished: Callable[[PooledExchange], None] | None = None,
        outcomes: OutcomeReceiver | None = None,
        journal: Journal | None = None,
    ) -> None:
        self.settings, self.service, self.scaling = settings, settings.service, settings.scaling
        self.ready: dict[int, Instance] = {}
        self._activity: InstanceActivity[Instance]  # the replica set's; it adds the instances
        self._react: Callable[[], None] | None = None  # called for each request that has to wait
        self._finished = finished
        self._outcomes = outcomes
        self.faults: FaultInjection | None = None  # faults injected between the load balancer and instances, if any
        self._queue_drained: asyncio.Future[None] | None = None  # done when the queue is empty, if a caller awaits that
        self._loop = running_loop()
        self._time = self._loop.time
        self._meter = Meter(self._time())
        self._targets = TargetRouting(settings, self.ready, self._suspend, self._resume)
        self.answer, self.limits_silence = self._targets.answer, self._targets.is_load_balancer
        if self.limits_silence:
            ejection = None  # an Application Load Balancer ejects no targets
        self._admission: Admission[PooledExchange, Instance] = Admission(
            lambda capacity: self._targets.balancer(capacity, draw, self._time),
            settings.scaling.max_concurrency,
            settings.overflow,
        )
        self.outliers = OutlierDetector(ejection, self.ready, self._suspend, self._resume, self.service, journal)
        self._failing = self.outliers.failing
        self._open: Deadlines[PooledExchange] = Deadlines(settings.request_timeout_s, self._timed_out)
        self._queue_expiry = QueueExpiry(self._admission, self._waited_too_long)
        self._wakes = Wakes(self._begin)

    # --- calls by the load balancer --------------------------------------------------------------------------------

    def offer(self, exchange: PooledExchange) -> None:
        """Grant a slot to the exchange and begin it, queue it, or reject it."""
        now = self._time()
        verdict = self._admission.offer(exchange, now)
        if verdict is AdmissionDecision.REJECTED:
            self._meter.rejected(now)
            exchange.open = False
            rejection = self.answer(rejections.OVERFLOW if self.ready or self.queued else UNAVAILABLE)
            if self._outcomes is not None:
                exchange.count(self._outcomes, rejection.status, now)
            exchange.fail(rejection)
            return
        self._meter.arrived(now)
        self._open.add(exchange, now)
        if isinstance(verdict, Instance):
            self._grant(exchange, verdict, now)
        else:
            self._meter.began_waiting(now)
            self._queue_expiry.watch()
            if self._react is not None:
                self._react()

    def finish(self, exchange: PooledExchange) -> None:
        """Release the slot: the response is complete. Call it once for an exchange that has begun."""
        assert exchange.open, "an exchange is finished once"
        exchange.open = False
        self._open.discard(exchange)
        if self._failing and exchange.instance is not None:
            self.outliers.succeeded(exchange.instance)
        if self._finished is not None:
            self._finished(exchange)
        now = self._time()
        if self._outcomes is not None:
            exchange.count(self._outcomes, exchange.status, now)
        self._release(exchange, now)

    def broke(self, exchange: PooledExchange) -> None:
        """Release the slot: the instance sent no response, or an incomplete one. Call it in place of `finish`."""
        assert exchange.instance is not None, "only an exchange with a slot breaks"
        self.outliers.failed(exchange.instance)
        self.balancer_failed(exchange)

    def balancer_failed(self, exchange: PooledExchange) -> None:
        """Release the slot without a failure of the instance: the load balancer itself could not send the request."""
        assert exchange.open, "an exchange is finished once"
        exchange.open = False
        self._open.discard(exchange)
        now = self._time()
        if self._outcomes is not None:
            exchange.count(self._outcomes, exchange.status, now)
        self._release(exchange, now)

    def redispatch(self, exchange: PooledExchange, avoiding: Collection[Instance]) -> bool:
        """Begin the exchange on another instance, because its own could not be reached and received nothing.

        Return False if no instance outside `avoiding` has a free slot. The exchange then keeps its slot, and the caller
        must call `broke` or `abandon`. An Application Load Balancer tries no other target.
        """
        assert exchange.open, "only an open exchange moves on"
        if self._targets.is_load_balancer:
            return False
        failed = exchange.instance
        assert failed is not None, "only an exchange with a slot moves on"
        other = self._admission.take_other(avoiding)
        if other is None:
            return False
        now = self._time()
        exchange.instance, exchange.begun_s = other, NOT_YET
        self.outliers.failed(failed)
        self._vacate(failed, now)
        if exchange.open:  # the load balancer may have abandoned it in a callback of another exchange
            self._grant(exchange, other, now)
        return True

    def abandon(self, exchange: PooledExchange) -> None:
        """End an exchange whose client disconnected, queued or in progress. No effect if it was released already."""
        if exchange.open:
            self._release_queued(exchange, self.answer(rejections.CLIENT_GONE))

    def progressed(self, exchange: PooledExchange) -> None:
        """Begin the time limit of the exchange again, because a byte was sent or received (`limits_silence`)."""
        self._open.renew(exchange, self._time())

    # --- calls by replica set and autoscaler -----------------------------------------------------------------------

    @property
    def in_flight(self) -> int:
        """Requests that hold a slot."""
        return self._meter.present - self._meter.waiting

    @property
    def queued(self) -> int:
        """Requests that wait for a slot."""
        return self._meter.waiting

    def set_activity(self, activity: InstanceActivity[Instance]) -> None:
        self._activity = activity

    def on_queued(self, react: Callable[[], None] | None) -> None:
        self._react = react

    def new_instance(self, number: int, wanted_s: LoopTime) -> Instance:
        return Instance(number, wanted_s)

    async def queue_empty(self) -> None:
        """Wait until the queue is empty.

        The caller first routes new requests elsewhere; queued ones wait for a bounded time.
        """
        if self.queued:
            self._queue_drained = self._loop.create_future()
            await self._queue_drained

    def enter(self, instance: Instance, *, front: bool) -> None:
        self.ready[instance.number] = instance
        self._grant_all(self._admission.add(instance, front=front))
        self._targets.entered(instance)

    def move(self, instance: Instance, *, front: bool) -> None:
        if not (self.outliers.moved(instance, front=front) or self._targets.moved(instance, front=front)):
            self._admission.move(instance, front=front)

    def change_health(self, instance: Instance, *, healthy: bool) -> bool:
        return self._targets.change(instance, healthy=healthy)

    def limit_queue(self, queue_max: int) -> None:
        self._admission.queue_max = queue_max

    def leave(self, instance: Instance) -> None:
        if self.ready.pop(instance.number, None) is not None:
            self._admission.remove(instance)
            self.outliers.left(instance)
            self._targets.left(instance)

    def lose(self, instance: Instance, rejection: Rejection = rejections.TERMINATED) -> None:
        self.leave(instance)
        rejection = self.answer(rejection)
        for exchange in self._open:
            if exchange.instance is instance and exchange.open:
                self._release_queued(exchange, rejection, has_ended=True)
                exchange.fail(rejection)

    def configure(self, scaling: AutoScalingConfiguration) -> None:
        """Change MaxConcurrency from now on; the replica set handles the sizes."""
        self.scaling = scaling
        self._grant_all(self._admission.resize(scaling.max_concurrency))

    def keep_latencies(self) -> None:
        """Record latencies, so that samples contain a percentile from now on."""
        self._meter.latencies_s = []

    def close_second(self, second: int, cpu_s: float = 0.0) -> Sample:
        """Return the sample of a second. `cpu_s`: CPU seconds that the instances used since the last call."""
        return self._meter.close(second, self._time(), len(self.ready), cpu_s)

    def close(self) -> None:
        """Release every open exchange as if its instance had ended."""
        ending = self.answer(UNAVAILABLE)
        # Newest first: queued exchanges are released before the slots that they would get.
        for exchange in reversed(list(self._open)):
            if exchange.open:
                self._release_queued(exchange, ending)
                exchange.fail(ending)
        self._open.close()
        self.outliers.close()
        self._queue_expiry.close()

    # --- slots -------------------------------------------------------------------------------------------------------

    def _grant(self, exchange: PooledExchange, instance: Instance, now: LoopTime) -> None:
        exchange.instance, exchange.granted_s = instance, now
        if instance.ready_s > exchange.arrived_s:
            exchange.cold_s = instance.ready_s - max(exchange.arrived_s, instance.wanted_s)
        if instance.awake:
            exchange.begun_s = now
            if self.faults is None:  # checked here and not in `_begin` for speed: every request takes this path
                exchange.begin()
            else:
                self.faults.begin(exchange)
        else:
            self._wakes.hold(exchange, instance, self._activity)

    def _begin(self, exchange: Exchange) -> None:
        if self.faults is None:
            exchange.begin()
        else:
            self.faults.begin(exchange)

    def _release(self, exchange: PooledExchange, now: LoopTime) -> None:
        instance = exchange.instance
        assert instance is not None, "only an exchange with a slot gives one back"
        self._meter.finished(now, now - exchange.granted_s)
        if self._meter.latencies_s is not None:
            self._meter.latencies_s.append(now - exchange.arrived_s)
        self._vacate(instance, now)

    def _vacate(self, instance: Instance, now: LoopTime) -> None:
        grant = self._admission.release(instance)
        if grant is not None:
            self._ended_waiting(now)
            self._grant(*grant, now)
        elif instance.outstanding == 0:
            instance.idle_since_s = now
            if not instance.is_watched:
                self._activity.quiet(instance)

    def _release_queued(
        self, exchange: PooledExchange, why: Rejection, *, rejected: bool = False, has_ended: bool = False
    ) -> None:
        """End the exchange without a response of the application; the caller notifies the load balancer."""
        now = self._time()
        exchange.open = False
        self._open.discard(exchange)
        if self._outcomes is not None:
            exchange.count(self._outcomes, why.status, now)
        if exchange.instance is None:
            self._admission.abandon(exchange)
            self._ended_waiting(now)
            self._meter.gone(now, rejected=rejected)
            return
        if exchange.begun_s >= 0 and not has_ended:
            exchange.instance.backend.abort(exchange)
        self._release(exchange, now)

    def _grant_all(self, grants: list[tuple[PooledExchange, Instance]]) -> None:
        now = self._time()
        for exchange, instance in grants:
            self._ended_waiting(now)
            exchange.instance, exchange.granted_s = instance, now
        # Assign all slots before any exchange begins: in a callback of one, the load balancer may abandon another.
        for exchange, instance in grants:
            if exchange.open:
                self._grant(exchange, instance, now)

    def _suspend(self, instance: Instance) -> bool:
        front = self._admission.is_front(instance)
        self._admission.remove(instance)
        return front

    def _resume(self, instance: Instance, front: bool) -> None:
        self._grant_all(self._admission.add(instance, front=front))

    def _ended_waiting(self, now: LoopTime) -> None:
        self._meter.ended_waiting(now)
        if self._queue_drained is not None and not self._meter.waiting and not self._queue_drained.done():
            self._queue_drained.set_result(None)

    # --- time limits -------------------------------------------------------------------------------------------------

    def _timed_out(self, exchange: PooledExchange) -> None:
        if exchange.open:
            if exchange.begun_s >= 0 and exchange.instance is not None:
                self.outliers.failed(exchange.instance)
            is_silent = self.limits_silence and exchange.awaits_client
            rejection = self.answer(rejections.CLIENT_SILENT if is_silent else rejections.TIMEOUT)
            self._release_queued(exchange, rejection)
            exchange.fail(rejection)

    def _waited_too_long(self, exchange: PooledExchange) -> None:
        rejection = rejections.QUEUE_TIMEOUT if self.ready else UNAVAILABLE
        self._release_queued(exchange, rejection, rejected=True)
        exchange.fail(rejection)
