"""Starts of single instances: the three ways in which they end, and the lines in the event log before that."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from simulator.fleet.instance import Instance
from simulator.fleet.ports import InstanceSpec
from simulator.fleet.replicas.prober import Prober
from simulator.fleet.replicas.startup_monitor import StartupMonitor
from simulator.model.health import HealthCheck
from simulator.model.instance import InstanceEvent
from simulator.model.sizes import InstanceSize
from simulator.model.text.units import duration_text
from simulator.model.times import LoopTime
from simulator.world.tasks import Tasks
from tests.fleet.fakes import FakeBackend, FakeDriver, stage_settings
from tests.virtual import rounds, run_virtual


class ExplainingBackend(FakeBackend):
    """A backend whose probes fail until `healthy_at_s`, and whose `explain` returns `observed`."""

    def __init__(self, healthy_at_s: float) -> None:
        super().__init__(FakeDriver(), InstanceSpec("web", 1, InstanceSize()))
        self.observed = ""
        self._healthy_at_s = healthy_at_s

    async def probe(self, check: HealthCheck) -> str | None:
        return None if asyncio.get_running_loop().time() >= self._healthy_at_s else "no answer"

    def explain(self) -> str:
        return self.observed


class Start:
    """An instance with its backend, the monitor of its start, and the lines that the monitor logged."""

    def __init__(self, healthy_at_s: float, *, allowance_s: float = 20.0, is_logged: bool = True) -> None:
        self.lines: list[tuple[float, str]] = []
        self.instance = Instance(1, LoopTime(0.0))
        self.backend = ExplainingBackend(healthy_at_s)
        self.tasks = Tasks("starts")
        self.failed: list[tuple[float, int, str]] = []
        self.monitor = StartupMonitor(
            stage_settings(startup_allowance_s=allowance_s),
            Prober(HealthCheck(interval_s=1)),
            self.tasks,
            self,
            is_logged=is_logged,
        )

    def start_line(self, text: str) -> None:
        self.lines.append((asyncio.get_running_loop().time(), text))

    def probe_failed(self, number: int, why: str) -> None:
        self.failed.append((asyncio.get_running_loop().time(), number, why))

    async def until_healthy(self) -> bool:
        return await self.monitor.until_healthy(self.instance, self.backend)

    async def until_routed(self, route_s: float) -> bool:
        return await self.monitor.until_routed(self.instance, self.backend, route_s)


def in_start(test: Callable[[Start], Awaitable[None]], healthy_at_s: float, **given: float) -> None:
    async def main() -> None:
        start = Start(healthy_at_s, **given)  # type: ignore[arg-type]
        await test(start)
        assert not start.tasks.failed.done()
        await start.tasks.close()

    run_virtual(main)


def test_a_start_ends_with_the_probe_that_passes() -> None:
    async def test(start: Start) -> None:
        assert await start.until_healthy()
        assert asyncio.get_running_loop().time() == 3.0
        assert not start.instance.ending.done()

    in_start(test, 3.0)


def test_every_failed_probe_is_published_also_if_it_is_not_logged() -> None:
    async def test(start: Start) -> None:
        assert await start.until_healthy()
        assert start.failed == [(0.0, 1, "no answer"), (1.0, 1, "no answer"), (2.0, 1, "no answer")]
        assert start.lines == []

    in_start(test, 3.0, is_logged=False)


def test_traffic_comes_some_time_after_the_instance_became_healthy() -> None:
    async def test(start: Start) -> None:
        assert await start.until_routed(7.0)
        assert asyncio.get_running_loop().time() == 10.0

    in_start(test, 3.0)


@pytest.mark.parametrize("at_s", [1.5, 5.0])  # before it is healthy, and before it is routed
def test_an_instance_that_is_asked_to_end_is_never_routed(at_s: float) -> None:
    async def test(start: Start) -> None:
        loop = asyncio.get_running_loop()
        loop.call_at(at_s, start.instance.end, InstanceEvent.STOP, "scale-in")
        assert not await start.until_routed(7.0)
        assert loop.time() == at_s
        assert start.instance.ending.result().why == "scale-in"

    in_start(test, 3.0)


def test_an_instance_that_used_up_its_allowance_crashes_with_the_check_and_the_last_observation() -> None:
    async def test(start: Start) -> None:
        start.backend.observed = "it listens on 127.0.0.1 only"
        assert not await start.until_healthy()
        assert asyncio.get_running_loop().time() == 4.5
        end = start.instance.ending.result()
        assert (end.event, end.slow) == (InstanceEvent.CRASHED, True)
        assert end.why == f"{start.monitor.failed_line} (not healthy within 4.5 s)"
        assert end.saw == (
            "Instance 1 did not become healthy. The last health check saw: no answer; it listens on 127.0.0.1 only."
        )

    in_start(test, 1e6, allowance_s=4.5)


def test_an_instance_that_exits_while_its_probe_passes_is_not_healthy() -> None:
    async def test(start: Start) -> None:
        start.backend.exit(3)
        asyncio.get_running_loop().call_later(2.0, start.instance.end, InstanceEvent.CRASHED, "exit code 3")
        assert not await start.until_healthy()
        assert start.instance.ending.result().why == "exit code 3"

    in_start(test, 0.0)


def test_a_delay_is_logged_after_a_second_every_five_and_when_the_observation_changes() -> None:
    async def test(start: Start) -> None:
        loop = asyncio.get_running_loop()
        loop.call_at(3.5, setattr, start.backend, "observed", "it listens on port 80")
        assert await start.until_healthy()
        assert [at_s for at_s, _ in start.lines] == [1.0, 4.0, 9.0, 10.0]
        seen = "Instance 1 is not healthy yet: no answer"
        assert [line for _, line in start.lines] == [
            f"{seen}. It has {duration_text(19)} more.",
            f"{seen}; it listens on port 80. It has {duration_text(16)} more.",
            f"{seen}; it listens on port 80. It has {duration_text(11)} more.",
            "Instance 1 is healthy, but it listens on port 80.",
        ]

    in_start(test, 10.0)


def test_starts_of_simulated_instances_are_not_logged() -> None:
    async def test(start: Start) -> None:
        start.backend.observed = "it listens on port 80"
        assert await start.until_healthy()
        assert start.lines == []

    in_start(test, 10.0, is_logged=False)


def test_the_probe_and_the_timer_of_a_start_end_with_it() -> None:
    async def test(start: Start) -> None:
        start.instance.end(InstanceEvent.STOP, "scale-in")
        assert not await start.until_healthy()
        await rounds(2)
        assert len(asyncio.all_tasks()) == 1
        await asyncio.sleep(100.0)  # past the allowance
        assert start.instance.ending.result().event is InstanceEvent.STOP

    in_start(test, 1e6)
