"""Simulated applications that fail: the effect of each kind of failure on an instance."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from simulator.fleet.exchange import PooledExchange
from simulator.fleet.ports import InstanceSpec, ResourceUsage
from simulator.fleet.simulated.application import Failures, PathWork, SimulatedApplication
from simulator.fleet.simulated.driver import STORAGE_BYTES, SimulatedBackend, SimulatedDriver
from simulator.model.health import HealthCheck, HealthProtocol
from simulator.model.sizes import InstanceSize
from simulator.world.distributions import Constant
from simulator.world.random_streams import RandomStreams
from simulator.world.running_loop import running_loop
from tests.virtual import run_virtual

MB = 1024**2
HTTP = HealthCheck(HealthProtocol.HTTP, timeout_s=2)


class Request(PooledExchange):
    def __init__(self) -> None:
        super().__init__(running_loop().time())
        self.statuses: list[int] = []

    def answered(self, status: int) -> None:
        self.statuses.append(status)


def asked(backend: SimulatedBackend) -> Request:
    request = Request()
    backend.begin(request)
    return request


def with_one(failures: Failures, test: Callable[[SimulatedBackend], Coroutine[Any, Any, None]]) -> None:
    """Run `test` with an instance of 0.5 GB that starts in 2 s and answers in 1 s."""
    application = SimulatedApplication(start_up=Constant(2), io=Constant(1), failures=failures)

    async def main() -> None:
        driver = SimulatedDriver(application, RandomStreams(1), "web")
        await test(await driver.launch(InstanceSpec("web", 1, InstanceSize(256, 512))))

    run_virtual(main)


def exit_of(backend: SimulatedBackend) -> tuple[int, str]:
    return backend.exited.result().code, backend.exited.result().detail


def test_active_requests_take_memory_and_too_many_kill_the_instance() -> None:
    async def test(backend: SimulatedBackend) -> None:
        for _ in range(10):  # requests that follow one another need no more memory
            asked(backend)
            await asyncio.sleep(1.5)
        requests = [asked(backend) for _ in range(4)]
        await asyncio.sleep(0)
        assert not backend.exited.done()
        assert backend.usage() == ResourceUsage(0.0, 500 * MB)
        requests.append(asked(backend))
        await asyncio.sleep(0.001)
        assert exit_of(backend) == (137, "ended by SIGKILL, out of memory: it has 0.5 GB")
        await asyncio.sleep(5)
        assert [request.statuses for request in requests] == [[]] * 5

    with_one(Failures(memory_bytes=300 * MB, request_memory_bytes=50 * MB), test)


def test_an_application_larger_than_its_memory_ends_after_its_start() -> None:
    async def test(backend: SimulatedBackend) -> None:
        await asyncio.sleep(1.9)
        assert not backend.exited.done()
        await asyncio.sleep(0.2)
        assert exit_of(backend)[0] == 137

    with_one(Failures(memory_bytes=513 * MB), test)


def test_files_accumulate_until_storage_is_full() -> None:
    async def test(backend: SimulatedBackend) -> None:
        for _ in range(3):
            asked(backend)
            await asyncio.sleep(2)
        assert not backend.exited.done()
        asked(backend)
        assert exit_of(backend) == (137, "ended by SIGKILL, ephemeral storage is full")

    with_one(Failures(request_storage_bytes=STORAGE_BYTES // 3), test)


def test_a_hanging_application_answers_nothing_and_only_an_http_check_fails() -> None:
    async def test(backend: SimulatedBackend) -> None:
        await asyncio.sleep(3)
        assert await backend.probe(HTTP) is None
        request = asked(backend)
        began_s = asyncio.get_running_loop().time()
        assert await backend.probe(HTTP) == "no answer within 2 s"
        assert asyncio.get_running_loop().time() - began_s == pytest.approx(2)
        assert await backend.probe(HealthCheck()) is None
        await asyncio.sleep(1000)
        assert request.statuses == []
        assert not backend.exited.done()

    with_one(Failures(hang_share=1), test)


def test_shares_are_of_requests_and_the_same_seed_gives_the_same_failures() -> None:
    def survived() -> list[int]:
        """Return how many requests each of fifty instances answered before it crashed."""
        application = SimulatedApplication(io=Constant(1), failures=Failures(crash_share=0.1, exit_code=9))

        async def main() -> list[int]:
            driver = SimulatedDriver(application, RandomStreams(7), "web")
            told = []
            for number in range(1, 51):
                backend = await driver.launch(InstanceSpec("web", number, InstanceSize()))
                requests = []
                while not backend.exited.done():
                    requests.append(asked(backend))
                    await asyncio.sleep(2)
                assert exit_of(backend) == (9, "Container exit code: 9")
                told.append(sum(request.statuses == [200] for request in requests))
            return told

        return run_virtual(main)

    told = survived()
    assert told == survived()
    assert 5 < sum(told) / len(told) < 14, "geometric, 9 on average; three standard errors are 4"


@pytest.mark.parametrize(("ignores", "code", "took_s"), [(True, 137, 30.0), (False, 0, 0.0)])
def test_an_application_that_ignores_sigterm_is_killed_after_the_grace_period(
    ignores: bool, code: int, took_s: float
) -> None:
    async def test(backend: SimulatedBackend) -> None:
        await backend.stop(30)
        assert backend.exited.result().code == code
        assert asyncio.get_running_loop().time() == pytest.approx(took_s)
        await backend.stop(30)
        assert asyncio.get_running_loop().time() == pytest.approx(took_s)

    with_one(Failures(ignores_sigterm=ignores), test)


def test_an_exit_code_is_a_byte() -> None:
    with pytest.raises(ValueError, match="exit_code = 256, must be 0 to 255"):
        Failures(exit_code=256)


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"workers": 0}, "workers = 0, must be at least 1"),
        ({"failure_share": 1.5}, "failure_share = 1.5, must be 0 to 1"),
        ({"cpu_per_mb_s": -1.0}, "cpu_per_mb = -1 s, must be at least 0 and finite"),
        ({"io_per_mb_s": float("inf")}, "io_per_mb = inf s, must be at least 0 and finite"),
        ({"exit_code": 256}, "exit_code = 256, must be 0 to 255"),
        ({"idle_vcpu": -0.1}, "idle_vcpu = -0.1, must be at least 0 and finite"),
        ({"paths": (PathWork("/a", Constant(1), Constant(1)),) * 2}, "/a is given 2 times, must be given once"),
    ],
)
def test_an_application_rejects_values_out_of_range(given: dict[str, Any], error: str) -> None:
    with pytest.raises(ValueError, match=error):
        SimulatedApplication(**given)


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"crash_share": 2.0}, "crash_share = 2, must be 0 to 1"),
        ({"hang_at_start": -0.1}, "hang_at_start = -0.1, must be 0 to 1"),
        ({"memory_bytes": -1}, "memory = -1, must be at least 0"),
        ({"exit_code": -1}, "exit_code = -1, must be 0 to 255"),
    ],
)
def test_failures_reject_values_out_of_range(given: dict[str, Any], error: str) -> None:
    with pytest.raises(ValueError, match=error):
        Failures(**given)
