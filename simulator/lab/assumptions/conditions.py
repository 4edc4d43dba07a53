"""Conditions under which a service or a scenario depends on an assumption."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from simulator.rules.policies.registry import POLICIES
from simulator.scenario.scenario import ScenarioSpec
from simulator.scenario.sections.service_spec import ServiceSpec

Applies = Callable[[ServiceSpec], bool]
Matters = Callable[[ScenarioSpec], bool]

# Policies that run on App Runner's pool, balancer and probes: its own, and those that belong to no other platform.
_ON_APP_RUNNER: Final = frozenset({"app-runner", "fixed", "scheduled", "holt-winters", "mpc", "oracle"})


def with_policy(*names: str) -> Applies:
    """Return the condition that the service's policy is one of `names`."""
    return lambda service: service.policy.name in names


def with_metric(name: str, metric: str) -> Applies:
    """Return the condition that the policy is `name`, acts on `metric` and has no target of its own."""
    return lambda service: (
        service.policy.name == name
        and getattr(service.policy, "metric", None) == metric
        and getattr(service.policy, "target", None) is None
    )


def on_app_runner(service: ServiceSpec) -> bool:
    """Return True if the service's platform is App Runner: a user's own policy runs on it too."""
    return service.policy.name in _ON_APP_RUNNER or service.policy.name not in POLICIES


def scales_on_app_runner(service: ServiceSpec) -> bool:
    return on_app_runner(service) and service.policy.name != "fixed" and service.max_size > service.min_size


def distinguishes_idle(service: ServiceSpec) -> bool:
    """Return True if instances become idle without requests, and are activated by one."""
    return service.policy.name == "app-runner"


def ignores_sigterm(service: ServiceSpec) -> bool:
    simulated = service.application.simulated
    return simulated is not None and simulated.failures is not None and simulated.failures.ignores_sigterm


def any_service(applies: Applies) -> Matters:
    """Return the condition that it applies to at least one service."""
    return lambda scenario: any(applies(service) for service in scenario.services.values())


def instances_crash(scenario: ScenarioSpec) -> bool:
    """Return True if the scenario lets instances crash or fail."""
    failing = any(
        service.application.simulated is not None and service.application.simulated.failures is not None
        for service in scenario.services.values()
    )
    return failing or any(event.kill_instance is not None for event in scenario.timeline)


def loses_zones(scenario: ScenarioSpec) -> bool:
    """Return True if a zone is lost and returns."""
    return any(event.zone_loss is not None and event.zone_loss.for_s is not None for event in scenario.timeline)


def deploys(scenario: ScenarioSpec) -> bool:
    return any(event.deploy is not None for event in scenario.timeline)


def has_downstream(scenario: ScenarioSpec) -> bool:
    return any(service.application.downstream for service in scenario.services.values())


def has_background_work(scenario: ScenarioSpec) -> bool:
    return any(
        service.application.simulated is not None and service.application.simulated.background
        for service in scenario.services.values()
    )


def has_backlog(scenario: ScenarioSpec) -> bool:
    applications = (service.application.simulated for service in scenario.services.values())
    return any(application is not None and application.backlog is not None for application in applications)


def has_image(scenario: ScenarioSpec) -> bool:
    return any(
        service.application.simulated is not None and service.application.simulated.image is not None
        for service in scenario.services.values()
    )


def has_lifetimes(scenario: ScenarioSpec) -> bool:
    return any(service.instance_lifetime is not None for service in scenario.services.values())


def behind_load_balancer(scenario: ScenarioSpec) -> bool:
    return any(service.load_balancer is not None for service in scenario.services.values())


def has_slow_start(scenario: ScenarioSpec) -> bool:
    return any(
        service.load_balancer is not None and service.load_balancer.slow_start_s > 0
        for service in scenario.services.values()
    )


def has_web_acl(scenario: ScenarioSpec) -> bool:
    return any(service.web_acl is not None for service in scenario.services.values())
