"""The services that use a shareable resource, in their configuration or in that to which a rollback would return."""

from __future__ import annotations

from collections.abc import Callable

from simulator.control.state.registry import Registry
from simulator.model.resources.api_resources import ServiceResource
from simulator.model.resources.service_configuration import ServiceConfiguration
from simulator.model.resources.service_state import ServiceStatus


def living_services(registry: Registry, owner_key: str) -> list[ServiceResource]:
    """Return the services that are not DELETED, in order of creation, including CREATE_FAILED ones (facts 2.2)."""
    return [each for each in registry.owned_by(ServiceResource, owner_key) if each.status is not ServiceStatus.DELETED]


def users_of(
    registry: Registry, owner_key: str, arn: str, used: Callable[[ServiceConfiguration], str | None]
) -> list[ServiceResource]:
    """Return the services that use `arn`. `used` returns the ARN of this kind in a configuration."""

    def uses(service: ServiceResource) -> bool:
        if used(service.configuration) == arn:
            return True
        return service.deployed is not None and used(service.deployed.configuration) == arn

    return [service for service in living_services(registry, owner_key) if uses(service)]
