from __future__ import annotations

import pytest

from simulator.model.resources.operation import OperationType
from simulator.model.resources.service_state import OperationDecision, ServiceStatus, status_after, verdict

B, N, R = OperationDecision.BEGINS, OperationDecision.ALREADY_THERE, OperationDecision.REJECTED
COLUMNS = ("OPERATION_IN_PROGRESS", "RUNNING", "PAUSED", "CREATE_FAILED", "DELETE_FAILED", "DELETED")
# The table in facts 1.4, in its order.
TABLE = {
    "UPDATE_SERVICE": (R, B, R, B, R, R),
    "START_DEPLOYMENT": (R, B, R, R, R, R),
    "PAUSE_SERVICE": (R, B, N, R, R, R),
    "RESUME_SERVICE": (R, N, B, R, R, R),
    "DELETE_SERVICE": (R, B, B, B, B, R),
}


@pytest.mark.parametrize("operation", TABLE)
def test_each_operation_starts_in_the_documented_states(operation: str) -> None:
    row = tuple(verdict(OperationType(operation), ServiceStatus(column)) for column in COLUMNS)
    assert row == TABLE[operation]


@pytest.mark.parametrize(
    ("operation", "before", "success", "failure"),
    [
        ("CREATE_SERVICE", "CREATE_FAILED", "RUNNING", "CREATE_FAILED"),
        ("UPDATE_SERVICE", "RUNNING", "RUNNING", "RUNNING"),
        ("UPDATE_SERVICE", "CREATE_FAILED", "RUNNING", "CREATE_FAILED"),
        ("START_DEPLOYMENT", "RUNNING", "RUNNING", "RUNNING"),
        ("PAUSE_SERVICE", "RUNNING", "PAUSED", "RUNNING"),
        ("RESUME_SERVICE", "PAUSED", "RUNNING", "PAUSED"),
        ("DELETE_SERVICE", "PAUSED", "DELETED", "DELETE_FAILED"),
    ],
)
def test_each_operation_ends_in_the_documented_states(operation: str, before: str, success: str, failure: str) -> None:
    began_in = ServiceStatus(before)
    assert status_after(OperationType(operation), began_in, succeeded=True) == success
    assert status_after(OperationType(operation), began_in, succeeded=False) == failure
