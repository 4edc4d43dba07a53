"""A service with the behaviour of its policy's platform: queue, balancing, probes and actuator.

Used in three places: a platform preset sets all of it (lab/compare/candidates.py); a policy chosen by name, and the key
`platform` of a service, set only what the scenario file omits.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final, assert_never

from simulator.model.sizes import InstanceSize
from simulator.model.text.units import duration_text
from simulator.rules.platforms.behaviour import PlatformBehaviour, behaviour_of, preset_behaviour
from simulator.rules.platforms.preset import PlatformPreset
from simulator.rules.platforms.presets import PLATFORMS, platform_named
from simulator.rules.platforms.sizing.sizes import CpuThrottling, OfferedSize
from simulator.scenario.sections.application_spec import ApplicationSpec
from simulator.scenario.sections.distribution_spec import NOTHING, DistributionSpec
from simulator.scenario.sections.origin_spec import DeploymentSpec
from simulator.scenario.sections.policy_spec import PolicySpec, activating_policy, section_of
from simulator.scenario.sections.service_spec import (
    HealthCheckSpec,
    LoadBalancerSpec,
    OverflowSpec,
    ServiceSpec,
    load_balancer_spec,
)
from simulator.scenario.sections.simulated.simulated_spec import CpuQuotaSpec

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
    service: ServiceSpec,
    behaviour: PlatformBehaviour,
    name: str,
    given: Mapping[str, Any] = _NOTHING,
    own: Mapping[str, Any] = _NOTHING,
) -> PolicySpec:
    """Return the policy of a preset; `given` are parameters as in a scenario file.

    `own`: fields of the same policy that the scenario sets, in place of those given; their values are already parsed.
    """
    section = section_of(name)
    assert section is not None, "the preset's policy is of the registry"
    policy = section.model_validate({"name": name, **given}).model_copy(update=dict(own))
    return policy if behaviour.idle_after_s is None else with_busy_and_idle(policy, service)


def with_busy_and_idle(policy: PolicySpec, service: ServiceSpec) -> PolicySpec:
    """Return the same policy with an actuator that distinguishes busy and idle instances."""
    if policy.actuator(service.scaling).activates:
        return policy
    return activating_policy(policy)


def mean_start_s(service: ServiceSpec, policy: PolicySpec) -> float:
    """Return the mean time from the decision to start an instance until it listens. A real application counts as 0."""
    simulated = service.application.simulated
    own_s = 0.0
    if simulated is not None:
        cpu_s = simulated.start_up_cpu.distribution.mean
        own_s = simulated.start_up.distribution.mean + cpu_s / min(1.0, service.size.vcpu)
    return policy.actuator(service.scaling).start_lag_s + own_s


def overflow_spec(behaviour: PlatformBehaviour, start_s: float = 0.0) -> OverflowSpec:
    overflow = behaviour.overflow
    if not overflow.holds:
        return OverflowSpec()
    wait_s = max(overflow.wait_s, behaviour.queued_starts * start_s)
    return OverflowSpec.model_validate({"mode": "queue", "wait": f"{wait_s:g}s", "queue": overflow.queue})


def platform_changes(service: ServiceSpec, preset: PlatformPreset) -> dict[str, Any]:
    """Return the changes to a service that runs on a platform: its limits, start of instances, nearest size, policy."""
    max_concurrency = preset.max_concurrency or service.max_concurrency
    places = service.max_size * service.max_concurrency
    max_size = service.max_size if max_concurrency >= service.max_concurrency else -(-places // max_concurrency)
    max_size = min(max_size, preset.max_size or max_size)
    behaviour = preset_behaviour(preset)
    offered = preset.sizes.nearest(service.size, max_concurrency)
    size = offered.size
    policy = preset_policy(service, behaviour, preset.policy, preset.parameters, _replaced(service, preset))
    return {
        "platform": preset.name,
        "load_balancer": None,
        "deployment": DeploymentSpec.model_validate(dict(preset.deployment)),
        **behaviour_changes(behaviour, mean_start_s(service, policy)),
        "cpu_units": size.cpu_units,
        "memory_mb": size.memory_mb,
        "policy": policy,
        "max_concurrency": max_concurrency,
        "max_size": max_size,
        "min_size": min(preset.min_size, max_size),
        "initial_size": None if service.initial_size is None else min(service.initial_size, max_size),
        "startup_probe_s": None,  # the platform checks a start in its own way
        "request_timeout_s": preset.request_timeout_s or service.request_timeout_s,
        "drain_timeout_s": preset.drain_timeout_s or service.drain_timeout_s,
        "stop_grace_s": service.stop_grace_s if preset.stop_grace_s is None else preset.stop_grace_s,
        "application": _throttled(service.application, offered, max_concurrency, preset.throttling),
    }


def _throttled(
    application: ApplicationSpec, offered: OfferedSize, max_concurrency: int, throttling: CpuThrottling | None
) -> ApplicationSpec:
    """Return the application with a CPU quota if the platform gives the size by one. The scenario's own quota stays."""
    simulated = application.simulated
    binds = throttling is not None and throttling.binds(offered.size.vcpu, max_concurrency)
    if not binds or simulated is None or simulated.cpu_quota is not None:
        return application
    assert throttling is not None, "it binds"
    quota = {"period": f"{throttling.period_s:g}s", "cores": offered.cores or throttling.cores}
    limited = simulated.model_copy(update={"cpu_quota": CpuQuotaSpec.model_validate(quota)})
    return application.model_copy(update={"simulated": limited})


