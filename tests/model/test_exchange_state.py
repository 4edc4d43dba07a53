from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

import pytest

from simulator.model.exchange_state import (
    ABORTED,
    CONNECTION_EVENTS,
    DRAINED,
    HEAD_SENT,
    IN_HANDSHAKE,
    LOST,
    REJECTED,
    REQUEST_EVENTS,
    RESPONSE_EVENTS,
    UPLOAD_EVENTS,
    ConnectionState,
    RequestState,
    ResponseState,
    Transition,
    UploadState,
)

Events = Sequence[Transition[Any]]

# The initial states of each side, its events, and its final states.
SIDES: list[tuple[set[StrEnum], Events, set[StrEnum]]] = [
    # A response that upgrades the connection turns a complete request into a tunnel.
    ({RequestState.AWAITING_CONTINUE, RequestState.SENDING, RequestState.COMPLETE}, REQUEST_EVENTS, set()),
    ({UploadState.KEPT}, UPLOAD_EVENTS, {UploadState.STREAMED, UploadState.DISCARDED}),
    ({ResponseState.PENDING}, RESPONSE_EVENTS, {ResponseState.COMPLETE, ResponseState.ABORTED}),
    ({ConnectionState.HANDSHAKE}, CONNECTION_EVENTS, {ConnectionState.CLOSED}),
]


def reachable(first: set[StrEnum], events: Events) -> set[StrEnum]:
    found = set(first)
    while more := {event[state] for event in events for state in event if state in found} - found:
        found |= more
    return found


@pytest.mark.parametrize(("first", "events", "_last"), SIDES)
def test_every_state_of_a_side_is_reachable_from_the_first(
    first: set[StrEnum], events: Events, _last: set[StrEnum]
) -> None:
    assert reachable(first, events) == set(type(next(iter(first))))


@pytest.mark.parametrize(("first", "events", "last"), SIDES)
def test_only_final_states_have_no_next_state(first: set[StrEnum], events: Events, last: set[StrEnum]) -> None:
    left = {before for event in events for before, after in event.items() if after is not before}
    assert set(type(next(iter(first)))) - left == last


@pytest.mark.parametrize("event", [each for each in RESPONSE_EVENTS if each is not ABORTED], ids=lambda each: each.name)
@pytest.mark.parametrize("state", [ResponseState.COMPLETE, ResponseState.ABORTED])
def test_an_event_of_an_ended_response_is_an_assertion_error(
    state: ResponseState, event: Transition[ResponseState]
) -> None:
    with pytest.raises(AssertionError, match=f"ResponseState: .* cannot happen in state '{state.value}'"):
        event[state]


def test_a_response_is_rejected_only_before_its_head() -> None:
    assert set(REJECTED) == set(HEAD_SENT) == {ResponseState.PENDING}


def test_a_connection_may_be_lost_in_every_state_and_its_handshake_repeated() -> None:
    assert {LOST[state] for state in set(ConnectionState) - IN_HANDSHAKE - {ConnectionState.CLOSED}} == {
        ConnectionState.CLOSED
    }
    assert {LOST[state] for state in IN_HANDSHAKE} == IN_HANDSHAKE


def test_draining_a_connection_twice_has_no_further_effect() -> None:
    assert all(DRAINED[DRAINED[state]] is DRAINED[state] for state in DRAINED)
