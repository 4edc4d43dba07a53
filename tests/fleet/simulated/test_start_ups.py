from __future__ import annotations

import asyncio
import dataclasses

import pytest

from simulator.fleet.ports import InstanceSpec
from simulator.fleet.simulated.application import SimulatedApplication
from simulator.fleet.simulated.driver import SimulatedDriver
from simulator.fleet.simulated.start_ups import StartUps
from simulator.model.sizes import InstanceSize
from simulator.rules.start_stages import Kept
from simulator.rules.stations.cpu_quota import CpuQuota
from simulator.world.distributions import Constant, Exponential
from simulator.world.random_streams import RandomStreams
from tests.virtual import run_virtual

QUARTER, ONE, FOUR = InstanceSize(256, 512), InstanceSize(1024, 2048), InstanceSize(4096, 8192)
APPLICATION = SimulatedApplication(start_up=Constant(1.0), start_up_cpu=Constant(2.0))


@pytest.mark.parametrize(
    ("size", "quota", "lasts_s"),
    [
        (FOUR, None, 3.0),  # one thread
        (ONE, None, 3.0),
        (QUARTER, None, 9.0),
        (QUARTER, CpuQuota(0.1, 2), 1 + 79 * 0.1 + 0.025),  # 80 periods of 25 ms, the last one up to its use
    ],
)
def test_the_cpu_work_of_a_start_up_takes_longer_on_less_than_a_vcpu(
    size: InstanceSize, quota: CpuQuota | None, lasts_s: float
) -> None:
    application = SimulatedApplication(start_up=Constant(1.0), start_up_cpu=Constant(2.0), cpu_quota=quota)
    start_up = StartUps(application, RandomStreams(1), "web").next(InstanceSpec("web", 1, size))
    assert start_up.lasts_s == pytest.approx(lasts_s)
    assert start_up.cpu_s == 2.0


def test_an_instance_that_has_kept_its_memory_does_not_start_up_again() -> None:
    spec = InstanceSpec("web", 1, ONE, kept=Kept.MEMORY)
    assert StartUps(APPLICATION, RandomStreams(1), "web").next(spec) == (0.0, 0.0)


def test_cpu_work_does_not_change_the_other_draws() -> None:
    def waits(application: SimulatedApplication) -> list[float]:
        start_ups = StartUps(application, RandomStreams(1), "web")
        found = [start_ups.next(InstanceSpec("web", number, ONE)) for number in range(5)]
        return [lasts_s - cpu_s for lasts_s, cpu_s in found]

    law = Exponential(1.0)
    assert waits(SimulatedApplication(start_up=law)) == pytest.approx(
        waits(SimulatedApplication(start_up=law, start_up_cpu=Exponential(0.5)))
    )


def test_the_cpu_time_of_a_start_up_is_that_of_the_instance_and_of_its_service() -> None:
    async def main() -> list[tuple[float, float]]:
        driver = SimulatedDriver(APPLICATION, RandomStreams(1), "web")
        backend = await driver.launch(InstanceSpec("web", 1, QUARTER))
        assert backend.listens_s() == 9.0
        used = []
        for _ in range(3):
            await asyncio.sleep(4.5)
            used.append((backend.cpu_used_s(), driver.cpu_used_s()))
        return used

    assert run_virtual(main) == [(1.0, 1.0), (2.0, 2.0), (2.0, 2.0)]


def test_a_start_up_that_ends_in_an_exit_uses_its_cpu_time_too() -> None:
    async def main() -> list[float]:
        driver = SimulatedDriver(dataclasses.replace(APPLICATION, exit_code=1), RandomStreams(1), "web")
        backend = await driver.launch(InstanceSpec("web", 1, QUARTER))
        await asyncio.sleep(4.5)
        half_s = driver.cpu_used_s()
        assert (await backend.exited).code == 1
        await asyncio.sleep(4.5)
        return [half_s, driver.cpu_used_s()]

    assert run_virtual(main) == [1.0, 2.0]
