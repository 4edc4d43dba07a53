"""The contract of `PoolSupply`: the same calls at the same times give the same counts in both implementations."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import cast

import pytest

from simulator.fleet.instance import Instance
from simulator.fleet.pool.pool import Pool
from simulator.fleet.pool.settings import PoolSettings
from simulator.fleet.ports import InstanceSpec, PoolSupply
from simulator.fleet.simulated.driver import SimulatedDriver
from simulator.lab.compiled.play import CompiledRequests
from simulator.model.instance import InstanceEvent
from simulator.model.scaling import AutoScalingConfiguration
from simulator.platform.platform import Platform
from simulator.records.journal import Journal
from simulator.replay.applications import simulated_application, simulated_part
from simulator.replay.request_backend import RequestBackend
from simulator.replay.run_recorder import RunRecorder
from simulator.rules.admission import Overflow
from simulator.rules.policies.port import Actuator, Sample
from simulator.scenario.scenario import ScenarioSpec, read_scenario
from simulator.traffic.traffic import Traffic, virtual_traffic
from simulator.world.clock import ClockKind, RunClock
from simulator.world.distributions import Constant
from simulator.world.random_streams import RandomStreams
from simulator.world.running_loop import running_loop
from simulator.world.virtual import VirtualLoop

# A request every quarter of a second, which takes 0.9 s: four are in progress unless something prevents it.
SCENARIO = """
duration: 60s
seed: 1
services:
  web:
    application: {simulated: {io: 900ms}}
traffic:
  - clock: {rate: 4/s}
