"""The choice of the driver for an application: the only module that names concrete drivers."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from simulator.fleet.docker.backend import ContainerBackend
from simulator.fleet.docker.config import DockerApplication, DockerSettings
from simulator.fleet.docker.driver import DockerDriver
from simulator.fleet.http.backend import HttpService
from simulator.fleet.mixed import MixedDriver, real_of
from simulator.fleet.ports import Backend, Driver, Exchange
from simulator.fleet.process.backend import ProcessBackend, Throttling
from simulator.fleet.process.driver import OnLine, ProcessDriver
from simulator.fleet.process.environment import ProcessApplication
from simulator.fleet.process.settings import ProcessSettings
from simulator.fleet.simulated.application import SimulatedApplication
from simulator.fleet.simulated.driver import SimulatedDriver
from simulator.model.data_plane import DataPlaneLimits
from simulator.world.random_streams import RandomStreams

Application = SimulatedApplication | ProcessApplication | DockerApplication
RealDriver = ProcessDriver | DockerDriver


def driver_of(
    application: Application,
    service: str,
    *,
    throttling: Throttling,
    streams: RandomStreams,
    limits: DataPlaneLimits,
    on_line: OnLine,
    engine: str,
    state: Path | None,
    real_instances: int | None = None,
) -> tuple[SimulatedDriver | MixedDriver | RealDriver, Callable[[Exchange], None]]:
    """Return the driver for the application's kind, and a function that samples a simulated request's work on arrival.

    `engine`: the address of the container engine. `state`: the folder that instances must not see. Instances of a real
    application beyond `real_instances` are simulated; None: all are real.
    """
    if isinstance(application, SimulatedApplication):
        simulated = SimulatedDriver(application, streams, service)
        return simulated, simulated.work.draw
    real = _real_driver(application, throttling, limits, on_line, engine, state)
    if real_instances is None:
        return real, _no_draw
    return MixedDriver(real, real_instances, streams.stream("service", service, "mixed").random), _no_draw


def _real_driver(
    application: ProcessApplication | DockerApplication,
    throttling: Throttling,
    limits: DataPlaneLimits,
    on_line: OnLine,
    engine: str,
    state: Path | None,
) -> RealDriver:
    serve = partial(HttpService, limits=limits)
    if isinstance(application, ProcessApplication):
        from simulator.wire.ca import ROOT_NAME  # noqa: PLC0415 cryptography, for TLS only

        # An instance may call the URL of another service, so it needs the root certificate of the local authority.
        hidden, shown = ((state,), (state / "ca" / ROOT_NAME,)) if state is not None else ((), ())
        return ProcessDriver(application, serve, on_line, ProcessSettings(throttling, hidden=hidden, shown=shown))
    return DockerDriver(application, serve, on_line, DockerSettings(throttling, host=engine))


def explained(backend: Backend) -> str:
    """Return the externally visible reason why requests do not reach an instance; empty if there is none."""
    real = real_of(backend)
    return real.explain() if isinstance(real, ProcessBackend | ContainerBackend) else ""


def has_fixed_port(driver: Driver) -> bool:
    """True if an instance occupies the service's own port on this machine, so that only one can run."""
    real = driver.real if isinstance(driver, MixedDriver) else driver
    return isinstance(real, ProcessDriver) and real.has_fixed_port


def _no_draw(_: Exchange) -> None:
    """Sample nothing: a real instance determines its own work."""
