"""Translates a scenario into the platform's input: plain values, and a new policy for each run."""

from __future__ import annotations

import dataclasses
from typing import Any

from simulator.fleet.credentials.secrets import SecretsPlace
from simulator.fleet.pool.settings import DEFAULT_PORT, PoolSettings
from simulator.fleet.process.throttling import Throttling
from simulator.platform.revision import ServicePlan
from simulator.replay.applications import application_of, further_application
from simulator.rules.admission import Overflow
from simulator.rules.policies.port import Policy
from simulator.scenario.scenario import ScenarioSpec
from simulator.scenario.sections.service_spec import ServiceSpec
from simulator.traffic.demand import demand, start_up_s
from simulator.traffic.policy_fit import sized_parameters
from simulator.world.clock import ClockKind


def service_plans(scenario: ScenarioSpec, clock: ClockKind) -> list[ServicePlan]:
    """Return one plan per service, in the order of the scenario file."""
    return [service_plan(scenario, name, clock) for name in scenario.services]


def service_plan(scenario: ScenarioSpec, name: str, clock: ClockKind) -> ServicePlan:
    """Return the plan of one service of a scenario."""
    spec = scenario.services[name]
    overflow, policy = spec.overflow, build_policy(scenario, name)
    settings = PoolSettings(
        service=name,
        size=spec.size,
        scaling=spec.scaling,
        health_check=spec.health_check,
        port=spec.application.container.port if spec.application.container is not None else DEFAULT_PORT,
        overflow=Overflow(overflow.wait_s, overflow.queue) if overflow.mode == "queue" else Overflow(),
        balancing=spec.balancing,
        request_timeout_s=spec.request_timeout_s,
        drain_timeout_s=spec.drain_timeout_s,
        stop_grace_s=spec.stop_grace_s,
        idle_after_s=spec.idle_s,
        route_after_s=spec.route_after_s,
        capacity=spec.capacity,
        lifetime=None if spec.instance_lifetime is None else spec.instance_lifetime.distribution,
        startup_probe_s=spec.startup_probe_s,
        initial_size=_ready_at_start(spec, policy),
    )
    if spec.load_balancer is not None:
        settings = settings.behind(spec.load_balancer.value)
    aws = scenario.aws
    return ServicePlan(
        settings,
        policy,
        application_of(spec.application, clock, spec.wake.distribution, spec.throttling),
        needs=spec.policy.needs,
        real_instances=spec.application.real_instances,
        further=further_application(spec.application, spec.wake.distribution, spec.throttling),
        throttling=Throttling(spec.throttling),
        secrets=spec.secrets,
        instance_role=spec.instance_role,
        deployment=spec.staged_deployment,
        secrets_from=SecretsPlace(aws.secrets_file, aws.endpoint, aws.region),
    )


def _ready_at_start(spec: ServiceSpec, policy: Policy) -> int:
    """Return the number of instances at the start. An oracle gets those that the first seconds need, unless the
    scenario sets the number.
    """
    needed: int | None = getattr(policy, "needed_at_start", None)
    if needed is not None and spec.initial_size is None:
        return min(max(needed, spec.min_size), spec.max_size)
    return spec.ready_at_start


def build_policy(scenario: ScenarioSpec, name: str) -> Policy:
    """Return a new policy of the service, as the scenario defines it."""
    spec = scenario.services[name]
    return spec.policy.kind.build(_parameters(scenario, name), spec.scaling)


def _parameters(scenario: ScenarioSpec, name: str) -> Any:
    """Return the policy's parameters. Those of an oracle include the demand of this run, and the start-up time."""
    spec = scenario.services[name]
    parameters = sized_parameters(spec)
    if hasattr(parameters, "idle_after_s"):
        parameters = dataclasses.replace(parameters, idle_after_s=spec.idle_s)
    if "demand" in spec.policy.needs:
        parameters = dataclasses.replace(parameters, demand=tuple(demand(scenario, name).tolist()))
        if "start_up_s" not in spec.policy.model_fields_set:
            parameters = dataclasses.replace(parameters, start_up_s=start_up_s(scenario, name))
    return parameters
