from __future__ import annotations

import asyncio

import pytest

from simulator.fleet.exchange import PooledExchange
from simulator.fleet.ports import InstanceSpec
from simulator.fleet.simulated.application import Failures, SimulatedApplication
from simulator.fleet.simulated.driver import SimulatedBackend, SimulatedDriver
from simulator.model.health import HealthCheck
from simulator.model.sizes import InstanceSize
from simulator.world.distributions import Constant, Exponential
from simulator.world.random_streams import RandomStreams
from simulator.world.running_loop import running_loop
from tests.virtual import run_virtual

SPEC = InstanceSpec("web", 1, InstanceSize())


class Request(PooledExchange):
    """A request that records when and how it was answered; `ends` collects those of one instance."""

    def __init__(self, ends: list[tuple[float, int]]) -> None:
        super().__init__(running_loop().time())
        self.begun_s = self.arrived_s
        self._ends = ends

    def answered(self, status: int) -> None:
        self._ends.append((asyncio.get_running_loop().time(), status))


async def launched(application: SimulatedApplication, size: InstanceSize | None = None) -> SimulatedBackend:
    driver = SimulatedDriver(application, RandomStreams(1), "web")
    return await driver.launch(InstanceSpec("web", 1, size or InstanceSize()))


def ends_of(
    application: SimulatedApplication, arrivals_s: list[float], size: InstanceSize | None = None
) -> list[float]:
    """Return when requests that begin at the given times are answered, in the order of the responses."""

    async def main() -> list[float]:
        backend = await launched(application, size)
        ends: list[tuple[float, int]] = []
        for at_s in arrivals_s:
            await asyncio.sleep(at_s - asyncio.get_running_loop().time())
            backend.begin(Request(ends))
        await asyncio.sleep(1000)
        return [end_s for end_s, _ in ends]

    return run_virtual(main)


def test_io_does_not_slow_other_requests() -> None:
    assert ends_of(SimulatedApplication(io=Constant(0.08)), [0.0, 0.0, 0.02]) == pytest.approx([0.08, 0.08, 0.1])


def test_cpu_work_shares_the_vcpus() -> None:
    busy = SimulatedApplication(cpu=Constant(1.0))
    assert ends_of(busy, [0.0, 0.0]) == pytest.approx([2.0, 2.0])
    assert ends_of(busy, [0.0, 0.0], InstanceSize(2048, 4096)) == pytest.approx([1.0, 1.0])
    assert ends_of(busy, [0.0], InstanceSize(256, 512)) == pytest.approx([4.0])


def test_a_request_computes_first_and_then_waits() -> None:
    both = SimulatedApplication(cpu=Constant(1.0), io=Constant(3.0))
    assert ends_of(both, [0.0, 0.0]) == pytest.approx([5.0, 5.0])  # 2 s of shared CPU, then 3 s of I/O each
    assert ends_of(both, [0.0, 1.0]) == pytest.approx([4.0, 5.0])  # the second computes while the first waits


def test_a_worker_serves_one_request_at_a_time_including_its_wait() -> None:
    one_worker = SimulatedApplication(cpu=Constant(1.0), io=Constant(3.0), workers=1)
    assert ends_of(one_worker, [0.0, 0.0, 0.0]) == pytest.approx([4.0, 8.0, 12.0])


def test_a_worker_is_occupied_during_io() -> None:
    waiting = SimulatedApplication(io=Constant(2.0), workers=2)
    assert ends_of(waiting, [0.0, 0.0, 0.0]) == pytest.approx([2.0, 2.0, 4.0])


def test_a_request_without_any_work_is_answered_at_once() -> None:
    assert ends_of(SimulatedApplication(), [5.0]) == [5.0]


def test_an_aborted_request_keeps_the_cpu_busy_and_is_not_answered() -> None:
    async def main() -> list[tuple[float, int]]:
        backend = await launched(SimulatedApplication(cpu=Constant(1.0)))
        ends: list[tuple[float, int]] = []
        gone = Request(ends)
        backend.begin(gone)
        backend.begin(Request(ends))
        gone.open = False
        backend.abort(gone)
        await asyncio.sleep(10)
        return ends

    assert run_virtual(main) == [(2.0, 200)]


