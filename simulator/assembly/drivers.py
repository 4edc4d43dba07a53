"""Selects the driver for an application. Outside of the fleet, only this module refers to the drivers."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, assert_never

from simulator.fleet.applications import Application
from simulator.fleet.ports import Driver, OnLine
from simulator.fleet.process.throttling import Throttling
from simulator.fleet.simulated.application import SimulatedApplication
from simulator.fleet.simulated.simulated_drivers import SimulatedDrivers
from simulator.world.random_streams import RandomStreams

if TYPE_CHECKING:
    from simulator.edge.live.live_settings import LiveSettings
    from simulator.fleet.network.egress_rules import EgressRules
    from simulator.fleet.process.settings import ProcessSettings


def driver_of(
    application: Application,
    service: str,
    *,
    throttling: Throttling,
    streams: RandomStreams,
    live: LiveSettings | None,
    on_line: OnLine,
    simulated: SimulatedDrivers,
    real_instances: int | None = None,
    egress_rules: EgressRules | None = None,
) -> Driver:
    """Return the driver for the kind of application.

    `live`: limits of connections to instances, container engine, and folder that instances must not see; None: the
    default limits and engine, no folder. `real_instances`: instances beyond this number are simulated; None: all are
    real. `egress_rules`: what real instances may reach.
    """
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
    from simulator.model.data_plane import DataPlaneLimits  # noqa: PLC0415

    serve = partial(HttpService, limits=DataPlaneLimits() if live is None else live.limits)
    driver: Driver
    match application:
        case ProcessApplication():
            settings = _process_settings(throttling, None if live is None else live.state)
            driver = ProcessDriver(application, serve, on_line, settings, egress_rules)
        case DockerApplication():
            engine = DEFAULT_HOST if live is None else live.engine
            driver = DockerDriver(application, serve, on_line, DockerSettings(throttling, host=engine), egress_rules)
        case _:
            assert_never(application)
    if real_instances is None:
        return driver
    return MixedDriver(driver, real_instances, streams.stream("service", service, "mixed").random, simulated.journal)


def _process_settings(throttling: Throttling, state: Path | None) -> ProcessSettings:
    from simulator.fleet.process.settings import ProcessSettings  # noqa: PLC0415

    if state is None:
        return ProcessSettings(throttling)
    from simulator.wire.ca import ROOT_NAME  # noqa: PLC0415 cryptography, for TLS only

    # An instance may call the URL of another service, so it needs the local authority's root certificate.
    return ProcessSettings(throttling, hidden=(state,), shown=(state / "ca" / ROOT_NAME,))
