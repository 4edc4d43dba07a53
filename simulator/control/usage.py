"""Who uses a sharable resource: what a service runs now, and what it would go back to."""

from __future__ import annotations

from collections.abc import Callable

from simulator.control.registry import Registry
from simulator.model.api_resources import ServiceResource
from simulator.model.service_configuration import ServiceConfiguration
from simulator.model.service_state import ServiceStatus


def living_services(registry: Registry, shelf: str) -> list[ServiceResource]:
    """Those that are not DELETED, in order of birth; CREATE_FAILED ones live too (facts 2.2)."""
    return [each for each in registry.on_shelf(ServiceResource, shelf) if each.status is not ServiceStatus.DELETED]


def users_of(
    registry: Registry, shelf: str, arn: str, used: Callable[[ServiceConfiguration], str | None]
) -> list[ServiceResource]:
    """The living services whose configuration, or the one they would roll back to, has `arn` where `used` looks."""

    def uses(service: ServiceResource) -> bool:
        if used(service.configuration) == arn:
            return True
        return service.deployed is not None and used(service.deployed.configuration) == arn

    return [service for service in living_services(registry, shelf) if uses(service)]
