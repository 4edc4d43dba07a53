from __future__ import annotations

import pytest

from simulator.model.resources.operation import ENDED, TRANSITIONS, OperationEvent, OperationStatus, next_status


def test_every_status_is_reachable_from_pending() -> None:
    found = {OperationStatus.PENDING}
    for _ in OperationStatus:
        found |= {after for (before, _), after in TRANSITIONS.items() if before in found}
    assert found == set(OperationStatus)


def test_exactly_the_statuses_of_an_ended_operation_have_no_next_one() -> None:
    assert {before for before, _ in TRANSITIONS} == set(OperationStatus) - ENDED


@pytest.mark.parametrize("status", sorted(ENDED))
def test_an_event_of_an_ended_operation_is_an_assertion_error(status: OperationStatus) -> None:
    with pytest.raises(AssertionError, match="cannot happen in status"):
        next_status(status, OperationEvent.FAILED)


def test_every_event_is_used() -> None:
    assert {event for _, event in TRANSITIONS} == set(OperationEvent)
