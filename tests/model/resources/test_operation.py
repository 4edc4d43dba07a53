from __future__ import annotations

import pytest

from simulator.model.resources.operation import ENDED, TRANSITIONS, OperationEvent, OperationStatus, next_status


def test_every_status_is_reached_from_pending() -> None:
    found = {OperationStatus.PENDING}
    for _ in OperationStatus:
        found |= {after for (before, _), after in TRANSITIONS.items() if before in found}
    assert found == set(OperationStatus)


def test_an_operation_goes_on_until_it_has_ended_and_not_beyond() -> None:
    assert {before for before, _ in TRANSITIONS} == set(OperationStatus) - ENDED


@pytest.mark.parametrize("status", sorted(ENDED))
def test_nothing_happens_to_an_operation_that_has_ended(status: OperationStatus) -> None:
    with pytest.raises(AssertionError, match="cannot happen in status"):
        next_status(status, OperationEvent.FAILED)


def test_every_event_is_used() -> None:
    assert {event for _, event in TRANSITIONS} == set(OperationEvent)
