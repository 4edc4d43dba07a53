"""Pool and replica set on the virtual loop, with any sequence of actions of load balancer, policy, timeline and
failures.

The driver is a fake, so that responses, starts, wakes and crashes occur when the machine decides. The following is
checked twice in every step: at once, and when everything that takes no time has happened.

- no instance has more than MaxConcurrency requests, unless the limit was lowered afterwards;
- no slot is lost: the slots in use of an instance are those of its open requests;
- no request waits while an instance in service has a free slot, and slots are granted in order of arrival;
- every request is released exactly once, and the meter counts those that are open;
- the replica set has the number of instances that it should have, and every state has its lifecycle.

At the end every request is answered, no instance is left, and a new request is served before.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from simulator.model.instance import InstanceState
from simulator.model.scaling import AutoScalingConfiguration
from simulator.rules.ejection import EjectionSettings
from simulator.rules.policies.port import Actuator
from simulator.world.virtual import VirtualLoop
from tests.fleet.fakes import FakeExchange, Stage, stage_settings
from tests.virtual import rounds

WAIT_S, REQUEST_S = 4.0, 20.0
IDLE_AFTER_S, EXPIRY_S = 6.0, 8.0

# More rounds than the longest chain of callbacks that take no time (start, launch, probe, enter: about ten).
CHAIN = 40


class PoolMachine(RuleBasedStateMachine):
    actuator = Actuator(start_lag_s=2.0)
    ejection: EjectionSettings | None = None

    def __init__(self) -> None:
        super().__init__()
        self.abandoned: dict[int, None] = {}  # numbers of exchanges whose client disconnected
        self.held_before: dict[int, int] = {}  # number of requests of each instance at the last check

    @initialize(capacity=st.integers(1, 3), queue=st.integers(0, 5), size=st.integers(0, 3))
    def begin(self, capacity: int, queue: int, size: int) -> None:
        self.runner = asyncio.Runner(loop_factory=VirtualLoop)

        async def open_stage() -> None:
            self.stage = Stage(
                stage_settings(
                    capacity,
                    initial=size,
                    least=0,
                    most=5,
                    wait_s=WAIT_S if queue else 0.0,
                    queue=queue,
                    request_timeout_s=REQUEST_S,
                    drain_timeout_s=15.0,
                    idle_after_s=IDLE_AFTER_S,
                ),
                self.actuator,
                ejection=self.ejection,
            )
            await self.stage.open()

        self.run(open_stage)

    def teardown(self) -> None:
        if hasattr(self, "runner"):
            try:
                self.run(self.end_well)
            finally:
                self.runner.close()

    # --- execution --------------------------------------------------------------------------------------------------

    def run(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self.runner.run(work())

    def act(self, act: Callable[[], object]) -> None:
        """Do it, check at once, then let everything happen that takes no time, and check again."""

        async def acting() -> None:
            act()
            self.look()
            await rounds(CHAIN)
            self.look_when_settled()

        self.run(acting)

    def open(self) -> list[FakeExchange]:
        return [exchange for exchange in self.stage.exchanges if exchange.open]

    def being_served(self) -> list[FakeExchange]:
        return [exchange for exchange in self.open() if exchange.begun_s >= 0]

    async def end_well(self) -> None:
        """Answer the requests until none is open, then check that a new request is served."""
        stage = self.stage
        stage.fake.failing, stage.fake.healthy = False, True
        for backend in stage.fake.backends.values():
            backend.healthy = True
        for _ in range(200):
            if not self.open():
                break
            for exchange in self.being_served():
                if exchange.open and exchange in stage.backend(exchange.instance.number).taken:  # type: ignore[union-attr]
                    stage.answer(exchange)
            await asyncio.sleep(0.5)
        assert self.open() == []
        assert (stage.pool.in_flight, stage.pool.queued) == (0, 0)
        assert all(instance.outstanding == 0 for instance in stage.replica_set.instances.values())
        stage.replica_set.resize(max(1, stage.replica_set.desired))
        # Longer than the maximum delay of a replacement (60 s), a lag, a launch and a probe's interval together.
        async with asyncio.timeout(100):
            while not stage.pool.ready:  # noqa: ASYNC110 whichever instance it will be; virtual seconds cost nothing
                await asyncio.sleep(0.5)
        last = stage.offer()
        await asyncio.sleep(5)  # longer than a wake
        stage.answer(last)
        assert last.endings == [200]
        await stage.close()
        assert all(len(exchange.endings) == 1 or exchange.number in self.abandoned for exchange in stage.exchanges)
        assert {instance.state for instance in stage.replica_set.instances.values()} == {InstanceState.STOPPED}
        assert asyncio.all_tasks() == {asyncio.current_task()}

    # --- load balancer ----------------------------------------------------------------------------------------------

    @rule(tries=st.integers(0, 1))
    def offer(self, tries: int) -> None:
        """Offer a request. The client may offer another one as soon as the first has failed."""
        self.act(lambda: self.stage.offer((lambda _: self.stage.offer()) if tries else None))

    @rule(count=st.integers(2, 6))
    def burst(self, count: int) -> None:
        self.act(lambda: [self.stage.offer() for _ in range(count)])

    @precondition(lambda self: self.being_served())
    @rule(data=st.data(), which=st.integers(0, 20))
    def finish(self, data: st.DataObject, which: int) -> None:
        served = self.being_served()
        self.act(lambda: self.stage.answer(served[which % len(served)]))

    @precondition(lambda self: self.open())
    @rule(which=st.integers(0, 20))
    def abandon(self, which: int) -> None:
        chosen = self.open()[which % len(self.open())]
        self.abandoned[chosen.number] = None
        self.act(lambda: self.stage.pool.abandon(chosen))

    @precondition(lambda self: self.being_served())
    @rule(which=st.integers(0, 20), more=st.integers(0, 1))
    def be_unreachable(self, which: int, more: int) -> None:
        """The connection attempt gets no answer: another instance gets the request, or it fails."""
        chosen = self.being_served()[which % len(self.being_served())]
        tried = []
        for _ in range(1 + more):
            assert chosen.instance is not None
            if not chosen.open or chosen.begun_s < 0:
                return  # it waits for an instance to wake
            tried.append(chosen.instance)
            self.stage.backend(chosen.instance.number).taken.pop(chosen)
            self.act(lambda: self.stage.unreachable(chosen, tried))
            assert not chosen.open or chosen.instance not in tried

    # --- policies and timelines --------------------------------------------------------------------------------------

    @rule(desired=st.integers(0, 5))
    def resize(self, desired: int) -> None:
        self.act(lambda: self.stage.replica_set.resize(desired))

    @rule(capacity=st.integers(1, 3), least=st.integers(0, 2), more=st.integers(0, 3))
    def configure(self, capacity: int, least: int, more: int) -> None:
        scaling = AutoScalingConfiguration(capacity, least, max(1, least + more))
        self.act(lambda: self.stage.replica_set.configure(scaling))

    @precondition(lambda self: self.stage.replica_set.instances)
    @rule(which=st.integers(0, 50))
    def kill(self, which: int) -> None:
        numbers = list(self.stage.replica_set.instances)
        self.act(lambda: self.stage.replica_set.kill(numbers[-1 - which % min(len(numbers), 6)]))

    @precondition(lambda self: self.stage.replica_set._lifecycles)
    @rule(which=st.integers(0, 20))
    def cancel_a_life(self, which: int) -> None:
        lifecycles = list(self.stage.replica_set._lifecycles.values())
        self.act(lifecycles[which % len(lifecycles)].cancel)

    # --- failures ---------------------------------------------------------------------------------------------------

    @rule(launch_s=st.sampled_from([0.0, 1.0]), probe_s=st.sampled_from([0.0, 0.5]), wake_s=st.sampled_from([0.0, 1.0]))
    def be_slower(self, launch_s: float, probe_s: float, wake_s: float) -> None:
        fake = self.stage.fake
        fake.launch_s, fake.probe_s, fake.wake_s = launch_s, probe_s, wake_s

    @rule(failing=st.booleans(), healthy=st.booleans())
    def break_starts(self, failing: bool, healthy: bool) -> None:
        self.stage.fake.failing, self.stage.fake.healthy = failing, healthy

    @rule(seconds=st.sampled_from([0.5, 1.0, 2.0, 3.5, 10.0, 30.0]))
    def pass_time(self, seconds: float) -> None:
        async def passing() -> None:
            await asyncio.sleep(seconds)
            await rounds(CHAIN)
            self.look_when_settled()

        self.run(passing)

    # --- invariants ---------------------------------------------------------------------------------------------------

    @invariant()
    def it_is_in_order(self) -> None:
        if hasattr(self, "stage"):
            self.look()

    def look(self) -> None:
        self.look_at_slots()
        self.look_at_the_line()
        self.look_at_the_roster()

    def look_at_slots(self) -> None:
        stage, capacity = self.stage, self.stage.pool.scaling.max_concurrency
        held: dict[int, int] = {}
        for exchange in self.open():
            if exchange.instance is not None:
                held[exchange.instance.number] = held.get(exchange.instance.number, 0) + 1
        for number, instance in stage.replica_set.instances.items():
            assert instance.outstanding == held.get(number, 0)
            over = instance.outstanding - capacity
            assert over <= 0 or instance.outstanding <= self.held_before.get(number, 0)
            self.held_before[number] = instance.outstanding
        assert stage.pool.in_flight == sum(held.values())
        assert len(stage.pool._open) == len(self.open())  # nothing that has ended is kept

    def look_at_the_line(self) -> None:
        stage, now = self.stage, self.stage.loop.time()
        waiting = [exchange for exchange in self.open() if exchange.instance is None]
        assert stage.pool.queued == len(waiting) <= stage.pool.settings.overflow.queue
        if waiting:
            capacity = stage.pool.scaling.max_concurrency
            ejected = stage.pool.outliers.ejected
            serving = [instance for number, instance in stage.pool.ready.items() if number not in ejected]
            assert all(instance.outstanding >= capacity for instance in serving)
            granted = [exchange.number for exchange in stage.exchanges if exchange.granted_s >= 0]
            assert waiting[0].number > max(granted, default=-1)
            assert now - waiting[0].arrived_s <= WAIT_S
        for exchange in self.open():
            assert now - exchange.arrived_s <= REQUEST_S
        for exchange in stage.exchanges:
            gone = exchange.number in self.abandoned
            assert exchange.open or len(exchange.endings) == 1 - gone or (gone and len(exchange.endings) <= 1)
            assert not (exchange.open and exchange.endings)

    def look_at_the_roster(self) -> None:
        replica_set, scaling = self.stage.replica_set, self.stage.pool.scaling
        alive = replica_set._alive
        assert replica_set.coming >= 0
        assert all(number in alive and alive[number].is_ready for number in self.stage.pool.ready)
        assert all(instance.is_ready or instance.is_coming for instance in alive.values())
        assert len(alive) <= scaling.max_size
        ejected = self.stage.pool.outliers.ejected
        assert all(number in self.stage.pool.ready for number in ejected)
        assert len(ejected) < max(1, len(self.stage.pool.ready))
        for number, instance in replica_set.instances.items():
            assert number in replica_set._lifecycles or instance.state is InstanceState.STOPPED

    def look_at_the_deadlines(self) -> None:
        """Check that no instance is active without a request for longer than allowed, or idle for longer than its
        expiry.
        """
        stage, now_s = self.stage, self.stage.loop.time()
        for instance in stage.pool.ready.values():
            quiet_s = now_s - instance.idle_since_s if instance.outstanding == 0 else 0.0
            if self.actuator.activates and quiet_s > stage.pool.settings.idle_after_s:
                assert instance.state is InstanceState.IDLE
            if self.actuator.idle_expiry_s is not None and quiet_s > self.actuator.idle_expiry_s:
                assert len(stage.replica_set._alive) <= stage.pool.scaling.min_size or quiet_s <= 2 * EXPIRY_S + 1

    def look_when_settled(self) -> None:
        """Check what may differ for a moment, until the lifecycles have reacted."""
        self.look_at_the_deadlines()
        for exchange in self.open():
            assert exchange.instance is None or exchange.instance.state is not InstanceState.STOPPED
        for instance in self.stage.replica_set.instances.values():
            assert instance.state is not InstanceState.DRAINING or instance.outstanding > 0


class EjectingPoolMachine(PoolMachine):
    """A platform on which an instance that cannot be reached twice in a row is ejected for some time."""

    ejection = EjectionSettings(failures=2, base_s=8.0, share_max=0.5)


class IdlePoolMachine(PoolMachine):
    """A platform with idle instances, as App Runner."""

    actuator = Actuator(start_lag_s=2.0, activates=True)


class ExpiringPoolMachine(PoolMachine):
    """A platform that terminates idle instances, as one that scales per request does."""

    actuator = Actuator(idle_expiry_s=EXPIRY_S)


class IdleExpiringPoolMachine(PoolMachine):
    """A platform on which instances become idle before they are terminated, as on one that bills busy time."""

    actuator = Actuator(idle_expiry_s=EXPIRY_S, activates=True)


class ExpiringFirstPoolMachine(PoolMachine):
    """A platform on which instances expire before they would become idle."""

    actuator = Actuator(idle_expiry_s=IDLE_AFTER_S / 2, activates=True)


SEARCH = settings(stateful_step_count=30)

TestPool = PoolMachine.TestCase
TestPool.settings = SEARCH
TestEjectingPool = EjectingPoolMachine.TestCase
TestEjectingPool.settings = SEARCH
TestIdlePool = IdlePoolMachine.TestCase
TestIdlePool.settings = SEARCH
TestExpiringPool = ExpiringPoolMachine.TestCase
TestExpiringPool.settings = SEARCH
TestIdleExpiringPool = IdleExpiringPoolMachine.TestCase
TestIdleExpiringPool.settings = SEARCH
TestExpiringFirstPool = ExpiringFirstPoolMachine.TestCase
TestExpiringFirstPool.settings = SEARCH
