"""Simulated instances that pull their image: when they exist, when they leave their machine, and the log."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from simulator.fleet.ports import InstanceSpec
from simulator.fleet.simulated.application import DownstreamResource, DownstreamUse, SimulatedApplication
from simulator.fleet.simulated.simulated_drivers import SimulatedDrivers
from simulator.model.sizes import InstanceSize
from simulator.model.times import RUN_START
from simulator.records.events import EventLogged
from simulator.records.journal import Journal
from simulator.rules.image_pulls import ImageToPull, Placement
from simulator.world.distributions import Constant
from simulator.world.random_streams import RandomStreams
from tests.virtual import run_virtual

MB = 1024**2
IMAGE = ImageToPull({"base": 30 * MB, "app": 60 * MB}, 10.0 * MB, placement=Placement.PACK, per_machine=1)
APPLICATION = SimulatedApplication(Constant(2.0), image=IMAGE)
DOWNSTREAM = (DownstreamUse(DownstreamResource("db", 10, Constant(0.1))),)


def spec(number: int) -> InstanceSpec:
    return InstanceSpec("web", number, InstanceSize())


@pytest.mark.parametrize("application", [APPLICATION, replace(APPLICATION, downstream=DOWNSTREAM)])
def test_an_instance_exists_when_its_image_is_there_and_leaves_its_machine_at_its_end(
    application: SimulatedApplication,
) -> None:
    async def main() -> None:
        journal, loop = Journal(), asyncio.get_running_loop()
        drivers = SimulatedDrivers(RandomStreams(1), journal, lambda: RUN_START)
        first = await drivers.new(application, "web").launch(spec(1))
        assert loop.time() == pytest.approx(9.0)
        assert first.listens_s() == pytest.approx(11.0)
        newer = drivers.new(replace(application, image=replace(IMAGE, layers={"base": 30 * MB, "app-2": MB})), "web 2")
        await newer.launch(spec(2))
        assert loop.time() == pytest.approx(9.0 + 3.1)  # on a new machine
        first.kill()
        await asyncio.sleep(0)
        await newer.launch(spec(3))
        assert loop.time() == pytest.approx(12.1 + 0.1)  # on the machine that the first one left, which has the base
        lines = [event.line for event in journal.events if isinstance(event, EventLogged)]
        assert lines == [
            "Instance 1: image ready on machine 1 after 9.00 s, 90.0 MB of 90.0 MB pulled.",
            "Instance 2: image ready on machine 2 after 3.10 s, 31.0 MB of 31.0 MB pulled.",
            "Instance 3: image ready on machine 1 after 100 ms, 1.00 MB of 31.0 MB pulled.",
        ]

    run_virtual(main)


def test_a_launch_that_is_cancelled_leaves_its_machine() -> None:
    async def main() -> None:
        driver = SimulatedDrivers(RandomStreams(1), Journal(), lambda: RUN_START).new(APPLICATION, "web")
        launch = asyncio.get_running_loop().create_task(driver.launch(spec(1)))
        await asyncio.sleep(1.0)
        launch.cancel()
        await asyncio.wait((launch,))
        await driver.launch(spec(2))
        assert asyncio.get_running_loop().time() == pytest.approx(9.0)  # the pull continued without it

    run_virtual(main)