def test_an_ended_instance_does_not_respond() -> None:
    async def main() -> tuple[list[tuple[float, int]], int]:
        backend = await launched(SimulatedApplication(cpu=Constant(1.0)))
        ends: list[tuple[float, int]] = []
        backend.begin(Request(ends))
        backend.kill()
        await asyncio.sleep(10)
        return ends, backend.exited.result().code

    assert run_virtual(main) == ([], 137)


def test_stop_ends_the_instance_and_is_idempotent() -> None:
    async def main() -> int:
        backend = await launched(SimulatedApplication())
        await backend.stop(30)
        await backend.stop(30)
        backend.kill()
        return backend.exited.result().code

    assert run_virtual(main) == 0


def test_it_listens_when_it_has_started() -> None:
    async def main() -> list[str | None]:
        backend = await launched(SimulatedApplication(start_up=Constant(3.0)))
        answers = [await backend.probe(HealthCheck())]
        await asyncio.sleep(3)
        return [*answers, await backend.probe(HealthCheck())]

    assert run_virtual(main) == ["connection refused", None]


def test_waking_takes_the_applications_wake_time() -> None:
    async def main() -> float:
        backend = await launched(SimulatedApplication(wake=Constant(0.25)))
        backend.throttle()
        return backend.wake()

    assert run_virtual(main) == 0.25


@pytest.mark.parametrize(("share", "statuses"), [(0.0, {200}), (1.0, {500}), (0.5, {200, 500})])
def test_a_share_of_the_answers_fails(share: float, statuses: set[int]) -> None:
    async def main() -> set[int]:
        backend = await launched(SimulatedApplication(failure_share=share))
        ends: list[tuple[float, int]] = []
        for _ in range(100):
            backend.begin(Request(ends))
        await asyncio.sleep(1)
        assert len(ends) == 100
        return {status for _, status in ends}

    assert run_virtual(main) == statuses


def test_the_work_is_drawn_in_order_of_arrival_whichever_instance_does_it() -> None:
    async def main() -> None:
        application = SimulatedApplication(cpu=Exponential(1.0), io=Exponential(2.0))
        drawn: list[list[tuple[float, float]]] = []
        for instances in (1, 3):
            driver = SimulatedDriver(application, RandomStreams(5), "web")
            for _ in range(instances):
                await driver.launch(SPEC)
            requests = [Request([]) for _ in range(2000)]
            for request in requests:
                driver.work.draw(request)
            drawn.append([(request.cpu_s, request.io_s) for request in requests])
        assert drawn[0] == drawn[1]
        assert len(set(drawn[0])) == 2000

    run_virtual(main)


def test_a_request_without_sampled_work_gets_it_from_its_instance() -> None:
    async def main() -> None:
        backend = await launched(SimulatedApplication(cpu=Constant(0.5), io=Constant(0.25)))
        request = Request([])
        backend.begin(request)
        assert (request.cpu_s, request.io_s) == (0.5, 0.25)

    run_virtual(main)


def test_a_request_that_may_not_wait_for_a_worker_is_answered_at_once() -> None:
    application = SimulatedApplication(io=Constant(1.0), workers=1, backlog=1)

    async def main() -> list[tuple[float, int]]:
        backend = await launched(application)
        ends: list[tuple[float, int]] = []
        for _ in range(4):
            backend.begin(Request(ends))
        assert ends == [], "the caller has not finished yet"
        await asyncio.sleep(1000)
        return ends

    assert run_virtual(main) == [(0.0, 503), (0.0, 503), (1.0, 200), (2.0, 200)]


def test_memory_is_in_use_while_a_request_is_at_work() -> None:
    application = SimulatedApplication(
        io=Constant(1.0), workers=1, backlog=0, failures=Failures(memory_bytes=100, request_memory_bytes=7)
    )

    async def main() -> list[float]:
        backend = await launched(application)
        used: list[float] = []
        for _ in range(2):
            backend.begin(Request([]))
        for wait_s in (0.1, 0.4, 1.0):
            usage = backend.usage()
            assert usage is not None
            used.append(usage.memory_bytes)
            await asyncio.sleep(wait_s)
        usage = backend.usage()
        assert usage is not None
        return [*used, usage.memory_bytes]

    # Two until the second is rejected, then one, until it is answered.
    assert run_virtual(main) == [114.0, 107.0, 107.0, 100.0]
