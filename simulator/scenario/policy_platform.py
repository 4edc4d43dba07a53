"""A service with the behaviour of its policy's platform: queue, balancing, probes and actuator.

Used in two places: a platform preset sets all of it (lab/compare/candidates.py); a policy chosen by name sets only what
the scenario file omits.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, assert_never

from simulator.model.text.units import duration_text
from simulator.rules.platforms.behaviour import PlatformBehaviour, behaviour_of
from simulator.rules.policies.port import Policy
from simulator.scenario.sections.distribution_spec import NOTHING, DistributionSpec
from simulator.scenario.sections.policy_spec import PolicySpec, policy_of, section_of
from simulator.scenario.sections.service_spec import (
    HealthCheckSpec,
    LoadBalancerSpec,
    OverflowSpec,
    ServiceSpec,
    load_balancer_spec,
)

_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


Change = OverflowSpec | DistributionSpec | HealthCheckSpec | LoadBalancerSpec | float | str
"""The value of a service's field that depends on the platform."""


def behaviour_changes(behaviour: PlatformBehaviour, start_s: float = 0.0) -> dict[str, Change]:
    """Return the fields of a service that a platform's behaviour sets, without its policy.

    `start_s`: the mean start of an instance of the service.
    """
    if behaviour.load_balancer is not None:
        return {"load_balancer": load_balancer_spec(behaviour.load_balancer)}
    changes: dict[str, Change] = {"overflow": overflow_spec(behaviour, start_s)}
    if behaviour.balancing is not None:
        changes["balancing"] = behaviour.balancing
    if behaviour.probe_interval_s is not None:
        changes["health_check_spec"] = HealthCheckSpec.model_validate(
            {"interval": f"{behaviour.probe_interval_s:g}s", "timeout": "1s"}
        )
    if behaviour.idle_after_s is not None:
        changes["idle_after_s"] = behaviour.idle_after_s
    if behaviour.marks_idle_only:
        changes["wake"] = NOTHING
    return changes


def policy_with_platform(service: ServiceSpec, policy: PolicySpec) -> dict[str, Any]:
    """Return the changes to a service for `policy` chosen by name: the policy, and the settings of its platform.

    Settings in the scenario file are kept, and so are all settings if the policy belongs to the same platform.
    """
    behaviour = behaviour_of(policy.name)
    if behaviour is None or behaviour_of(service.policy.name) == behaviour:
        return {"policy": policy}
    brought = behaviour_changes(behaviour, mean_start_s(service, policy))
    changes = {field: value for field, value in brought.items() if field not in service.model_fields_set}
    if "idle_after_s" in changes:
        policy = with_busy_and_idle(policy, service)
    return {"policy": policy, **changes}


def brought_text(service: ServiceSpec, changes: Mapping[str, Any]) -> str:
    """Describe the changes of `policy_with_platform` in a sentence; empty if only the policy changed."""
    policy: PolicySpec = changes["policy"]
    parts = [_field_text(field, changes[field]) for field in changes if field != "policy"]
    if not parts:
        return ""
    return (
        f"{policy.name} brings what belongs to its platform: {', '.join(parts)}; MaxConcurrency "
        f"{service.max_concurrency}, {service.min_size} to {service.max_size} instances and the start-up time stay the "
        "scenario's"
    )


def _field_text(field: str, value: Change) -> str:  # noqa: PLR0911 - one return per kind of value is the table
    """Describe a changed field of a service."""
    match value:
        case OverflowSpec(mode="queue"):
            return f"overflow queue for {duration_text(value.wait_s)}"
        case OverflowSpec():
            return f"overflow {value.mode}"
        case DistributionSpec():
            return "idle instances that answer at once"
        case LoadBalancerSpec():
            return "an Application Load Balancer"
        case HealthCheckSpec():
            return f"a health check each {duration_text(value.interval_s)}"
        case str():
            return f"{field.replace('_', ' ')} {value}"
        case float() | int():
            return f"{field.removesuffix('_s').replace('_', ' ')} {duration_text(value)}"
        case _:
            assert_never(value)


def preset_policy(
    service: ServiceSpec, behaviour: PlatformBehaviour, name: str, given: Mapping[str, Any] = _NOTHING
) -> PolicySpec:
    """Return the policy of a preset; `given` are parameters as in a scenario file."""
    section = section_of(name)
    assert section is not None, "the preset's policy is of the registry"
    policy = section.model_validate({"name": name, **given})
    return policy if behaviour.idle_after_s is None else with_busy_and_idle(policy, service)


def with_busy_and_idle(policy: PolicySpec, service: ServiceSpec) -> PolicySpec:
    """Return the same policy with an actuator that distinguishes busy and idle instances."""
    if policy.actuator(service.scaling).activates:
        return policy
    accepted, build = policy.kind.parameters, policy.kind.build

    def activating(parameters: Any, scaling: Any) -> Policy:
        made = build(parameters, scaling)
        made.actuator = dataclasses.replace(made.actuator, activates=True)
        return made

    given = policy.model_dump(by_alias=True, exclude={"name"}, exclude_unset=True)
    return policy_of(dataclasses.replace(policy.kind, load=lambda: (accepted, activating)), given)


def mean_start_s(service: ServiceSpec, policy: PolicySpec) -> float:
    """Return the mean time from the decision to start an instance until it listens. A real application counts as 0."""
    simulated = service.application.simulated
    own_s = 0.0 if simulated is None else simulated.start_up.distribution.mean
    return policy.actuator(service.scaling).start_lag_s + own_s


def overflow_spec(behaviour: PlatformBehaviour, start_s: float = 0.0) -> OverflowSpec:
    overflow = behaviour.overflow
    if not overflow.holds:
        return OverflowSpec()
    wait_s = max(overflow.wait_s, behaviour.queued_starts * start_s)
    return OverflowSpec.model_validate({"mode": "queue", "wait": f"{wait_s:g}s", "queue": overflow.queue})