def _replaced(service: ServiceSpec, preset: PlatformPreset) -> dict[str, Any]:
    """Return the fields that the scenario sets for the preset's policy, of those that the preset sets as well."""
    if service.policy.name != preset.policy:
        return {}
    fields = type(service.policy).model_fields
    return {
        name: value
        for name, value in _fields_set(service.policy).items()
        if (fields[name].alias or name) in preset.parameters
    }


def _fields_set(policy: PolicySpec) -> dict[str, Any]:
    """Return the fields of a policy that the scenario sets, with their parsed values."""
    return {name: getattr(policy, name) for name in policy.model_fields_set if name != "name"}


def asked_size(cpu_units: int | None, memory_mb: int | None) -> InstanceSize:
    """Return the size that a file asks a platform for. None: not given.

    If only one of the two is given, the other is the least that the platform offers with it; if none is, App Runner's
    default applies.
    """
    if cpu_units is None and memory_mb is None:
        return InstanceSize()
    return InstanceSize(cpu_units or 1, memory_mb or 1)


def beyond_sizes(platform: str, cpu: int | None = None, memory: int | None = None) -> Iterator[tuple[str, str]]:
    """Yield the key whose value exceeds all sizes of a platform, and what it must be. An unknown platform has none."""
    if platform not in PLATFORMS:
        return
    asked = asked_size(cpu, memory)
    offered = PLATFORMS[platform].sizes.nearest(asked)
    if offered.is_smaller:
        beyond = cpu is not None and (memory is None or cpu > offered.size.cpu_units)
        yield "cpu" if beyond else "memory", f"within the largest size of {platform}: {offered}"


def on_own_platforms(services: Mapping[str, ServiceSpec]) -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
    """Return, by service, what its key `platform` sets, and a note about what it does not change.

    It sets the platform's values of all fields that the file omits.
    """
    own = {label: service for label, service in services.items() if service.platform is not None}
    changes = {label: _own_changes(service, platform_named(service.platform or "")) for label, service in own.items()}
    return changes, {label: _own_platform_text(service, changes[label]) for label, service in own.items()}


def _own_changes(service: ServiceSpec, preset: PlatformPreset) -> dict[str, Any]:
    given, behaviour = service.model_fields_set, preset_behaviour(preset)
    asked = _asked(service)
    sized = service.model_copy(update={"cpu_units": asked.cpu_units, "memory_mb": asked.memory_mb})
    changes = platform_changes(sized, preset)
    changes["max_size"] = max(changes["min_size"], preset.max_size_default or changes["max_size"])
    if service.policy.name == preset.policy or "policy" not in given:
        same = "policy" in given
        own = _fields_set(service.policy) if same else {}
        changes["policy"] = preset_policy(service, behaviour, preset.policy, preset.parameters, own)
        given = given - {"policy"}
    # The application gets the CPU quota of the platform, the instances a size that it offers.
    of_file = given - {"application", "platform", "cpu_units", "memory_mb"}
    return {field: value for field, value in changes.items() if field not in of_file}


def _asked(service: ServiceSpec) -> InstanceSize:
    given = service.model_fields_set
    return asked_size(
        service.cpu_units if "cpu_units" in given else None, service.memory_mb if "memory_mb" in given else None
    )


def _own_size_text(service: ServiceSpec, changes: Mapping[str, Any]) -> str:
    """Describe the size that the platform takes if it is not what the file asks for; empty if it is."""
    preset, given = platform_named(service.platform or ""), service.model_fields_set
    asked = _asked(service)
    taken = preset.sizes.nearest(asked, changes.get("max_concurrency", service.max_concurrency))
    if {"cpu_units", "memory_mb"} <= given or not {"cpu_units", "memory_mb"} & given:
        if taken.size == asked:
            return ""
        from simulator.rules.platforms.size_changes.moved_size import MovedSize  # noqa: PLC0415 few services need it

        return f"; size of {preset.name}: {MovedSize(asked, taken, preset.prices)}"
    if taken.size.cpu_units == asked.cpu_units or taken.size.memory_mb == asked.memory_mb:
        return ""
    return f"; size of {preset.name}: {taken}, the smallest that has what the file asks for"


def _own_platform_text(service: ServiceSpec, changes: Mapping[str, Any]) -> str:
    """Describe the size that the key `platform` of a service brings, and what it does not change."""
    return (
        f"the service has the defaults of the platform {service.platform} where the file sets nothing; the bill of the "
        f"run has App Runner's prices: `compare --platform {service.platform}` has those of the platform"
        f"{_own_size_text(service, changes)}"
    )
