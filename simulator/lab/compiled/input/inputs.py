"""Input of the kernel: arrivals of sources, work of requests and random draws, in bounded chunks from named streams."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from simulator.fleet.simulated.application import SimulatedApplication
from simulator.lab.compiled.input.arrival_kinds import ArrivalKinds
from simulator.lab.compiled.input.drawn_stream import DrawnStream, refill_uniform
from simulator.lab.compiled.state import DRAWS, World
from simulator.scenario.rate_factor import rate_factor
from simulator.scenario.scenario import ScenarioSpec
from simulator.traffic.demand import DRAWS as PORTION
from simulator.traffic.shapes.arrivals import CHUNK_ARRIVALS, Times, arrival_chunks
from simulator.world.distributions import Uniform
from simulator.world.random_streams import RandomStreams


class Inputs:
    """Supplies the input of one run. The arrays of `world` are filled in place."""

    def __init__(
        self, scenario: ScenarioSpec, application: SimulatedApplication, streams: RandomStreams, service: str
    ) -> None:
        self._chunks: list[Iterator[Times]] = [
            arrival_chunks(source, streams, n, scenario.duration_s, rate_factor(scenario.timeline, source.name))
            for n, source in enumerate(scenario.traffic)
        ]
        self._duration_s = scenario.duration_s
        self.is_open = False
        self._cpu = DrawnStream(application.cpu, streams.stream("service", service, "cpu"))
        self._io = DrawnStream(application.io, streams.stream("service", service, "io"))
        self._fates = DrawnStream(Uniform(0.0, 1.0), streams.stream("service", service, "fate"))
        self._wakes = DrawnStream(application.wake, streams.stream("service", service, "wake"))
        self._uses = application.downstream
        self.kinds = ArrivalKinds(scenario, application, streams, service)
        self._lots = streams.stream("service", service, "balancing")

    def open(self, world: World, order: int) -> int:
        """Set every source's timer for its first request, with order numbers after `order`.

        Return the last one used.
        """
        self.is_open = True
        for number in range(len(self._chunks)):
            self.arrivals(world, number)
            source = world.sources[number]
            if source["at"] == source["end"]:
                continue
            source["over"] = 0
            order += 1
            source["order"] = order
            source["when_s"] = world.pool[0]["origin_s"] + world.times[number, 0]
            if self._uses:
                world.down.next_may[number] = world.down.may[number, 0]
            if self.kinds.matter:
                world.kinds.sent[number] = world.kinds.arrivals[number, 0]
            source["at"] = 1
        return order

    def arrivals(self, world: World, number: int) -> None:
        """Supply the next arrival times of a source that has used up its times."""
        source, origin_s = world.sources[number], world.pool[0]["origin_s"]
        chunk = next(self._chunks[number], None)
        if chunk is not None:
            # A run is a half-open interval (traffic/clients.py, OpenClient): a request that is due at its end, also
            # after rounding, is not sent.
            chunk = chunk[: int(np.searchsorted(origin_s + chunk, origin_s + self._duration_s))]
        if chunk is None or not len(chunk):
            source["last"] = 1
            return
        assert len(chunk) <= CHUNK_ARRIVALS
        world.times[number, : len(chunk)] = chunk
        if self._uses or self.kinds.matter:
            kinds = self.kinds.draw(number, len(chunk))
            if self._uses:
                world.down.may[number, : len(chunk)] = self.kinds.may[kinds]
            if self.kinds.matter:
                world.kinds.arrivals[number, : len(chunk)] = kinds
        source["at"], source["end"] = 0, len(chunk)

    def work(self, world: World) -> None:
        if self.kinds.matter:
            self.kinds.work(world)
            return
        pool = world.pool[0]
        self._cpu.fill(world.cpu)
        self._io.fill(world.io)
        pool["work"], pool["work_end"] = 0, len(world.cpu)

    def fates(self, world: World) -> None:
        pool = world.pool[0]
        pool["fate_end"] = self._fates.refill(world.fates, pool["fate"], pool["fate_end"])
        pool["fate"] = 0

    def wakes(self, world: World) -> None:
        pool = world.pool[0]
        pool["wake_end"] = self._wakes.refill(world.wakes, pool["wake"], pool["wake_end"])
        pool["wake"] = 0

    def lots(self, world: World) -> None:
        pool = world.pool[0]
        pool["lot_end"] = refill_uniform(world.lots, pool["lot"], pool["lot_end"], self._lots)
        pool["lot"] = 0


assert DRAWS % PORTION == 0, "whole portions only"
