"""Asynchronous operations on a service, and their state machine as a table (facts 1.7, 2.1)."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class OperationType(StrEnum):
    """The type of an operation, as the API returns it."""

    CREATE_SERVICE = "CREATE_SERVICE"
    UPDATE_SERVICE = "UPDATE_SERVICE"
    START_DEPLOYMENT = "START_DEPLOYMENT"
    PAUSE_SERVICE = "PAUSE_SERVICE"
    RESUME_SERVICE = "RESUME_SERVICE"
    DELETE_SERVICE = "DELETE_SERVICE"


class OperationStatus(StrEnum):
    """The status of an operation, as the API returns it."""

    PENDING = "PENDING"
    IN_PROGRESS = "IN_PROGRESS"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    ROLLBACK_IN_PROGRESS = "ROLLBACK_IN_PROGRESS"
    ROLLBACK_SUCCEEDED = "ROLLBACK_SUCCEEDED"
    ROLLBACK_FAILED = "ROLLBACK_FAILED"


class OperationEvent(StrEnum):
    """An event that changes the status of an operation."""

    BEGAN = "began"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    ROLLBACK_BEGAN = "rollback began"


_S, _E = OperationStatus, OperationEvent

TRANSITIONS: Final[dict[tuple[OperationStatus, OperationEvent], OperationStatus]] = {
    (_S.PENDING, _E.BEGAN): _S.IN_PROGRESS,
    (_S.IN_PROGRESS, _E.SUCCEEDED): _S.SUCCEEDED,
    (_S.IN_PROGRESS, _E.FAILED): _S.FAILED,
    (_S.IN_PROGRESS, _E.ROLLBACK_BEGAN): _S.ROLLBACK_IN_PROGRESS,
    (_S.ROLLBACK_IN_PROGRESS, _E.SUCCEEDED): _S.ROLLBACK_SUCCEEDED,
    (_S.ROLLBACK_IN_PROGRESS, _E.FAILED): _S.ROLLBACK_FAILED,
}

ENDED: Final = frozenset({_S.SUCCEEDED, _S.FAILED, _S.ROLLBACK_SUCCEEDED, _S.ROLLBACK_FAILED})


def next_status(status: OperationStatus, event: OperationEvent) -> OperationStatus:
    """Return the status after `event`. An event that is not in the table for this status is a bug (assertion)."""
    assert (status, event) in TRANSITIONS, f"operation: {event.value!r} cannot happen in status {status.value!r}"
    return TRANSITIONS[status, event]
