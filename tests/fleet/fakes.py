"""A test fixture with a pool and a replica set, between simulated clients and a driver that the test controls."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from types import TracebackType
from typing import Self

from simulator.fleet.exchange import PooledExchange
from simulator.fleet.instance import Instance
from simulator.fleet.pool.pool import Pool
from simulator.fleet.pool.settings import PoolSettings
from simulator.fleet.ports import Exchange, ExitStatus, InstanceSpec, Launcher, LaunchError, ResourceUsage
from simulator.fleet.replicas.replica_set import ReplicaSet
from simulator.fleet.replicas.zones import PlatformZones
from simulator.model.health import HealthCheck
from simulator.model.rejection import CONNECT_FAILURE, Rejection
from simulator.model.scaling import AutoScalingConfiguration
from simulator.records.events import EventLogged, InstanceMoved
from simulator.records.journal import Journal
from simulator.rules.admission import Overflow
from simulator.rules.ejection import EjectionSettings
from simulator.rules.policies.port import Actuator
from simulator.world.clock import RunClock
from simulator.world.running_loop import running_loop
from simulator.world.tasks import Tasks

NO_ACTUATOR = Actuator()


class FakeExchange(PooledExchange):
    """A request that records how it ended. `number`: its position in the order of arrival."""

    def __init__(self, stage: Stage, number: int, on_fail: Callable[[FakeExchange], object] | None) -> None:
        super().__init__(stage.loop.time())
        self.number = number
        self.endings: list[int | str] = []  # statuses of responses and names of rejections; exactly one at the end
        self._stage = stage
        self._on_fail = on_fail

    def begin(self) -> None:
        assert self.open, "an exchange that was let go must not begin"
        self._stage.begun.append(self.number)
        self._stage.on_begin(self)
        super().begin()

    def answered(self, status: int) -> None:
        self._stage.pool.finish(self)
        self.endings.append(status)

    def fail(self, rejection: Rejection) -> None:
        self.endings.append(rejection.name)
        if self._on_fail is not None:
            self._on_fail(self)


class FakeBackend:
    """An instance that responds, and is healthy, as the test demands."""

    def __init__(self, driver: FakeDriver, spec: InstanceSpec) -> None:
        self.exited: asyncio.Future[ExitStatus] = asyncio.get_running_loop().create_future()
        self.spec = spec
        self.healthy = driver.healthy
        self.taken: dict[Exchange, None] = {}
        self.aborted: list[Exchange] = []
        self.throttled = False
        self.grace_s: float | None = None  # the argument of `stop`
        self._driver = driver

    def begin(self, exchange: Exchange) -> None:
        self.taken[exchange] = None

    def abort(self, exchange: Exchange) -> None:
        self.aborted.append(exchange)

    async def probe(self, check: HealthCheck) -> str | None:
        await asyncio.sleep(self._driver.probe_s)
        return None if self.healthy else "not well"

    def throttle(self) -> None:
        self.throttled = True

    def wake(self) -> float:
        self.throttled = False
        return self._driver.wake_s

    async def stop(self, grace_s: float) -> None:
        self.grace_s = grace_s
        await asyncio.sleep(self._driver.stop_s)
        self.exit(0)

    def kill(self) -> None:
        self.exit(137)

    def usage(self) -> ResourceUsage | None:
        return None

    def listens_s(self) -> float:
        return 0.0

    def explain(self) -> str:
        return ""

    def exit(self, code: int) -> None:
        if not self.exited.done():
            self.exited.set_result(ExitStatus(code))


class FakeDriver:
    """A driver that records each backend by its number. Times in seconds: how long each step takes from now on."""

    def __init__(self) -> None:
        self.launch_s = self.probe_s = self.wake_s = self.stop_s = 0.0
        self.healthy = True
        self.failing = False  # True lets launches fail
        self.has_fixed_port = False
        self.backends: dict[int, FakeBackend] = {}

    async def launch(self, spec: InstanceSpec) -> FakeBackend:
        await asyncio.sleep(self.launch_s)
        if self.failing:
            raise LaunchError("no such program")
        backend = self.backends[spec.number] = FakeBackend(self, spec)
        return backend

    async def close(self) -> None:
        assert all(backend.exited.done() for backend in self.backends.values()), "a backend was left behind"


class Stage:
    """`async with Stage(...) as stage`: the initial instances are ready inside, and everything has ended after it."""

    def __init__(
        self,
        settings: PoolSettings | None = None,
        actuator: Actuator = NO_ACTUATOR,
        driver: Launcher | None = None,
        ejection: EjectionSettings | None = None,
        finished: Callable[[Exchange], None] | None = None,
        random: Callable[[], float] | None = None,
        zones: PlatformZones | None = None,
    ) -> None:
        self.loop = running_loop()
        self.fake = FakeDriver()
        self.driver: Launcher = driver or self.fake
        self.clock = RunClock()
        self.journal = Journal()
        self.tasks = Tasks("stage")
        settings = settings or stage_settings()
        self.pool = Pool(settings, ejection, finished=finished, journal=self.journal)
        self.replica_set = ReplicaSet(
            settings,
            self.pool,
            self.driver,
            actuator,
            clock=self.clock,
            journal=self.journal,
            tasks=self.tasks,
            random=random,
            zones=zones,
        )
        self.exchanges: list[FakeExchange] = []
        self.begun: list[int] = []  # numbers of exchanges in the order in which they began
        self.on_begin: Callable[[FakeExchange], None] = lambda _: None

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def open(self) -> None:
        await self.replica_set.begin()
        self.clock.start()
        self.replica_set.settle()

    async def close(self) -> None:
        lifecycles = self.replica_set.dismiss()
        if lifecycles:
            await asyncio.wait(lifecycles)
        await self.tasks.close()
        await self.driver.close()

    # --- load balancer ----------------------------------------------------------------------------------------------

    def offer(self, on_fail: Callable[[FakeExchange], object] | None = None) -> FakeExchange:
        exchange = FakeExchange(self, len(self.exchanges), on_fail)
        self.exchanges.append(exchange)
        self.pool.offer(exchange)
        return exchange

    def answer(self, exchange: FakeExchange) -> None:
        """Complete the response, as its instance does when the work is done."""
        assert exchange.instance is not None
        backend = self.fake.backends[exchange.instance.number]
        del backend.taken[exchange]
        exchange.answered(200)

    def unreachable(self, exchange: FakeExchange, tried: Collection[Instance]) -> None:
        """Do what the load balancer does if the instance accepts no connection."""
        if not self.pool.redispatch(exchange, tried):
            self.pool.broke(exchange)
            exchange.endings.append(CONNECT_FAILURE.name)

    # --- observations -------------------------------------------------------------------------------------------------

    def instance(self, number: int) -> Instance:
        return self.replica_set.instances[number]

    def backend(self, number: int) -> FakeBackend:
        return self.fake.backends[number]

    def states(self) -> str:
        """Return the states of all instances, including ended ones, in order of creation."""
        return " ".join(instance.state for instance in self.replica_set.instances.values())

    def moves(self, number: int) -> list[tuple[float, str]]:
        """Return (at_s, state) for each change of the instance's state."""
        return [
            (event.at_s, event.after.value)
            for event in self.journal.events
            if isinstance(event, InstanceMoved) and event.instance == number
        ]

    def lines(self) -> list[str]:
        return [event.line for event in self.journal.events if isinstance(event, EventLogged)]


def stage_settings(
    capacity: int = 1,
    *,
    initial: int = 1,
    least: int = 1,
    most: int = 10,
    wait_s: float = 0.0,
    queue: int = 0,
    capacity_of_platform: int | None = None,
    **others: float,
) -> PoolSettings:
    """Return settings of a service called `web`. `others`: further times of PoolSettings."""
    return PoolSettings(
        "web",
        scaling=AutoScalingConfiguration(capacity, least, most),
        overflow=Overflow(wait_s, queue),
        initial_size=initial,
        capacity=capacity_of_platform,
        **others,  # type: ignore[arg-type]
    )
