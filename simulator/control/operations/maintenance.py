"""Maintenance by the platform: a service keeps serving, and rejects changes until it ends (facts 2.2, 19.4)."""

from __future__ import annotations

from dataclasses import replace

from simulator.control.operations.service_events import ServiceEvents
from simulator.control.operations.workload import Workload
from simulator.control.state.registry import Registry
from simulator.control.wall_clock import WallClock
from simulator.model.resources.api_resources import ServiceResource
from simulator.model.resources.service_state import ServiceStatus
from simulator.records.events import MaintenanceChanged


class Maintenance:
    """Sets the status of services in maintenance. It is no operation, so ListOperations does not have it.

    A service that is not RUNNING when its maintenance begins keeps its status: the operation in progress, or the pause,
    goes on.
    """

    def __init__(self, registry: Registry, workload: Workload, events: ServiceEvents, now: WallClock) -> None:
        self._registry = registry
        self._workload = workload
        self._events = events
        self._now = now
        self._maintained: dict[str, None] = {}  # ARNs
        registry.journal.subscribe(MaintenanceChanged, self._changed)

    def end(self, service: ServiceResource) -> ServiceResource:
        """Return the service as RUNNING again: its maintenance is over, or the simulator was restarted during it."""
        self._maintained.pop(service.arn, None)
        return self._put(service, ServiceStatus.RUNNING)

    def _changed(self, event: MaintenanceChanged) -> None:
        arn = self._workload.arn(event.service)
        service = None if arn is None else self._registry.get(ServiceResource, arn)
        if service is None:
            return
        if event.is_active and service.status is ServiceStatus.RUNNING:
            self._maintained[service.arn] = None
            self._put(service, ServiceStatus.OPERATION_IN_PROGRESS)
        elif not event.is_active and service.arn in self._maintained:
            self.end(service)

    def _put(self, service: ServiceResource, status: ServiceStatus) -> ServiceResource:
        changed = replace(service, status=status, updated_at=self._now())
        with self._registry.change(background=True):
            self._registry.put(changed)
            self._events.status_changed(changed, service.status)
        return changed
