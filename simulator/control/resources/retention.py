"""Retention: deleted resources can be described for some time; then they are removed with all that belongs to them."""

from __future__ import annotations

from typing import Final

from simulator.control.api_context import ApiContext
from simulator.model.resources.api_resources import (
    ArnResource,
    AutoScalingResource,
    ObservabilityResource,
    OperationResource,
    ServiceResource,
    VpcConnectorResource,
    VpcIngressResource,
)

_SWEPT_EVERY_S: Final = 60.0


class Retention:
    def __init__(self, context: ApiContext) -> None:
        self._context = context
        self._next_s = 0.0

    def sweep(self) -> None:
        """Remove expired resources, at most once per minute. Call inside `registry.change()`."""
        now = self._context.now()
        if now < self._next_s:
            return
        registry = self._context.registry
        # after the commit, because a rejected change has removed nothing
        registry.after_commit(lambda: self._swept(now))
        for kind in (AutoScalingResource, ObservabilityResource, VpcConnectorResource, VpcIngressResource):
            for resource in registry.all(kind):
                if isinstance(resource, ArnResource) and not self._context.is_there(resource):
                    registry.remove(resource)
        for service in registry.all(ServiceResource):
            if not self._context.is_there(service):
                for operation in registry.owned_by(OperationResource, service.arn):
                    registry.remove(operation)
                registry.remove(service)

    def _swept(self, at: float) -> None:
        self._next_s = at + _SWEPT_EVERY_S
