"""The control plane's operations as data for the console's page: ListOperations of all services in one list."""

from __future__ import annotations

from typing import Any, Final

from simulator.assembly.control_plane import ControlPlane
from simulator.model.resources.api_resources import OperationResource
from simulator.model.resources.arn import Arn

# Maximum number of operations, the latest ones; ListOperations returns all.
OPERATIONS_MAX: Final = 500


def operation_rows(plane: ControlPlane, at_s: float) -> list[dict[str, Any]]:
    """Return the operations by start. `at_s` is the current time of the run; times are seconds of the run.

    They are negative for operations before the run. `started` is the start in seconds since 1970.
    """
    origin_s = plane.now() - at_s
    return [
        {
            "id": operation.operation_id,
            "service": Arn.parse(operation.service_arn).name,
            "type": str(operation.type),
            "status": str(operation.status),
            "started": operation.started_at,
            "at_s": round(operation.started_at - origin_s, 3),
            "ended_s": None if operation.ended_at is None else round(operation.ended_at - origin_s, 3),
        }
        for operation in plane.registry.all(OperationResource)[-OPERATIONS_MAX:]
    ]
