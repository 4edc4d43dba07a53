"""Plays a scenario in the compiled backend."""

from __future__ import annotations

import asyncio

from simulator.fleet.instance import Instance
from simulator.fleet.pool.settings import PoolSettings
from simulator.fleet.ports import PoolSupply
from simulator.lab.compiled.accumulators import Accumulators
from simulator.lab.compiled.buffers import Buffers
from simulator.lab.compiled.downstream.buffers import CallBuffers
from simulator.lab.compiled.input.inputs import Inputs
from simulator.lab.compiled.instance.world import world_of
from simulator.lab.compiled.loop import CompiledLoop
from simulator.lab.compiled.pool import CompiledPool
from simulator.model.times import LOOP_FOREVER
from simulator.platform.platform import Platform
from simulator.records.events import DownstreamLogged
from simulator.replay.applications import simulated_application, simulated_part
from simulator.replay.run_recorder import RunRecorder, ViewBegins
from simulator.scenario.scenario import ScenarioSpec
from simulator.traffic.shapes.arrivals import CHUNK_ARRIVALS
from simulator.traffic.traffic import Traffic
from simulator.world.clock import ClockKind
from simulator.world.random_streams import RandomStreams

# Initial number of instance rows; more are added on demand.
INSTANCES: int = 64


class CompiledRequests:
    """The requests of one run in the compiled backend (replay/request_backend.py)."""

    def __init__(self, scenario: ScenarioSpec) -> None:
        self._scenario = scenario
        ((self._name, self._service),) = scenario.services.items()
        simulated = simulated_part(self._service.application, ClockKind.VIRTUAL)
        assert simulated is not None, "why_not has looked"
        downstream = self._service.application.downstream
        self._application = application = simulated_application(simulated, self._service.wake.distribution, downstream)
        self._inputs = Inputs(scenario, application, RandomStreams(scenario.seed), self._name)
        self._pool: CompiledPool | None = None

    def make_loop(self) -> asyncio.AbstractEventLoop:
        return CompiledLoop()

    def make_supply(self, settings: PoolSettings) -> PoolSupply[Instance]:
        application = self._application
        world = world_of(application, settings, len(self._scenario.traffic), INSTANCES, CHUNK_ARRIVALS)
        if self._inputs.kinds.matter:
            world = world._replace(kinds=self._inputs.kinds.arrays(len(self._scenario.traffic), CHUNK_ARRIVALS))
        state = world.pool[0]
        checks_fail = any(event.fail_health_checks is not None for event in self._scenario.timeline)
        buffers = Buffers(world, self._inputs)
        world.sources["over"] = 1  # until the traffic is opened
        if application.downstream:
            # Events before the run have time 0 (world/clock.py) and count like those of the run if there is no warm-up.
            state["origin_s"], state["warm_up_s"] = LOOP_FOREVER, self._scenario.warm_up_s
            buffers.calls = CallBuffers(application, self._name, RandomStreams(self._scenario.seed))
            down = buffers.calls.arrays(world, len(self._scenario.traffic), CHUNK_ARRIVALS)
            buffers.world = world._replace(down=down)
        self._pool = CompiledPool(settings, buffers, health_is_certain=not checks_fail)
        return self._pool

    def start(self, platform: Platform, recorder: RunRecorder) -> Traffic:
        pool = self._pool
        assert pool is not None, "a platform has its pool"
        actuator = platform.services[self._name].serving.plan.policy.actuator
        state = pool.world.pool[0]
        state["tells_quiet"] = actuator.activates or actuator.idle_expiry_s is not None
        accumulators = Accumulators(
            len(self._scenario.numbers.sources),
            recorder.stats_by_source,
            recorder.series,
            recorder.row_readers,
            recorder.watched,
        )
        buffers = pool.buffers
        if buffers.calls is not None:
            journal, clock = platform.journal, platform.clock

            def log(resource: str, line: str) -> None:
                journal.record(DownstreamLogged(clock.at_s(), resource, line))

            down = buffers.calls.follow(buffers.world, recorder.downstream, log)
            buffers.world = buffers.world._replace(down=down)
        pool.open(self._inputs, platform.clock.origin_s)
        traffic = CompiledTraffic(pool, accumulators)
        platform.journal.subscribe(ViewBegins, traffic.watch)
        return traffic


class CompiledTraffic:
    """All traffic sources of a run; the counterpart of `Traffic` in traffic/traffic.py."""

    def __init__(self, pool: CompiledPool, accumulators: Accumulators) -> None:
        self._pool = pool
        self._accumulators: Accumulators | None = accumulators
        pool.buffers.accumulators = accumulators

    def watch(self, _: ViewBegins) -> None:
        """Count the ended requests for a live view."""
        if self._accumulators is not None:
            self._pool.buffers.flush()
            self._accumulators.watch()

    def stop(self) -> None:
        self._pool.world.sources["over"] = 1

    async def drained(self) -> None:
        await self._pool.drained()

    async def close(self) -> None:
        self.stop()
        accumulators, self._accumulators = self._accumulators, None
        if accumulators is not None:
            buffers = self._pool.buffers
            buffers.flush()
            accumulators.settle()
            if buffers.calls is not None:
                buffers.calls.settle(buffers.world)
