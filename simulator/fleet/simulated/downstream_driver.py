"""Simulated instances whose requests call downstream resources.

After its own work, a request makes its calls one after the other; it keeps its slot and its worker until they have
ended.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import Protocol, cast

from simulator.fleet.ports import Exchange, ExitStatus, InstanceSpec
from simulator.fleet.simulated.application import DownstreamUse, SimulatedApplication
from simulator.fleet.simulated.connection_pool import ConnectionPool, ResourceCall
from simulator.fleet.simulated.downstream import DownstreamResources
from simulator.fleet.simulated.driver import (
    STORAGE_BYTES,
    FailingBackend,
    InjectedFailures,
    SimulatedBackend,
    SimulatedDriver,
)
from simulator.fleet.simulated.work import draws
from simulator.records.events import CallOutcome
from simulator.rules.retries import Retries
from simulator.world.distributions import Uniform
from simulator.world.random_streams import RandomStreams

# ASSUMPTION: an application answers 500 if the last attempt of a call fails, as web frameworks do if an exception is
# not handled. One that handles it may answer 503, or 200 from a cache: settled by the response of the user's own
# application while its database is stopped.
_FAILED = 500
_NO_ANSWER = 0  # status of a failed call, as retries see it (rules/retries.py)
_BACKOFF_FACTOR = 2.0


class DownstreamDriver(SimulatedDriver):
    """Implements `Driver` for a service whose application uses `resources`."""

    def __init__(
        self,
        application: SimulatedApplication,
        streams: RandomStreams,
        service: str,
        resources: DownstreamResources,
        storage_bytes: int = STORAGE_BYTES,
    ) -> None:
        super().__init__(application, streams, service, storage_bytes)
        self._resources = resources
        uniform = Uniform(0.0, 1.0)
        self._uses = [
            (use, draws(uniform, streams.stream("service", service, "downstream", use.resource.name)))
            for use in application.downstream
        ]

    def _new_backend(self, spec: InstanceSpec, start_up_s: float) -> SimulatedBackend:
        application, failures = self._application, self._application.failures
        backend: CallingBackend
        if failures is None:
            backend = CallingBackend(application, spec, start_up_s, self.work, self._fates)
        else:
            injected = InjectedFailures(failures, self._injected_failures, self._storage_bytes)
            backend = FailingCallingBackend(
                application, spec, start_up_s, self.work, self._fates, injected_failures=injected
            )
        backend.connect(
            [
                CallPlan(ConnectionPool(self._resources.running(use.resource), use, spec.service), chances)
                for use, chances in self._uses
            ]
        )
        return backend


def retries_of(use: DownstreamUse) -> Retries:
    """Return when the application tries a failed call again."""
    return Retries(1 + use.retries, _BACKOFF_FACTOR, lambda: use.backoff_s)


class CallPlan:
    """An instance's use of one resource: which requests call it. `chances` yields random numbers in [0, 1)."""

    def __init__(self, pool: ConnectionPool, chances: Iterator[float]) -> None:
        self.pool = pool
        self._use: DownstreamUse = pool.use
        self._chances = chances
        self._retries = retries_of(pool.use)

    def calls(self, path: str) -> int:
        """Return how many calls a request for `path` makes."""
        use = self._use
        if use.paths and path.partition("?")[0] not in use.paths:
            return 0
        return use.calls if use.share >= 1 or next(self._chances) < use.share else 0

    def pause_s(self, attempt: int) -> float | None:
        """Return the seconds to wait after the failed attempt number `attempt`; None if it was the last."""
        return self._retries.pause_s(attempt, _NO_ANSWER)


class InstancePool(Protocol):
    """The operations on an instance's connection pools when it starts and ends."""

    def warm(self) -> None:
        """Open the connections that an instance opens when it starts."""

    def close(self) -> None:
        """Close all connections: the instance has ended."""


class CallingBackend(SimulatedBackend):
    """A simulated instance whose requests call downstream resources. Call `connect` before its first request."""

    def connect(self, plans: list[CallPlan]) -> None:
        self._plans = plans
        self._pools: Sequence[InstancePool] = [plan.pool for plan in plans]
        if self._listens_s < float("inf"):
            self._loop.call_at(self._listens_s, self._warm)

    def use_pools(self, pools: Sequence[InstancePool]) -> None:
        """Use other pools, because its requests are played elsewhere."""
        self._pools = pools

    def _warm(self) -> None:
        if not self.exited.done():
            for pool in self._pools:
                pool.warm()

    def _done(self, exchange: Exchange) -> None:
        """The own work of the request is done; start its calls, after which it is answered."""
        plans = []
        if not self.exited.done():
            plans = [plan for plan in self._plans for _ in range(plan.calls(exchange.path))]
        if plans:
            CallSequence(self, exchange, plans).next()
        else:
            super()._done(exchange)

    def called(self, exchange: Exchange, *, failed: bool) -> None:
        """Answer a request whose calls have ended, with status 500 if one of them failed."""
        super()._done(cast("Exchange", FailedExchange(exchange)) if failed else exchange)

    def _exit(self, status: ExitStatus) -> None:
        if not self.exited.done():
            super()._exit(status)
            for pool in self._pools:
                pool.close()


class FailingCallingBackend(CallingBackend, FailingBackend):
    """A `CallingBackend` whose application can also fail by itself."""


class FailedExchange:
    """A request that is answered with status 500. It has the attributes that are used by `SimulatedBackend._done`."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    @property
    def open(self) -> bool:
        return self._exchange.open

    def answered(self, _: int) -> None:
        self._exchange.answered(_FAILED)


class CallSequence:
    """The calls of one request, one after the other, each with its retries.

    The first call that fails ends the sequence.
    """

    def __init__(self, backend: CallingBackend, exchange: Exchange, plans: list[CallPlan]) -> None:
        self._backend, self._exchange = backend, exchange
        self._plans = plans
        self._position = 0
        self._attempt = 0

    def next(self) -> None:
        if self._backend.exited.done():
            return  # the instance ended during the pause before a retry
        self._attempt += 1
        pool = self._plans[self._position].pool
        pool.call(ResourceCall(pool, self._ended))

    def _ended(self, outcome: CallOutcome) -> None:
        if outcome is CallOutcome.ANSWERED:
            self._position, self._attempt = self._position + 1, 0
            if self._position < len(self._plans):
                self.next()
            else:
                self._backend.called(self._exchange, failed=False)
            return
        pause_s = self._plans[self._position].pause_s(self._attempt)
        if pause_s is None:
            self._backend.called(self._exchange, failed=True)
        else:
            asyncio.get_running_loop().call_later(pause_s, self.next)
