"""The properties of each kind of driver, which are all that the platform knows about the kind."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from simulator.assembly.drivers import driver_of
from simulator.edge.live.live_settings import LiveSettings
from simulator.fleet.applications import Application
from simulator.fleet.docker.config import DockerApplication
from simulator.fleet.pool.settings import PoolSettings
from simulator.fleet.ports import Driver
from simulator.fleet.process.environment import ProcessApplication
from simulator.fleet.simulated.application import DownstreamResource, DownstreamUse, SimulatedApplication
from simulator.fleet.simulated.downstream_driver import DownstreamDriver
from simulator.fleet.simulated.simulated_drivers import SimulatedDrivers
from simulator.model.times import RUN_START
from simulator.platform.revision import ServicePlan
from simulator.records.journal import Journal
from simulator.rules.policies.fixed import FixedParameters, FixedPolicy
from simulator.world.distributions import Constant
from simulator.world.random_streams import RandomStreams

PROCESS = ProcessApplication(("true",), {"A": "1"})
CONTAINER = DockerApplication("web", ("true",), {"A": "1"}, port=3000)


def made(application: Application, real_instances: int | None = None) -> Driver:
    settings = PoolSettings("web")
    policy = FixedPolicy(FixedParameters(), settings.scaling)
    return driver_of(
        ServicePlan(settings, policy, application, real_instances=real_instances),
        "web",
        streams=RandomStreams(1),
        on_line=lambda *_: None,
        live=LiveSettings(Path("/state")),
        simulated=SimulatedDrivers(RandomStreams(1), Journal(), lambda: RUN_START),
    )


async def facts(application: Application, real_instances: int | None = None) -> tuple[bool, ...]:
    driver = made(application, real_instances)
    expected = (
        driver.is_simulated,
        driver.takes_variables,
        driver.ejection_applies,
        driver.limits_in_force != "",
        driver.finished is not None,
        driver.has_fixed_port,
    )
    assert driver.cpu_used_s() == 0
    await driver.close()
    return expected


@pytest.mark.parametrize(
    ("application", "real_instances", "expected"),
    [
        (SimulatedApplication(), None, (True, False, False, False, False, False)),
        (PROCESS, None, (False, True, True, True, False, False)),
        (CONTAINER, None, (False, True, True, True, False, False)),
        (PROCESS, 2, (False, True, True, True, True, False)),
        (CONTAINER, 2, (False, True, True, True, True, False)),
    ],
)
def test_each_kind_describes_its_instances_and_needs(
    application: Application, real_instances: int | None, expected: tuple[bool, ...]
) -> None:
    assert asyncio.run(facts(application, real_instances)) == expected


@pytest.mark.parametrize("real_instances", [None, 1])
def test_a_container_has_its_own_loopback_and_a_process_has_none(real_instances: int | None) -> None:
    async def main() -> None:
        beside, inside = made(PROCESS, real_instances), made(CONTAINER, real_instances)
        assert beside.own_loopback is None
        assert inside.own_loopback is not None
        assert inside.own_loopback.taken == {3000}
        for driver in (beside, inside):
            await driver.close()

    asyncio.run(main())


@pytest.mark.parametrize(
    ("application", "expected"),
    [
        (SimulatedApplication(), SimulatedApplication()),
        (PROCESS, ProcessApplication(("sleep", "1"), {"A": "1", "B": "2"})),
        (CONTAINER, DockerApplication("web", ("sleep", "1"), {"A": "1", "B": "2"}, port=80)),
    ],
)
def test_an_application_takes_the_settings_of_its_service_as_its_kind_can(
    application: Application, expected: Application
) -> None:
    assert application.configured(("sleep", "1"), {"B": "2"}, 80) == expected


def test_without_a_start_command_an_application_keeps_its_own() -> None:
    assert PROCESS.configured((), {}, 80) == PROCESS
    assert CONTAINER.configured((), {}, 3000) == CONTAINER


def test_an_application_that_calls_resources_has_a_driver_of_its_own() -> None:
    async def main() -> Driver:
        use = DownstreamUse(DownstreamResource("db", 1, Constant(1.0)))
        return made(SimulatedApplication(downstream=(use,)))

    assert isinstance(asyncio.run(main()), DownstreamDriver)
