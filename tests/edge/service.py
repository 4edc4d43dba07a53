"""A whole service without sockets, in virtual time: client connections, the gateway, the real pool and replica set, and
instances whose connections are fake transports.
"""

from __future__ import annotations

from simulator.edge.gateway import Gateway
from simulator.edge.ports import RequestHandler
from simulator.fleet.http.exchange import HttpExchange
from simulator.fleet.pool.pool import Pool
from simulator.fleet.pool.settings import PoolSettings
from simulator.fleet.ports import Exchange, InstanceSpec
from simulator.fleet.replicas.replica_set import ReplicaSet
from simulator.model.data_plane import DataPlaneLimits
from simulator.rules.ejection import EjectionSettings
from simulator.world.random_streams import RandomStreams
from simulator.world.running_loop import running_loop
from tests.edge.front import EPOCH_S, HOST, FakeInstance, FakeTransport, Front
from tests.fleet.fakes import NO_ACTUATOR, FakeBackend, FakeDriver, Stage


class WiredConnections(FakeInstance):
    """`transports` has the transports of all connections that were ever opened."""

    def __init__(self, limits: DataPlaneLimits) -> None:
        super().__init__(limits)
        self.transports: list[FakeTransport] = []

    def connect(self) -> None:
        super().connect()
        self.transports.append(self.transport)


class WiredBackend(FakeBackend):
    """An instance that is reached over fake transports; everything else is as in the fakes of the fleet."""

    def __init__(self, driver: FakeDriver, spec: InstanceSpec, limits: DataPlaneLimits) -> None:
        super().__init__(driver, spec)
        self.wires = WiredConnections(limits)

    def begin(self, exchange: Exchange) -> None:
        super().begin(exchange)
        assert isinstance(exchange, HttpExchange)
        exchange.upstream_host = f"10.0.0.{self.spec.number}:8080"
        self.wires.begin(exchange)

    def abort(self, exchange: Exchange) -> None:
        super().abort(exchange)
        self.wires.abort(exchange)

    def exit(self, code: int) -> None:
        """Exit, which ends its connections."""
        super().exit(code)
        for transport in self.wires.transports:
            if not transport.closing:
                transport.lose()


class WiredDriver(FakeDriver):
    def __init__(self, limits: DataPlaneLimits) -> None:
        super().__init__()
        self.limits = limits

    async def launch(self, spec: InstanceSpec) -> WiredBackend:
        backend = WiredBackend(self, spec, self.limits)
        self.backends[spec.number] = backend
        return backend


class Service(Stage):
    """A service. In `async with Service(settings) as service`, each `client()` is a separate connection."""

    def __init__(self, settings: PoolSettings) -> None:
        self.limits = DataPlaneLimits()
        self.wired = WiredDriver(self.limits)
        super().__init__(settings, driver=self.wired)
        # As in the live platform, with outlier detection.
        self.pool = Pool(settings, EjectionSettings())
        self.replica_set = ReplicaSet(
            settings, self.pool, self.wired, NO_ACTUATOR, clock=self.clock, journal=self.journal, tasks=self.tasks
        )
        loop = running_loop()
        self.gateway = Gateway(
            self.limits, clock=loop.time, epoch_s=lambda: EPOCH_S + loop.time(), streams=RandomStreams(1)
        )
        self.gateway.add(HOST.decode(), self.pool)

    def client(self, handler: RequestHandler | None = None) -> Front:
        return Front(self.limits, handler=handler or self.gateway)

    def wires(self, number: int) -> WiredConnections:
        backend = self.wired.backends[number]
        assert isinstance(backend, WiredBackend)
        return backend.wires
