"""From a scenario to what the platform is asked for: plain values, a fresh policy for every run."""

from __future__ import annotations

import dataclasses
from typing import Any

from simulator.assembly import Application, ProcessApplication, ServicePlan
from simulator.fleet.application import SimulatedApplication
from simulator.fleet.settings import PoolSettings
from simulator.replay.application_spec import SimulatedSpec
from simulator.replay.scenario import Scenario
from simulator.replay.service_spec import ServiceSpec
from simulator.rules.admission import Overflow
from simulator.world.clock import ClockKind


def service_plans(scenario: Scenario, clock: ClockKind) -> list[ServicePlan]:
    """One plan a service, in the file's order."""
    return [_service_plan(name, spec, clock) for name, spec in scenario.services.items()]


def _service_plan(name: str, spec: ServiceSpec, clock: ClockKind) -> ServicePlan:
    overflow = spec.overflow
    settings = PoolSettings(
        service=name,
        size=spec.size,
        scaling=spec.scaling,
        health_check=spec.health_check,
        overflow=Overflow(overflow.wait_s, overflow.queue) if overflow.mode == "hold" else Overflow(),
        balancing=spec.balancing,
        request_timeout_s=spec.request_timeout_s,
        drain_timeout_s=spec.drain_timeout_s,
        stop_grace_s=spec.stop_grace_s,
        idle_after_s=spec.idle_after_s,
        initial_size=spec.ready_at_start,
    )
    policy = spec.policy.kind.build(_parameters(spec), spec.scaling)
    return ServicePlan(settings, policy, _application(spec, clock), needs=spec.policy.needs)


def _parameters(spec: ServiceSpec) -> Any:
    """The policy's parameters; utilisation is a share of the instance's own vCPUs unless the file says otherwise."""
    parameters = spec.policy.parameters
    if hasattr(parameters, "vcpus") and "vcpus" not in spec.policy.model_fields_set:
        return dataclasses.replace(parameters, vcpus=spec.size.vcpu)
    return parameters


def _application(spec: ServiceSpec, clock: ClockKind) -> Application:
    """Real time prefers what is real; `Scenario.require` has seen to it that there is something."""
    told = spec.application
    if told.process is not None and (clock is ClockKind.REAL or told.simulated is None):
        return ProcessApplication(told.process.arguments, told.process.environment, told.process.working_directory)
    assert told.simulated is not None
    return _simulated(told.simulated, spec.wake_s)


def _simulated(spec: SimulatedSpec, wake_s: float) -> SimulatedApplication:
    return SimulatedApplication(
        start_up=spec.start_up.law,
        cpu=spec.cpu.law,
        io=spec.io.law,
        workers=spec.workers,
        failure_share=spec.failure_share,
        wake_s=wake_s,
    )
