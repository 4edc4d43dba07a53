from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from simulator.fleet.ports import InstanceSpec
from simulator.fleet.simulated.application import DownstreamResource, DownstreamUse, Failures, SimulatedApplication
from simulator.fleet.simulated.downstream import DownstreamResources
from simulator.fleet.simulated.downstream_driver import DownstreamDriver
from simulator.model.sizes import InstanceSize
from simulator.model.times import RunTime
from simulator.records.journal import Journal
from simulator.rules.downstream import OnFull
from simulator.world.distributions import Constant
from simulator.world.random_streams import RandomStreams
from tests.fleet.simulated.test_driver import Request
from tests.virtual import run_virtual

DB = DownstreamResource("db", 2, Constant(1.0), on_full=OnFull.ERROR)
SPEC = InstanceSpec("web", 1, InstanceSize())


class PathRequest(Request):
    """A request for a path."""

    def __init__(self, ends: list[tuple[float, int]], path: str) -> None:
        super().__init__(ends)
        self._path = path

    @property
    def path(self) -> str:
        return self._path


def new_driver(application: SimulatedApplication) -> DownstreamDriver:
    loop, streams = asyncio.get_running_loop(), RandomStreams(1)
    resources = DownstreamResources(streams, Journal(), lambda: RunTime(loop.time()))
    return DownstreamDriver(application, streams, "web", resources)


def ends_of(application: SimulatedApplication, *arrivals: tuple[float, str]) -> list[tuple[float, int]]:
    """Run requests that begin at (time, path). Return the time and status of each response."""

    async def main() -> list[tuple[float, int]]:
        backend = await new_driver(application).launch(SPEC)
        ends: list[tuple[float, int]] = []
        for at_s, path in arrivals:
            await asyncio.sleep(at_s - asyncio.get_running_loop().time())
            backend.begin(PathRequest(ends, path))
        await asyncio.sleep(1000)
        return ends

    return run_virtual(main)


def test_calls_follow_the_work_of_the_request_one_after_the_other() -> None:
    app = SimulatedApplication(cpu=Constant(0.5), io=Constant(0.25), downstream=(DownstreamUse(DB, calls=3),))
    assert ends_of(app, (0.0, "/")) == [(3.75, 200)]


def test_a_request_whose_call_fails_is_answered_with_500() -> None:
    app = SimulatedApplication(downstream=(DownstreamUse(replace(DB, connections=1)),))
    assert ends_of(app, (0.0, "/"), (0.5, "/")) == [(0.5, 500), (1.0, 200)]


def test_each_pause_before_a_retry_is_twice_as_long() -> None:
    use = DownstreamUse(replace(DB, connections=1, service=Constant(10.0)), retries=2, backoff_s=0.1)
    # attempts at 0.5, 0.6 and 0.8; the last one fails as well
    assert ends_of(SimulatedApplication(downstream=(use,)), (0.0, "/"), (0.5, "/"))[0] == pytest.approx((0.8, 500))
    # with one more, the fourth attempt, at 1.2, finds the connection free
    use = replace(use, resource=replace(use.resource, service=Constant(1.1)), retries=3)
    ends = ends_of(SimulatedApplication(downstream=(use,)), (0.0, "/"), (0.5, "/"))
    assert ends == [pytest.approx((1.1, 200)), pytest.approx((2.3, 200))]


def test_only_the_named_paths_call_the_resource() -> None:
    app = SimulatedApplication(io=Constant(0.1), downstream=(DownstreamUse(DB, paths=("/orders",)),))
    ends = ends_of(app, (0.0, "/"), (0.0, "/orders?page=2"))
    assert ends == [pytest.approx((0.1, 200)), pytest.approx((1.1, 200))]


def test_a_share_of_the_requests_calls_the_resource() -> None:
    use = DownstreamUse(replace(DB, connections=10_000), share=0.3)
    ends = ends_of(SimulatedApplication(downstream=(use,)), *((0.0, "/") for _ in range(2000)))
    assert sum(end_s > 0.5 for end_s, _ in ends) == pytest.approx(600, abs=4 * (2000 * 0.3 * 0.7) ** 0.5)


def test_a_request_keeps_its_worker_while_it_waits() -> None:
    app = SimulatedApplication(workers=1, downstream=(DownstreamUse(DB),))
    assert ends_of(app, (0.0, "/"), (0.0, "/")) == [(1.0, 200), (2.0, 200)]


def test_an_application_that_fails_by_itself_can_call_resources_too() -> None:
    out_of_memory = Failures(request_memory_bytes=2 * 1024**3)
    app = SimulatedApplication(failures=out_of_memory, downstream=(DownstreamUse(DB),))
    assert ends_of(app, (0.0, "/"), (1.5, "/")) == [(1.0, 200), (2.5, 200)]  # one at a time fits into 2 GB
    assert ends_of(app, (0.0, "/"), (0.5, "/")) == []  # two at a time do not


def test_the_pool_is_filled_when_the_application_listens_and_emptied_when_the_instance_ends() -> None:
    async def main() -> list[int]:
        use = DownstreamUse(replace(DB, connections=8), pool=4, min_idle=3)
        driver = new_driver(SimulatedApplication(start_up=Constant(2.0), downstream=(use,)))
        resource = driver._resources.running(use.resource)
        backend = await driver.launch(SPEC)
        taken = []
        for wait_s in (1.9, 0.2):
            await asyncio.sleep(wait_s)
            taken.append(resource._slots.taken)
        backend.kill()
        backend.kill()
        return [*taken, resource._slots.taken]

    assert run_virtual(main) == [0, 3, 0]
