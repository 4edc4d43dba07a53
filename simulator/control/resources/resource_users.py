"""The users of a sharable resource: services that run with it now or would return to it in a rollback."""

from __future__ import annotations

from collections.abc import Callable

from simulator.control.state.registry import Registry
from simulator.model.resources.api_resources import ServiceResource
from simulator.model.resources.service_configuration import ServiceConfiguration
from simulator.model.resources.service_state import ServiceStatus


def living_services(registry: Registry, owner_key: str) -> list[ServiceResource]:
    """Return the services that are not DELETED, in order of creation; includes CREATE_FAILED ones (facts 2.2)."""
    return [each for each in registry.owned_by(ServiceResource, owner_key) if each.status is not ServiceStatus.DELETED]


def users_of(
    registry: Registry, owner_key: str, arn: str, used: Callable[[ServiceConfiguration], str | None]
) -> list[ServiceResource]:
    """Return the services with `arn` in their configuration or in that of a rollback; `used` selects the member."""

    def uses(service: ServiceResource) -> bool:
        if used(service.configuration) == arn:
            return True
        return service.deployed is not None and used(service.deployed.configuration) == arn

    return [service for service in living_services(registry, owner_key) if uses(service)]
