"""What changes between two versions of a scenario's service, and the platform that its new settings belong to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from simulator.model.scaling import AutoScalingConfiguration
from simulator.model.text.units import duration_text
from simulator.rules.platforms.behaviour import behaviour_of
from simulator.scenario.sections.base_model import key_of
from simulator.scenario.sections.policy_spec import PolicySpec
from simulator.scenario.sections.service_spec import ServiceSpec

APP_RUNNER: Final = "app-runner"
MIN_SIZE_MAX: Final = 25  # facts 1.6: the largest MinSize
KUBERNETES: Final = "kubernetes"  # no preset: the policies of a cluster, whose load balancer is the user's choice

# Policies that belong to a platform of another name, without a preset (rules/platforms/behaviour.py has the others).
_PLATFORM_OF: Final[Mapping[str, str]] = MappingProxyType(
    {
        "hpa": KUBERNETES,
        "keda": KUBERNETES,
        "keda-http": KUBERNETES,
        "target-tracking": "ecs-fargate",
        "step-scaling": "ecs-fargate",
        "lambda-provisioned": "lambda",
    }
)
# What a sentence names by itself, or what follows from it.
_NAMED: Final = frozenset(
    {"cpu_units", "memory_mb", "max_concurrency", "min_size", "max_size", "platform", "policy", "health_check_spec"}
)


@dataclass(frozen=True, slots=True)
class ServiceChange:
    """A service of a scenario before and after a change of its settings."""

    name: str
    before: ServiceSpec
    after: ServiceSpec

    @property
    def platform(self) -> str:
        """The platform that the service runs on after the change; empty if its policy belongs to none."""
        return platform_of(self.after)

    @property
    def moves(self) -> bool:
        """True if the service ran on another platform before."""
        return platform_of(self.before) != self.platform

    @property
    def scales_otherwise(self) -> bool:
        """True if MaxConcurrency, MinSize or MaxSize changes, or the service moves."""
        return self.moves or scaling_of(self.before) != scaling_of(self.after)

    @property
    def has_other_size(self) -> bool:
        """True if the size of instances changes, or the service moves."""
        return self.moves or self.before.size != self.after.size

    @property
    def checks_otherwise(self) -> bool:
        """True if the health check changes. A move brings the check of the platform, which is no setting of its own."""
        return not self.moves and self.before.health_check_of_api != self.after.health_check_of_api

    @property
    def has_other_policy(self) -> bool:
        """True if the policy or one of its parameters changes, or the service moves."""
        return self.moves or self.before.policy != self.after.policy

    @property
    def others(self) -> tuple[str, ...]:
        """The other keys of the service whose values change, as in a scenario file; those that a move brings are left
        out.
        """
        if self.moves:
            return ()
        fields = [name for name in ServiceSpec.model_fields if name not in _NAMED]
        return tuple(key_of(name) for name in fields if getattr(self.before, name) != getattr(self.after, name))

    @property
    def sentences(self) -> tuple[str, ...]:
        """What changes, one text for each setting."""
        return tuple(self._sentences())

    def _sentences(self) -> Iterator[str]:
        before, after = self.before, self.after
        if self.moves:
            yield f"platform {platform_of(before) or 'none'} to {self.platform or 'none'}"
        old, new = scaling_of(before), scaling_of(after)
        for label, was, becomes in (
            ("MaxConcurrency", old.max_concurrency, new.max_concurrency),
            ("MinSize", old.min_size, new.min_size),
            ("MaxSize", old.max_size, new.max_size),
            ("size", before.size, after.size),
            ("policy", before.policy.name, after.policy.name),
        ):
            if was != becomes and not (self.moves and becomes == self.platform):  # its policy comes with a platform
                yield f"{label} {was} to {becomes}"
        if before.policy.name == after.policy.name:
            for key, was, becomes in changed_parameters(before.policy, after.policy):
                yield f"{key} {was} to {becomes}"
        if self.checks_otherwise:
            yield "the health check"
        yield from self.others


def platform_of(service: ServiceSpec) -> str:
    """Return the platform that the service runs on: the one that it names, otherwise that of its policy.

    Empty if the service names none and its policy belongs to none (such as oracle); a fixed number of instances is
    possible on App Runner.
    """
    if service.platform is not None:
        return service.platform
    name = service.policy.name
    if name in _PLATFORM_OF:
        return _PLATFORM_OF[name]
    if name == "fixed":
        return APP_RUNNER
    behaviour = behaviour_of(name)
    return "" if behaviour is None else behaviour.preset


def scaling_of(service: ServiceSpec) -> AutoScalingConfiguration:
    """Return the limits of the service; a fixed number of instances is MinSize and MaxSize in one."""
    instances: int | None = service.policy.parameters.instances if service.policy.name == "fixed" else None
    if instances is None:
        return service.scaling
    return AutoScalingConfiguration(service.max_concurrency, min(instances, MIN_SIZE_MAX), instances)


def changed_parameters(before: PolicySpec, after: PolicySpec) -> Iterator[tuple[str, str, str]]:
    """Yield the key of each parameter of the same policy whose value differs, with both values as texts."""
    for field in type(after).model_fields:
        was, becomes = getattr(before, field, None), getattr(after, field)
        if field != "name" and was != becomes:
            yield key_of(field), parameter_text(field, was), parameter_text(field, becomes)


def parameter_text(field: str, value: object) -> str:
    """Return the value of a policy's parameter as a sentence has it."""
    if value is None:
        return "default"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return duration_text(value) if field.endswith("_s") else f"{value:g}"
    return str(value)
