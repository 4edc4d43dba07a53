"""The states of a service: the operations allowed in each state, and the state that follows (facts 1.4, 2.1)."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from simulator.model.resources.operation import OperationType


class ServiceStatus(StrEnum):
    """The status of a service, as the API returns it."""

    OPERATION_IN_PROGRESS = "OPERATION_IN_PROGRESS"
    RUNNING = "RUNNING"
    PAUSED = "PAUSED"
    CREATE_FAILED = "CREATE_FAILED"
    DELETE_FAILED = "DELETE_FAILED"
    DELETED = "DELETED"


class OperationDecision(StrEnum):
    """Whether an operation may begin on a service."""

    BEGINS = "begins"
    ALREADY_THERE = "already there"  # the call succeeds without an operation
    REJECTED = "rejected"


_S, _T = ServiceStatus, OperationType

# Combinations that are not in the table are rejected.
# ASSUMPTION: a CREATE_FAILED service can be neither deployed, paused nor resumed, and a DELETED one accepts no
# operation (U in facts 1.4); calls with an AWS account would settle it.
# ASSUMPTION: UpdateService is rejected for a PAUSED service, according to the guide (manage-pause). AWS's own error of
# December 2021 says "Service status must be RUNNING or PAUSED to be updated" (roadmap#95, facts 19.2). An update of a
# paused service would settle it.
_BEGINS: Final = frozenset(
    {
        (_T.UPDATE_SERVICE, _S.RUNNING),
        (_T.UPDATE_SERVICE, _S.CREATE_FAILED),  # rebuilds the service
        (_T.START_DEPLOYMENT, _S.RUNNING),
        (_T.PAUSE_SERVICE, _S.RUNNING),
        (_T.RESUME_SERVICE, _S.PAUSED),
        (_T.DELETE_SERVICE, _S.RUNNING),
        (_T.DELETE_SERVICE, _S.PAUSED),
        (_T.DELETE_SERVICE, _S.CREATE_FAILED),
        (_T.DELETE_SERVICE, _S.DELETE_FAILED),
    }
)
_ALREADY_THERE: Final = frozenset({(_T.PAUSE_SERVICE, _S.PAUSED), (_T.RESUME_SERVICE, _S.RUNNING)})

_SUCCESS: Final = {
    _T.CREATE_SERVICE: _S.RUNNING,
    _T.UPDATE_SERVICE: _S.RUNNING,
    _T.START_DEPLOYMENT: _S.RUNNING,
    _T.PAUSE_SERVICE: _S.PAUSED,
    _T.RESUME_SERVICE: _S.RUNNING,
    _T.DELETE_SERVICE: _S.DELETED,
}


def verdict(operation: OperationType, status: ServiceStatus) -> OperationDecision:
    """Return whether `operation` may begin on a service in state `status`."""
    if (operation, status) in _BEGINS:
        return OperationDecision.BEGINS
    return OperationDecision.ALREADY_THERE if (operation, status) in _ALREADY_THERE else OperationDecision.REJECTED


def status_after(operation: OperationType, began_in: ServiceStatus, *, succeeded: bool) -> ServiceStatus:
    """Return the status of a service after an operation that began in status `began_in`.

    A failed operation restores `began_in` (facts 2.1), except a failed deletion. For CREATE_SERVICE pass CREATE_FAILED.
    """
    if succeeded:
        return _SUCCESS[operation]
    return _S.DELETE_FAILED if operation is _T.DELETE_SERVICE else began_in
