from __future__ import annotations

from simulator.model.resources.ingress_state import DELETABLE, NEXT, UPDATABLE, IngressStatus


def test_only_pending_states_have_a_next_state() -> None:
    assert set(NEXT) == {status for status in IngressStatus if status.startswith("PENDING")}
    assert not set(NEXT) & set(NEXT.values())


def test_update_and_delete_are_allowed_in_the_documented_states() -> None:
    assert {"AVAILABLE", "FAILED_CREATION", "FAILED_UPDATE"} == UPDATABLE
    assert {"AVAILABLE", "FAILED_CREATION", "FAILED_UPDATE", "FAILED_DELETION"} == DELETABLE
