"""A thousand instance starts and stops under load: scale-out and scale-in, replacement, crashes.

Client and balancer use real sockets, TLS and keep-alive; pool, replica set and connections are those of the live
platform.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest

from simulator.edge.exchange import LiveExchange
from simulator.edge.gateway import Gateway
from simulator.edge.listener import Listener, listen
from simulator.fleet.instance import Instance
from simulator.fleet.pool.pool import Pool
from simulator.fleet.pool.settings import PoolSettings
from simulator.fleet.replicas.replica_set import ReplicaSet
from simulator.model.data_plane import DataPlaneLimits
from simulator.model.rejection import TERMINATED, Rejection
from simulator.model.scaling import AutoScalingConfiguration
from simulator.records.journal import Journal
from simulator.rules.ejection import EjectionSettings
from simulator.rules.policies.port import Actuator
from simulator.wire.ca import CertificateAuthority
from simulator.wire.tls import ServerCertificates, client_context
from simulator.world.clock import RunClock
from simulator.world.random_streams import RandomStreams
from simulator.world.running_loop import running_loop
from simulator.world.tasks import Tasks
from tests.edge.front import EPOCH_S, HOST, body_of, request, status_of, values_of
from tests.live.in_process import InProcessDriver
from tests.live.waiting import until
from tests.loops import both_loops

CLIENTS = 32
FEW, MANY = 4, 24
REQUESTS = 5000  # at least this many requests while instances start and stop


class WatchedPool(Pool):
    """A pool that records `lost`: targets of the requests that held a slot of an instance when its end was detected."""

    def __init__(self, settings: PoolSettings) -> None:
        super().__init__(settings, EjectionSettings())
        self.lost: set[bytes] = set()

    def lose(self, instance: Instance, rejection: Rejection = TERMINATED) -> None:
        self.lost |= self.under_way(instance)
        super().lose(instance, rejection)

    def under_way(self, instance: Instance) -> set[bytes]:
        return {
            cast("LiveExchange", exchange).request.target for exchange in self._open if exchange.instance is instance
        }


class Generation:
    """The pool and replica set of one deployment of the service."""

    def __init__(self, tasks: Tasks, limits: DataPlaneLimits) -> None:
        settings = PoolSettings(
            "web",
            # MinSize 0: a deployment removes every instance of the previous one.
            scaling=AutoScalingConfiguration(max_concurrency=100, min_size=0, max_size=MANY),
            initial_size=FEW,
            steady_s=0.0,  # crashes are as frequent as starts here: this is not a crash loop
        )
        self.driver = InProcessDriver(limits)
        self.pool = WatchedPool(settings)
        self.replica_set = ReplicaSet(
            settings, self.pool, self.driver, Actuator(), clock=RunClock(), journal=Journal(), tasks=tasks
        )
        self.retired_busy = 0  # instances that began to drain while they had requests

    async def resize(self, size: int) -> None:
        """Wait until the desired count of instances is ready, and the surplus ones have ended."""
        self.replica_set.resize(size)
        self.retired_busy += sum(
            instance.drained is not None and instance.outstanding > 0
            for instance in self.replica_set.instances.values()
        )
        await until(lambda: len(self.pool.ready) == size == self.replica_set.provisioned)

    async def close(self) -> None:
        if lives := self.replica_set.dismiss():
            await asyncio.wait(lives)
        await self.driver.close()

    @property
    def starts_and_stops(self) -> tuple[int, int]:
        launched = self.driver.launched
        return len(launched), sum(backend.exited.done() for backend in launched)


class Load:
    """Clients without think time. `failures`: target -> what came in place of the response."""

    def __init__(self, port: int, authority: CertificateAuthority, methods: list[bytes]) -> None:
        self.answered = 0
        self.failures: dict[bytes, bytes] = {}
        self._port = port
        self._context = client_context(authority)
        self._targets: Iterator[bytes] = (b"/%d" % number for number in itertools.count())
        self._methods = itertools.cycle(methods)
        self._stopped = False

    async def run(self, tasks: Tasks) -> None:
        """Run until every client has its last response, after `stop`."""
        clients = [tasks.spawn(self._client(), f"client {number}") for number in range(CLIENTS)]
        await asyncio.wait(clients)
        for client in clients:
            client.result()

    def stop(self) -> None:
        self._stopped = True

    async def _client(self) -> None:
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", self._port, ssl=self._context, server_hostname=HOST.decode()
        )
        while not self._stopped:
            target = next(self._targets)
            writer.write(request(next(self._methods), target, b"Content-Length: 3", body=b"abc"))
            head = await reader.readuntil(b"\r\n\r\n")
            answer = head + await reader.readexactly(int(values_of(head, b"content-length")[0]))
            if (status_of(answer), body_of(answer)) == (200, target):
                self.answered += 1
            else:
                self.failures[target] = answer
        writer.close()
        await writer.wait_closed()


class Platform:
    def __init__(self, gateway: Gateway, tasks: Tasks, load: Load) -> None:
        self._gateway = gateway
        self._tasks = tasks
        self.load = load
        self.generations: list[Generation] = []

    @property
    def now(self) -> Generation:
        return self.generations[-1]

    async def deploy(self) -> None:
        """Start new instances, switch the route at once, and drain the old instances."""
        generation = Generation(self._tasks, self._gateway.limits)
        await generation.replica_set.begin()
        self._gateway.add(HOST.decode(), generation.pool)
        if self.generations:
            await self.now.resize(0)
        self.generations.append(generation)

    @property
    def starts_and_stops(self) -> tuple[int, int]:
        starts, stops = zip(*(each.starts_and_stops for each in self.generations), strict=True)
        return sum(starts), sum(stops)


@asynccontextmanager
async def platform(folder: Path, methods: list[bytes]) -> AsyncIterator[Platform]:
    """Run a service of `FEW` instances under load."""
    today = datetime.now(UTC)  # noqa: TID251 OpenSSL judges certificates by the real calendar
    authority = CertificateAuthority(folder, today)
    certificates = ServerCertificates(authority, today)
    certificates.add(HOST.decode(), today)
    clock = running_loop().time
    gateway = Gateway(DataPlaneLimits(), clock=clock, epoch_s=lambda: EPOCH_S, streams=RandomStreams(1))
    async with Tasks("churn") as tasks:
        listener: Listener = await listen(gateway, "127.0.0.1", 0, certificates=certificates)
        load = Load(listener.port, authority, methods)
        running = Platform(gateway, tasks, load)
        await running.deploy()
        clients = tasks.spawn(load.run(tasks), "load")
        try:
            yield running
        finally:
            load.stop()
            await clients
            await listener.close(0)
            for generation in running.generations:
                await generation.close()


@pytest.mark.slow
@pytest.mark.row(112)
@both_loops
async def test_a_thousand_starts_and_stops_fail_no_request(tmp_path: Path) -> None:
    async with platform(tmp_path, [b"GET", b"POST", b"PUT", b"PATCH"]) as running:
        while min(running.starts_and_stops) < 1000 or running.load.answered < REQUESTS:
            for _ in range(4):
                await running.now.resize(MANY)
                await running.now.resize(FEW)
            await running.deploy()
    assert running.load.failures == {}
    # Instances with requests in progress were among those that were stopped.
    assert sum(generation.retired_busy for generation in running.generations) > 50


async def crash(replica_set: ReplicaSet, pool: WatchedPool) -> set[bytes]:
    """Crash the busiest instance. Return the targets of its requests in progress."""
    victim = max(pool.ready.values(), key=lambda instance: instance.outstanding)
    under_way = pool.under_way(victim)
    replica_set.kill(victim.number)
    await until(lambda: victim.number not in pool.ready)
    return under_way


@pytest.mark.slow
@pytest.mark.row(108)
@both_loops
async def test_a_crash_fails_only_the_requests_of_its_instance(tmp_path: Path) -> None:
    killed: set[bytes] = set()
    async with platform(tmp_path, [b"GET", b"PUT", b"DELETE"]) as running:
        pool, replica_set = running.now.pool, running.now.replica_set
        while running.starts_and_stops[1] < 250 or running.load.answered < REQUESTS:
            await until(lambda: len(pool.ready) == FEW and pool.in_flight > 0)
            killed |= await crash(replica_set, pool)
    assert len(killed) > 100
    # A request that gets a slot after the crash, before the crash can be detected, fails with it.
    assert set(running.load.failures) <= killed | pool.lost
    for answer in running.load.failures.values():
        assert status_of(answer) == 503
        assert body_of(answer).startswith(b"upstream connect error or disconnect/reset before headers. reset reason: ")
