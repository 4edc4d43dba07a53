from __future__ import annotations

import pytest

from simulator.model.instance import COMING, READY, TRANSITIONS, InstanceEvent, InstanceState, next_state


def reachable(start: InstanceState) -> set[InstanceState]:
    found = {start}
    while True:
        more = {after for (before, _), after in TRANSITIONS.items() if before in found} - found
        if not more:
            return found
        found |= more


def test_every_state_of_an_instance_is_reachable_from_the_first() -> None:
    assert reachable(InstanceState.PROVISIONING) == set(InstanceState)


@pytest.mark.parametrize("state", list(InstanceState))
def test_the_final_state_is_reachable_from_every_state(state: InstanceState) -> None:
    assert InstanceState.STOPPED in reachable(state)


@pytest.mark.parametrize("event", list(InstanceEvent))
def test_an_event_of_a_stopped_instance_is_an_assertion_error(event: InstanceEvent) -> None:
    with pytest.raises(AssertionError, match="cannot happen in state 'stopped'"):
        next_state(InstanceState.STOPPED, event)


@pytest.mark.parametrize("state", [state for state in InstanceState if state is not InstanceState.STOPPED])
def test_an_instance_may_crash_in_every_state(state: InstanceState) -> None:
    assert next_state(state, InstanceEvent.CRASHED) is InstanceState.STOPPED


def test_a_ready_instance_is_drained_before_it_is_stopped() -> None:
    for state in READY:
        assert next_state(state, InstanceEvent.DRAIN) is InstanceState.DRAINING
        with pytest.raises(AssertionError):
            next_state(state, InstanceEvent.STOP)


def test_every_event_is_used() -> None:
    assert {event for _, event in TRANSITIONS} == set(InstanceEvent)


def test_starting_and_ready_states_do_not_overlap() -> None:
    assert frozenset() == COMING & READY
