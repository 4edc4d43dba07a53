"""The application section of a scenario file, translated to the platform's `Application`.

This module is separate from plans because starting a server does not need scenarios, whose policies take half a second
to import.
"""

from __future__ import annotations

from typing import assert_never

from simulator.fleet.applications import Application
from simulator.fleet.simulated.application import Failures, PathWork, SimulatedApplication
from simulator.scenario.sections.application_spec import (
    ApplicationSpec,
    ContainerSpec,
    PathSpec,
    ProcessSpec,
    SimulatedSpec,
    SourceCodeSpec,
)
from simulator.world.clock import ClockKind


def application_of(given: ApplicationSpec, clock: ClockKind, wake_s: float = 0.0) -> Application:
    """Return the application to run. In real time a real application is preferred; `Scenario.require` has checked that
    one exists.

    Raises:
        ValueError: if the application must be built first (source_builds.py).
    """
    simulated = simulated_part(given, clock)
    if simulated is not None:
        return simulated_application(simulated, wake_s)
    real = given.real
    assert real is not None
    match real:
        case ProcessSpec():
            from simulator.fleet.process.environment import ProcessApplication  # noqa: PLC0415 for real instances

            return ProcessApplication(real.arguments, real.environment, real.working_directory)
        case ContainerSpec():
            from simulator.fleet.docker.config import DockerApplication  # noqa: PLC0415 for real instances

            return DockerApplication(real.image, real.command, real.environment, real.port, real.egress)
        case SourceCodeSpec():
            msg = f"source_code = {real.folder}, must be left out where source code is not built"
            raise ValueError(msg)
        case _:
            assert_never(real)


def simulated_part(given: ApplicationSpec, clock: ClockKind) -> SimulatedSpec | None:
    """Return the simulated application if it is the one to run, else None."""
    return None if clock is ClockKind.REAL and given.is_real else given.simulated


def _path_work(path: str, given: PathSpec, spec: SimulatedSpec) -> PathWork:
    return PathWork(
        path,
        (given.cpu or spec.cpu).distribution,
        (given.io or spec.io).distribution,
        spec.cpu_per_mb_s if given.cpu_per_mb_s is None else given.cpu_per_mb_s,
        spec.io_per_mb_s if given.io_per_mb_s is None else given.io_per_mb_s,
    )


def simulated_application(spec: SimulatedSpec, wake_s: float) -> SimulatedApplication:
    return SimulatedApplication(
        start_up=spec.start_up.distribution,
        cpu=spec.cpu.distribution,
        io=spec.io.distribution,
        workers=spec.workers,
        failure_share=spec.failure_share,
        failures=Failures(**spec.failures.model_dump()) if spec.failures is not None else None,
        wake_s=wake_s,
        cpu_per_mb_s=spec.cpu_per_mb_s,
        io_per_mb_s=spec.io_per_mb_s,
        paths=tuple(_path_work(path, given, spec) for path, given in sorted(spec.paths.items())),
    )
