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

# The states in which a side may begin, the events, and the states that nothing leaves.
SIDES: list[tuple[set[StrEnum], Events, set[StrEnum]]] = [
    # A response that upgrades the connection makes a complete request a tunnel.
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
def test_every_state_is_reached_from_the_first(first: set[StrEnum], events: Events, _last: set[StrEnum]) -> None:
    assert reachable(first, events) == set(type(next(iter(first))))


@pytest.mark.parametrize(("first", "events", "last"), SIDES)
def test_only_the_last_states_are_never_left(first: set[StrEnum], events: Events, last: set[StrEnum]) -> None:
    left = {before for event in events for before, after in event.items() if after is not before}
    assert set(type(next(iter(first)))) - left == last


@pytest.mark.parametrize("event", [each for each in RESPONSE_EVENTS if each is not ABORTED], ids=lambda each: each.name)
@pytest.mark.parametrize("state", [ResponseState.COMPLETE, ResponseState.ABORTED])
def test_nothing_happens_to_a_response_that_has_ended(state: ResponseState, event: Transition[ResponseState]) -> None:
    with pytest.raises(AssertionError, match=f"ResponseState: .* cannot happen in state '{state.value}'"):
        event[state]


def test_a_response_is_rejected_only_before_its_head() -> None:
    assert set(REJECTED) == set(HEAD_SENT) == {ResponseState.PENDING}


def test_a_connection_may_be_lost_in_every_state_and_its_handshake_tried_again() -> None:
    assert {LOST[state] for state in set(ConnectionState) - IN_HANDSHAKE - {ConnectionState.CLOSED}} == {
        ConnectionState.CLOSED
    }
    assert {LOST[state] for state in IN_HANDSHAKE} == IN_HANDSHAKE


def test_draining_twice_is_draining_once() -> None:
    assert all(DRAINED[DRAINED[state]] is DRAINED[state] for state in DRAINED)
