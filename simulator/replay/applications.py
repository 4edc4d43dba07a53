"""Translates the application section of a scenario file to the platform's `Application`. This module is separate from
service_plans.py because `serve` needs only it, and importing policies takes half a second.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, assert_never

from simulator.fleet.applications import Application
from simulator.fleet.process.throttling import Throttling
from simulator.fleet.simulated.application import (
    WAKE,
    BackgroundWork,
    DownstreamResource,
    DownstreamUse,
    Failures,
    PathWork,
    SimulatedApplication,
)
from simulator.model.instance import IDLE_VCPU
from simulator.rules.stations.cpu_quota import CpuQuota
from simulator.scenario.sections.application_spec import (
    ApplicationSpec,
    ContainerSpec,
    ProcessSpec,
    RunningSpec,
    SourceCodeSpec,
)
from simulator.scenario.sections.downstream_spec import DownstreamSpec
from simulator.scenario.sections.simulated.simulated_spec import PathSpec, SimulatedSpec
from simulator.world.clock import ClockKind
from simulator.world.distributions import Distribution

_IDLE_VCPU: Final[Mapping[Throttling, float | None]] = MappingProxyType(
    {Throttling.NONE: None, Throttling.SHARE: IDLE_VCPU, Throttling.FREEZE: 0.0}
)


def application_of(
    given: ApplicationSpec, clock: ClockKind, wake: Distribution = WAKE, throttling: str = Throttling.SHARE
) -> Application:
    """Return the application to run. In real time a real application has precedence; `Scenario.require` has checked
    that there is one.

    Raises:
        ValueError: if the application must be built first (source_builds.py).
    """
    simulated = simulated_part(given, clock)
    if simulated is not None:
        return simulated_application(simulated, wake, given.downstream, throttling)
    real = given.real
    assert real is not None
    match real:
        case ProcessSpec():
            from simulator.fleet.process.environment import ProcessApplication  # noqa: PLC0415 for real instances

            return ProcessApplication(real.arguments, real.environment, real.working_directory, real.set_up)
        case ContainerSpec():
            from simulator.fleet.docker.config import DockerApplication  # noqa: PLC0415 for real instances

            return DockerApplication(real.image, real.command, real.environment, real.port, real.egress)
        case RunningSpec():
            from simulator.fleet.running.running_application import RunningApplication  # noqa: PLC0415 as above
            from simulator.model.local_server import local_server  # noqa: PLC0415

            return RunningApplication(local_server(real.url))
        case SourceCodeSpec():
            msg = f"source_code = {real.folder}, must be left out where source code is not built"
            raise ValueError(msg)
        case _:
            assert_never(real)


def simulated_part(given: ApplicationSpec, clock: ClockKind) -> SimulatedSpec | None:
    """Return the simulated application if it is the one to run on this clock, otherwise None."""
    return None if clock is ClockKind.REAL and given.is_real else given.simulated


def further_application(given: ApplicationSpec, wake: Distribution, throttling: str) -> SimulatedApplication | None:
    """Return what the instances beyond the real ones run; None if they sample from measurements of the real ones."""
    if given.real_instances is None or given.simulated is None or not given.further_are_simulated:
        return None
    return simulated_application(given.simulated, wake, given.downstream, throttling)


def _path_work(path: str, given: PathSpec, spec: SimulatedSpec) -> PathWork:
    return PathWork(
        path,
        (given.cpu or spec.cpu).distribution,
        (given.io or spec.io).distribution,
        spec.cpu_per_mb_s if given.cpu_per_mb_s is None else given.cpu_per_mb_s,
        spec.io_per_mb_s if given.io_per_mb_s is None else given.io_per_mb_s,
    )


def simulated_application(
    spec: SimulatedSpec,
    wake: Distribution,
    downstream: Mapping[str, DownstreamSpec] = MappingProxyType({}),
    throttling: str = Throttling.SHARE,
) -> SimulatedApplication:
    """Return the simulated application that a scenario describes."""
    return SimulatedApplication(
        start_up=spec.start_up.distribution,
        start_up_cpu=spec.start_up_cpu.distribution,
        cpu=spec.cpu.distribution,
        io=spec.io.distribution,
        workers=spec.workers,
        backlog=spec.backlog,
        failure_share=spec.failure_share,
        failures=_failures(spec),
        wake=wake,
        cpu_per_mb_s=spec.cpu_per_mb_s,
        io_per_mb_s=spec.io_per_mb_s,
        paths=tuple(_path_work(path, given, spec) for path, given in sorted(spec.paths.items())),
        downstream=tuple(_downstream_use(name, given) for name, given in downstream.items()),
        image=None if spec.image is None else spec.image.image,
        cpu_quota=None if spec.cpu_quota is None else CpuQuota(**spec.cpu_quota.model_dump()),
        cpu_use=spec.cpu_use,
        background=tuple(
            BackgroundWork(name, given.cpu.distribution, given.every_s, given.after_requests)
            for name, given in spec.background.items()
        ),
        idle_vcpu=_IDLE_VCPU[Throttling(throttling)],
    )


def _failures(spec: SimulatedSpec) -> Failures | None:
    """Return how the application fails; an application whose memory is given can run out of it."""
    if spec.failures is None and spec.memory is None:
        return None
    given = {} if spec.failures is None else spec.failures.model_dump()
    at_rest_bytes, request_bytes = spec.memory_use
    return Failures(**{**given, "memory_bytes": at_rest_bytes, "request_memory_bytes": request_bytes})


def downstream_resource(name: str, given: DownstreamSpec) -> DownstreamResource:
    """Return the resource that the section defines."""
    return DownstreamResource(
        name,
        given.connections,
        given.service.distribution,
        given.connect.distribution,
        given.on_full,
        given.queue,
        given.wait_s or 0.0,
        given.contention,
        given.coherency,
        given.server_idle_timeout_s,
    )


def _downstream_use(name: str, given: DownstreamSpec) -> DownstreamUse:
    return DownstreamUse(
        downstream_resource(name, given),
        pool=given.pool,
        min_idle=given.min_idle,
        idle_timeout_s=given.idle_timeout_s,
        max_lifetime_s=given.max_lifetime_s,
        timeout_s=given.timeout_s,
        retries=given.retries,
        backoff_s=given.backoff_s,
        share=given.share,
        paths=given.only_paths,
        calls=given.calls,
    )
