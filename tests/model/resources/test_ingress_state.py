from __future__ import annotations

from simulator.model.resources.ingress_state import DELETABLE, NEXT, UPDATABLE, IngressStatus


def test_pending_states_end_and_no_other_changes_by_itself() -> None:
    assert set(NEXT) == {status for status in IngressStatus if status.startswith("PENDING")}
    assert not set(NEXT) & set(NEXT.values())


def test_update_and_delete_are_for_the_states_of_the_facts() -> None:
    assert {"AVAILABLE", "FAILED_CREATION", "FAILED_UPDATE"} == UPDATABLE
    assert {"AVAILABLE", "FAILED_CREATION", "FAILED_UPDATE", "FAILED_DELETION"} == DELETABLE
