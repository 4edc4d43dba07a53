from __future__ import annotations

import asyncio
from heapq import heapify, heappop, heappush
from itertools import islice

import numpy as np
import pytest

from simulator.fleet.exchange import PooledExchange
from simulator.fleet.ports import InstanceSpec
from simulator.fleet.simulated.application import SimulatedApplication
from simulator.fleet.simulated.driver import SimulatedDriver
from simulator.fleet.simulated.work import CHUNK, VisitingRequest, draws
from simulator.model.sizes import InstanceSize
from simulator.rules.stations.cpu_use import CpuOrder, CpuUse
from simulator.world.distributions import Exponential
from simulator.world.random_streams import RandomStreams
from simulator.world.running_loop import running_loop
from tests.virtual import run_virtual

Work = tuple[float, float, float]  # arrival, CPU and I/O, in seconds


def test_draws_are_those_of_the_distribution_in_portions_without_end() -> None:
    distribution = Exponential(2.0)
    drawn = list(islice(draws(distribution, RandomStreams(1).stream("work")), 2 * CHUNK + 5))
    rng = RandomStreams(1).stream("work")
    portions = np.concatenate([distribution.draw(rng, CHUNK) for _ in range(3)])
    assert drawn == portions[: len(drawn)].tolist()


class NumberedRequest(PooledExchange):
    """A request with given work, which notes the time of its answer."""

    def __init__(self, number: int, cpu_s: float, io_s: float, ends_s: dict[int, float]) -> None:
        super().__init__(running_loop().time())
        self.number, self.cpu_s, self.io_s = number, cpu_s, io_s
        self._ends_s = ends_s

    def answered(self, status: int) -> None:
        assert status == 200
        self._ends_s[self.number] = asyncio.get_running_loop().time()


def ends_of(application: SimulatedApplication, works: list[Work]) -> list[float]:
    """Return when the requests are answered by an instance of one vCPU."""

    async def main() -> list[float]:
        backend = await SimulatedDriver(application, RandomStreams(1), "web").launch(
            InstanceSpec("web", 1, InstanceSize())
        )
        ends_s: dict[int, float] = {}
        for number, (at_s, cpu_s, io_s) in enumerate(works):
            await asyncio.sleep(at_s - asyncio.get_running_loop().time())
            backend.begin(NumberedRequest(number, cpu_s, io_s, ends_s))
        await asyncio.sleep(1000)
        return [ends_s[number] for number in range(len(works))]

    return run_virtual(main)


def in_line(visits: int, works: list[Work]) -> list[float]:
    """Return the same for one server: it takes the request that has been ready for the longest time (Lindley)."""
    ready = [(at_s, number, 1) for number, (at_s, _, _) in enumerate(works)]
    heapify(ready)
    ends_s = [0.0] * len(works)
    free_s = 0.0
    while ready:
        ready_s, number, visit = heappop(ready)
        _, cpu_s, io_s = works[number]
        free_s = max(free_s, ready_s) + cpu_s / visits
        ends_s[number] = free_s + io_s / visits
        if visit < visits:
            heappush(ready, (ends_s[number], number, visit + 1))
    return ends_s


@pytest.mark.parametrize("visits", [1, 2, 3, 10])
@pytest.mark.parametrize("io_s", [0.0, 0.3])
def test_each_visit_to_an_event_loop_joins_the_end_of_the_line(visits: int, io_s: float) -> None:
    rng = RandomStreams(visits).stream("requests")
    at_s = np.cumsum(rng.exponential(0.12, 300))
    works = [(at, cpu, io) for at, cpu, io in zip(at_s, rng.exponential(0.1, 300), io_s * rng.random(300), strict=True)]
    application = SimulatedApplication(cpu_use=CpuUse(CpuOrder.FIRST_COME, 1, visits=visits))
    assert ends_of(application, works) == pytest.approx(in_line(visits, works), abs=1e-6)


def test_many_visits_of_equal_requests_are_nearly_processor_sharing() -> None:
    works = [(0.0, 0.2, 0.0), (0.1, 0.2, 0.0), (0.25, 0.2, 0.0)]
    shared = ends_of(SimulatedApplication(), works)
    in_parts = SimulatedApplication(cpu_use=CpuUse(CpuOrder.FIRST_COME, 1, visits=1000))
    assert ends_of(in_parts, works) == pytest.approx(shared, abs=0.003)


def test_a_request_alone_takes_as_long_as_in_one_part() -> None:
    for application in (
        SimulatedApplication(cpu_use=CpuUse(visits=7)),
        SimulatedApplication(cpu_use=CpuUse(CpuOrder.FIRST_COME, visits=7)),
    ):
        assert ends_of(application, [(0.0, 0.2, 0.5), (1.0, 0.0, 0.5), (2.0, 0.2, 0.0)]) == pytest.approx(
            [0.7, 1.5, 2.2]
        )


def test_a_request_keeps_its_worker_between_its_visits() -> None:
    application = SimulatedApplication(workers=1, cpu_use=CpuUse(visits=2))
    assert ends_of(application, [(0.0, 0.2, 0.4), (0.0, 0.2, 0.4)]) == pytest.approx([0.6, 1.2])


def test_the_parts_of_a_request_are_equal() -> None:
    async def main() -> None:
        request = VisitingRequest(NumberedRequest(0, 0.3, 0.6, {}), 3)
        assert (request.cpu_s, request.io_s) == (0.3 / 3, 0.6 / 3)
        assert [request.is_last() for _ in range(3)] == [False, False, True]

    run_virtual(main)
