"""Records the events of services: log lines and EventBridge events, as entries of the change that causes them."""

from __future__ import annotations

import json
from typing import Any, Final

from simulator.control.state.identifiers import Identifiers
from simulator.control.state.log_entries import EntryKind, LogEntry
from simulator.control.state.registry import Registry
from simulator.control.wall_clock import WallClock, iso_text
from simulator.model.resources.api_resources import ServiceResource
from simulator.model.resources.service_state import ServiceStatus

EVENTS_STREAM: Final = "events"
PREFIX: Final = "[AppRunner] "


class ServiceEvents:
    """Records events of services. Call every method inside a change of the registry."""

    def __init__(self, registry: Registry, identifiers: Identifiers, now: WallClock) -> None:
        self._registry = registry
        self._identifiers = identifiers
        self._now = now

    def line(self, service: ServiceResource, text: str) -> None:
        """Record a line in the service's event log."""
        self._log(service, EVENTS_STREAM, PREFIX + text)

    def deployment_line(self, service: ServiceResource, operation_id: str, text: str) -> None:
        """Record a line in the deployment log. A line that has a prefix, such as `[Build] `, keeps it."""
        self._log(service, f"deployment/{operation_id}", text if text.startswith("[") else PREFIX + text)

    def status_changed(self, service: ServiceResource, before: ServiceStatus | None) -> None:
        """Record the new status of `service`. `before`: the service before the change; None for a new one."""
        message = f"Service status is set to {service.status}."
        self.line(service, message)
        previous = {"previousServiceStatus": str(before)} if before is not None else {}
        detail = previous | {"currentServiceStatus": str(service.status)}
        self._event(service, "AppRunner Service Status Change", detail, message)

    def operation_changed(self, service: ServiceResource, status: str, message: str) -> None:
        """Record an operation's progress; `status` has EventBridge's wording, such as `CreateServiceStarted`."""
        self.line(service, message)
        self._event(service, "AppRunner Service Operation Status Change", {"operationStatus": status}, message)

    def _log(self, service: ServiceResource, stream: str, text: str) -> None:
        self._registry.append_entry(LogEntry(EntryKind.LOG, self._now(), service.owner_key, service.arn, stream, text))

    def _event(self, service: ServiceResource, kind: str, detail: dict[str, Any], message: str) -> None:
        place, at = service.place, self._now()
        event = {
            "version": "0",
            "id": self._identifiers.uuid("event"),
            "detail-type": kind,
            "source": "aws.apprunner",
            "account": place.account,
            "time": iso_text(at),
            "region": place.region,
            "resources": [service.arn],
            "detail": detail
            # ASSUMPTION: INFO even for failures; the documented samples show nothing else (facts 11.4).
            | {"serviceName": service.name, "serviceId": service.resource_id, "message": message, "severity": "INFO"},
        }
        self._registry.append_entry(
            LogEntry(EntryKind.EVENT, at, service.owner_key, service.arn, kind, json.dumps(event))
        )


def log_group(service: ServiceResource) -> str:
    """Return the log group in CloudWatch Logs that has the entries of kind `log` (facts 11.1)."""
    return f"/aws/apprunner/{service.name}/{service.resource_id}/service"
