from __future__ import annotations

import asyncio

from simulator.fleet.simulated.application import DownstreamResource, DownstreamUse, SimulatedApplication
from simulator.fleet.simulated.downstream_driver import DownstreamDriver
from simulator.fleet.simulated.simulated_drivers import SimulatedDrivers
from simulator.model.times import RUN_START
from simulator.records.journal import Journal
from simulator.world.distributions import Constant
from simulator.world.random_streams import RandomStreams

DB = DownstreamResource("db", 1, Constant(1.0))


def test_drivers_of_several_services_share_their_resources() -> None:
    async def main() -> bool:
        drivers = SimulatedDrivers(RandomStreams(1), Journal(), lambda: RUN_START)
        one = drivers.new(SimulatedApplication(downstream=(DownstreamUse(DB),)), "one")
        two = drivers.new(SimulatedApplication(downstream=(DownstreamUse(DB, pool=3),)), "two")
        assert isinstance(one, DownstreamDriver)
        assert isinstance(two, DownstreamDriver)
        return one._resources.running(DB) is two._resources.running(DB)

    assert asyncio.run(main())


def test_an_application_without_resources_has_the_plain_driver() -> None:
    drivers = SimulatedDrivers(RandomStreams(1), Journal(), lambda: RUN_START)
    assert not isinstance(drivers.new(SimulatedApplication(), "web"), DownstreamDriver)
