"""A thousand clients that never complete a request, beside sixty-four that send complete ones."""

from __future__ import annotations

import asyncio
import itertools
import resource
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest

from simulator.assembly.composition import compose_platform
from simulator.edge.listener import Listener
from simulator.edge.live.live_settings import LiveSettings
from simulator.fleet.pool.settings import PoolSettings
from simulator.fleet.simulated.application import SimulatedApplication
from simulator.model.times import RUN_START, RunTime
from simulator.platform.platform import Platform
from simulator.platform.revision import ServicePlan
from simulator.rules.policies.fixed import FixedParameters, FixedPolicy
from simulator.traffic.live.client import LoadClient
from simulator.traffic.live.closed import ClosedLoad
from simulator.traffic.live.load import Load
from simulator.traffic.live.request import RequestChoice
from simulator.traffic.live.settings import LoadTarget
from simulator.world.clock import ClockKind, monotonic_s, run
from simulator.world.random_streams import RandomStreams
from simulator.world.tasks import Tasks
from tests.traffic.live.load_server import Rows

SLOW = 1000
USERS = 64
PHASE_S = 5.0
# A second between two bytes of a client: far below every idle time-out, and a head would take minutes.
DRIP_S = 1.0
SHARES = 20  # the slow clients send in turn, in so many groups
# Three phases and a thousand handshakes, on a busy machine.
ATTACK_S_MAX = 60.0
OPENING = 16  # handshakes of slow clients at a time

pytestmark = [pytest.mark.slow, pytest.mark.alone]


@pytest.fixture(autouse=True)
def enough_files() -> Iterator[None]:
    """Raise the limit of open files: both ends of every connection are in this process."""
    wanted = 2 * (SLOW + USERS) + 200
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


class SlowClient(asyncio.Protocol):
    def __init__(self, crowd: SlowClients) -> None:
        self._crowd = crowd
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]
        self.transport.write(b"GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ")
        self._crowd.clients[self] = None

    def drip(self) -> None:
        if not self.transport.is_closing():
            self.transport.write(b"a")

    def connection_lost(self, exc: Exception | None) -> None:
        self._crowd.lost(self)


class SlowClients:
    """`SLOW` clients in the middle of a head that send a byte a second; a disconnected one is replaced."""

    def __init__(self, port: int, tls: ssl.SSLContext, host: str, tasks: Tasks) -> None:
        self._port = port
        self._tls = tls
        self._host = host
        self._tasks = tasks
        self._loop = asyncio.get_running_loop()
        self._turn = 0
        self._missing = SLOW
        self._closing = False
        self.cut_off = 0
        self.clients: dict[SlowClient, None] = {}
        self.complete = asyncio.Event()
        self.gone = asyncio.Event()

    async def gather(self) -> None:
        """Wait until all of them are connected."""
        self._drip()
        for _ in range(OPENING):
            self._tasks.spawn(self._open(), "slow client")
        await self.complete.wait()

    async def leave(self) -> None:
        self._closing = True
        for client in list(self.clients):
            client.transport.abort()
        if self.clients:
            await self.gone.wait()

    def lost(self, client: SlowClient) -> None:
        del self.clients[client]
        if not self.clients:
            self.gone.set()
        if not self._closing:
            self.cut_off += 1
            self._missing += 1
            if self.complete.is_set():  # otherwise the openers are still at work
                self._tasks.spawn(self._open(), "slow client")

    async def _open(self) -> None:
        while self._missing and not self._closing:
            self._missing -= 1
            await self._loop.create_connection(
                lambda: SlowClient(self), "127.0.0.1", self._port, ssl=self._tls, server_hostname=self._host
            )
            if len(self.clients) == SLOW:
                self.complete.set()

    def _drip(self) -> None:
        if self._closing:
            return
        self._turn += 1
        for client in itertools.islice(list(self.clients), self._turn % SHARES, None, SHARES):
            client.drip()
        self._loop.call_later(DRIP_S / SHARES, self._drip)


@asynccontextmanager
async def front(state: Path) -> AsyncIterator[Platform]:
    """Run the platform with every limit at its default, and with one simulated instance that responds at once."""
    settings = PoolSettings("web")
    plan = ServicePlan(settings, FixedPolicy(FixedParameters(), settings.scaling), SimulatedApplication())
    platform = compose_platform([plan], RandomStreams(1), live=LiveSettings(state))
    try:
        await platform.open()
        platform.start()
        yield platform
    finally:
        await platform.close()


async def normal_load(target: LoadTarget) -> Rows:
    """Send requests without think time, so that any delay of the platform shows at once."""
    rows = Rows()
    client = LoadClient(target, rows, monotonic_s(), now=monotonic_s)
    await client.prepare(USERS)
    client.origin_s = monotonic_s()
    get = itertools.repeat(RequestChoice())
    users = ClosedLoad(client, 0, get, lambda: 0.0, users=USERS, from_s=RUN_START, until_s=RunTime(PHASE_S))
    (summary,) = await Load([client], [users]).run()
    assert summary.errors == summary.unfinished == 0
    return rows


async def attack(state: Path) -> tuple[Rows, Rows, Rows]:
    """Return the normal load's requests before, during and after the attack."""
    async with front(state) as platform, Tasks("attack") as tasks, asyncio.timeout(ATTACK_S_MAX):
        assert platform.front is not None
        service = platform.services["web"]
        target = LoadTarget(service.host, platform.front.https_port, platform.front.client_context())
        listener = platform.front._https
        assert isinstance(listener, Listener)
        before = await normal_load(target)
        slow = SlowClients(platform.front.https_port, platform.front.client_context(), service.host, tasks)
        await slow.gather()
        assert listener.connections >= SLOW
        during = await normal_load(target)
        assert listener.connections >= 0.95 * SLOW, "the attack did not last"
        await slow.leave()
        return before, during, await normal_load(target)


def p99_s(rows: Rows) -> float:
    return float(np.quantile(rows.latencies_s, 0.99))


def test_a_thousand_slow_clients_fail_no_request_of_normal_load(tmp_path: Path) -> None:
    """No request fails, and the p99 does not double.

    Without a limit on heads, or with a slot for each connection, the load would get no service at all. One repetition
    is allowed, because the machine may be busy at this time.
    """
    ratios = []
    for attempt in ("first", "second"):
        before, during, after = run(ClockKind.REAL, lambda: attack(tmp_path / attempt))  # noqa: B023 called at once
        for phase in (before, during, after):
            assert set(phase.statuses) == {200}
            assert len(phase.statuses) > USERS * PHASE_S, "so few that a 99th percentile says nothing"
        # The slower of the phases before and after: a change between these two was not caused by the attack.
        ratios.append(p99_s(during) / max(p99_s(before), p99_s(after)))
        if ratios[-1] < 2:
            break
    assert min(ratios) < 2, f"p99 with the attack / without = {ratios}"
