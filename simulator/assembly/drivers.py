"""Selects the driver for an application. Outside of the fleet, only this module refers to the drivers."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, assert_never

from simulator.fleet.ports import Driver, OnLine
from simulator.fleet.process.throttling import Throttling
from simulator.fleet.simulated.application import SimulatedApplication
from simulator.fleet.simulated.simulated_drivers import SimulatedDrivers
from simulator.world.random_streams import RandomStreams

if TYPE_CHECKING:
    from simulator.edge.live.live_settings import LiveSettings
    from simulator.fleet.process.settings import ProcessSettings
    from simulator.platform.revision import ServicePlan


def driver_of(
    plan: ServicePlan,
    service: str,
    *,
    streams: RandomStreams,
    live: LiveSettings | None,
    on_line: OnLine,
    simulated: SimulatedDrivers,
) -> Driver:
    """Return the driver for the plan's kind of application.

    `live`: limits of connections to instances, container engine, and folder that instances must not see; None: the
    default limits and engine, no folder. `service`: name of the revision's random streams.
    """
    application, rules, throttling = plan.application, plan.egress_rules, plan.throttling
    if isinstance(application, SimulatedApplication):
        return simulated.new(application, service)
    # imported here because most runs are simulated and do not need them
    from simulator.fleet.docker.config import DockerApplication, DockerSettings  # noqa: PLC0415
    from simulator.fleet.docker.driver import DockerDriver  # noqa: PLC0415
    from simulator.fleet.docker.engine_address import DEFAULT_HOST  # noqa: PLC0415
    from simulator.fleet.http.backend import HttpService  # noqa: PLC0415
    from simulator.fleet.mixed import MixedDriver  # noqa: PLC0415
    from simulator.fleet.process.driver import ProcessDriver  # noqa: PLC0415
    from simulator.fleet.process.environment import ProcessApplication  # noqa: PLC0415
    from simulator.fleet.running.driver import RunningDriver  # noqa: PLC0415
    from simulator.fleet.running.running_application import RunningApplication  # noqa: PLC0415
    from simulator.model.data_plane import DataPlaneLimits  # noqa: PLC0415

    serve = partial(HttpService, limits=DataPlaneLimits() if live is None else live.limits)
    driver: Driver
    match application:
        case ProcessApplication():
            settings = _process_settings(throttling, None if live is None else live.state)
            driver = ProcessDriver(application, serve, on_line, settings, rules)
        case DockerApplication():
            engine = DEFAULT_HOST if live is None else live.engine
            driver = DockerDriver(application, serve, on_line, DockerSettings(throttling, host=engine), rules)
        case RunningApplication():
            driver = RunningDriver(application, serve)
        case _:
            assert_never(application)
    if plan.real_instances is None:
        return driver
    model = None if plan.further is None else simulated.new(plan.further, service)
    random = streams.stream("service", service, "mixed").random
    return MixedDriver(driver, plan.real_instances, random, simulated.journal, model)


def _process_settings(throttling: Throttling, state: Path | None) -> ProcessSettings:
    from simulator.fleet.process.settings import ProcessSettings  # noqa: PLC0415

    if state is None:
        return ProcessSettings(throttling)
    from simulator.wire.ca import ROOT_NAME  # noqa: PLC0415 cryptography, for TLS only

    # An instance may call the URL of another service, so it needs the local authority's root certificate.
    return ProcessSettings(throttling, hidden=(state,), shown=(state / "ca" / ROOT_NAME,))