"""
SCALING = AutoScalingConfiguration(2, 1, 10)
SETTINGS = PoolSettings("web", scaling=SCALING, overflow=Overflow(0.6, 3), request_timeout_s=5.0)


At = Callable[[float], Awaitable[None]]


class PoolRequests:
    """Sends the requests of the virtual loop directly to the pool."""

    def make_loop(self) -> asyncio.AbstractEventLoop:
        return VirtualLoop()

    def make_supply(self, settings: PoolSettings) -> PoolSupply[Instance]:
        return Pool(settings)

    def start(self, platform: Platform, recorder: RunRecorder) -> Traffic:
        return virtual_traffic(read_scenario(SCENARIO), platform, platform.streams, recorder.log)


class Told:
    """Records the work of instances, by number."""

    def __init__(self) -> None:
        self.woken: list[int] = []
        self.quieted: list[int] = []

    def wake(self, instance: Instance) -> float:
        self.woken.append(instance.number)
        instance.move(InstanceEvent.WOKE)
        return 0.0

    def quiet(self, instance: Instance) -> None:
        self.quieted.append(instance.number)


class Caller:
    """Makes the calls of a replica set, at the times of the test."""

    def __init__(self, scenario: ScenarioSpec, supply: PoolSupply[Instance]) -> None:
        self.supply = supply
        self.told = Told()
        self.reactions = 0
        supply.set_activity(self.told)
        self.streams = RandomStreams(scenario.seed)
        spec = simulated_part(scenario.services["web"].application, ClockKind.VIRTUAL)
        assert spec is not None
        self._driver = SimulatedDriver(simulated_application(spec, Constant(0.0)), self.streams, "web")
        self.instances: dict[int, Instance] = {}

    def platform(self, clock: RunClock) -> Platform:
        """Return what the sources of both implementations need of a platform."""
        plan = SimpleNamespace(policy=SimpleNamespace(actuator=Actuator(activates=True)))
        revision = SimpleNamespace(draw=self._driver.draw, plan=plan)
        service = SimpleNamespace(
            follow_switches=lambda _: None, upstream=self.supply, revision=revision, serving=revision
        )
        platform = SimpleNamespace(services={"web": service}, clock=clock, journal=Journal(), streams=self.streams)
        return cast("Platform", platform)

    async def enter(self, number: int, *, front: bool = True, awake: bool = True) -> None:
        now_s = running_loop().time()
        instance = self.instances[number] = self.supply.new_instance(number, now_s)
        instance.launched(await self._driver.launch(InstanceSpec("web", number, SETTINGS.size)))
        instance.move(InstanceEvent.STARTED)
        instance.ready_s = instance.idle_since_s = now_s
        instance.awake = awake
        instance.move(InstanceEvent.BECAME_HEALTHY)
        if not awake:
            instance.move(InstanceEvent.FELL_IDLE)
        self.supply.enter(instance, front=front)

    def react(self) -> None:
        self.reactions += 1

    def seen(self) -> tuple[list[int], list[int], int, int]:
        """Return (ready instances, their requests, requests in flight, queued requests)."""
        ready = self.supply.ready
        return list(ready), [each.outstanding for each in ready.values()], self.supply.in_flight, self.supply.queued

    def second(self, number: int) -> tuple[int, int, int, float, float]:
        """Return (arrivals, rejected, finished, mean open requests, mean waiting requests) since the last call."""
        sample: Sample = self.supply.close_second(number)
        means = round(sample.in_flight, 6), round(sample.waiting, 6)
        return sample.arrivals, sample.rejected, sample.finished, *means


@pytest.fixture(params=["pool", pytest.param("compiled", marks=pytest.mark.slow)])
def requests(request: pytest.FixtureRequest) -> RequestBackend:
    return CompiledRequests(read_scenario(SCENARIO)) if request.param == "compiled" else PoolRequests()


def play(requests: RequestBackend, course: Callable[[Caller, At], Awaitable[None]]) -> None:
    """Run `course(caller, at)` while requests arrive. `await at(t)` waits until `t` seconds of the run."""

    async def main() -> None:
        scenario, clock, journal = read_scenario(SCENARIO), RunClock(), Journal()
        supply = requests.make_supply(SETTINGS)
        caller = Caller(scenario, supply)
        await caller.enter(1)
        clock.start()
        loop = asyncio.get_running_loop()
        traffic = requests.start(caller.platform(clock), RunRecorder(scenario, ClockKind.VIRTUAL, journal))

        async def at(at_s: float) -> None:
            await asyncio.sleep(clock.origin_s + at_s - loop.time())

        await course(caller, at)
        traffic.stop()
        await traffic.drained()
        assert caller.seen()[2:] == (0, 0)
        await traffic.close()
        supply.close()

    with asyncio.Runner(loop_factory=requests.make_loop) as runner:
        runner.run(main())


def test_slots_are_granted_and_the_queue_is_bounded(requests: RequestBackend) -> None:
    async def course(caller: Caller, at: At) -> None:
        caller.supply.keep_latencies()
        await at(0.1)
        assert caller.seen() == ([1], [1], 1, 0)
        await at(0.6)
        assert caller.seen() == ([1], [2], 2, 1)
        await at(0.8)
        assert caller.seen() == ([1], [2], 2, 2)
        # The requests of 0 and 0.25 got the slots; that of 0 ended at 0.9, and that of 0.5 has its slot.
        await at(1.02)
        assert caller.seen() == ([1], [2], 2, 2)
        assert caller.second(0)[:3] == (5, 0, 1)
        caller.supply.on_queued(caller.react)
        await at(1.2)
        assert (caller.seen(), caller.reactions) == (([1], [2], 2, 1), 0)
        # The request of 1.0 has given up after 0.6 s; of the four that arrived, all had to wait.
        await at(2.12)
        assert (caller.seen(), caller.reactions) == (([1], [2], 2, 2), 4)
        assert caller.second(1)[:3] == (4, 1, 3)
        caller.supply.on_queued(None)
        await at(4.12)
        assert caller.reactions == 4

    play(requests, course)


def test_latencies_are_those_of_the_second(requests: RequestBackend) -> None:
    async def course(caller: Caller, at: At) -> None:
        caller.supply.keep_latencies()
        await at(0.95)
        assert caller.supply.close_second(0).latency_p95_s == pytest.approx(0.9)
        assert caller.supply.close_second(1).latency_p95_s == 0.0
        await at(1.82)  # those of 0.25 and 0.5; the latter waited 0.4 s
        assert caller.supply.close_second(2, cpu_s=1.5).latency_p95_s == pytest.approx(1.3)

    play(requests, course)


def test_an_instance_that_enters_takes_from_the_queue_and_the_reserve_comes_last(requests: RequestBackend) -> None:
    async def course(caller: Caller, at: At) -> None:
        supply = caller.supply
        await at(2.02)
        assert caller.seen() == ([1], [2], 2, 3)
        await caller.enter(2)
        assert caller.seen() == ([1, 2], [2, 2], 4, 1)
        await caller.enter(3, front=False, awake=False)
        assert caller.seen() == ([1, 2, 3], [2, 2, 1], 5, 0)
        assert (caller.told.woken, caller.told.quieted) == ([3], [])
        caller.second(0)
        await at(4.12)
        assert caller.seen() == ([1, 2, 3], [2, 2, 0], 4, 0)
        assert caller.second(1)[:3] == (8, 0, 9)
        assert caller.told.quieted[-1] == 3
        supply.move(caller.instances[1], front=False)
        supply.move(caller.instances[3], front=True)
        await at(6.12)
        assert caller.seen() == ([1, 2, 3], [0, 2, 2], 4, 0)
        assert caller.told.quieted[-1] == 1
        assert caller.second(2) == (8, 0, 8, 3.6, 0.0)  # Little: four per second, 0.9 s each
        await supply.queue_empty()

    play(requests, course)


def test_an_instance_that_leaves_completes_its_requests_and_a_lost_one_fails_them(requests: RequestBackend) -> None:
    async def course(caller: Caller, at: At) -> None:
        supply = caller.supply
        await caller.enter(2)
        await at(2.12)
        assert caller.seen() == ([1, 2], [2, 2], 4, 0)
        caller.second(0)
        supply.leave(caller.instances[2])
        assert caller.seen() == ([1], [2], 4, 0)
        await at(3.02)
        assert caller.instances[2].outstanding == 0
        assert caller.told.quieted == [2]
        assert caller.seen() == ([1], [2], 2, 2)
        caller.second(1)
        supply.lose(caller.instances[1])
        assert caller.seen() == ([], [], 0, 2)
        assert caller.second(2)[:3] == (0, 0, 2)  # ended with an error
        supply.lose(caller.instances[1])  # has no effect the second time
        await at(4.12)
        assert caller.seen() == ([], [], 0, 2)  # without an instance, requests wait 0.6 s
        assert caller.second(3)[2] == 0

    play(requests, course)


def test_another_max_concurrency_applies_at_once_and_ends_no_request(requests: RequestBackend) -> None:
    async def course(caller: Caller, at: At) -> None:
        await at(2.02)
        assert caller.seen() == ([1], [2], 2, 3)
        more = AutoScalingConfiguration(4, 1, 10)
        caller.supply.configure(more)
        assert caller.supply.scaling == more
        assert caller.seen() == ([1], [4], 4, 1)
        caller.supply.configure(AutoScalingConfiguration(1, 1, 10))
        assert caller.seen() == ([1], [4], 4, 1)
        await at(4.12)
        assert caller.seen()[:3] == ([1], [1], 1)

    play(requests, course)
