"""The life of an instance, as a table. Nobody assigns a state but through `next_state`."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class InstanceState(StrEnum):
    PROVISIONING = "provisioning"  # asked for; the platform's start lag runs
    STARTING = "starting"  # launched; the application boots, probes run
    IDLE = "idle"  # provisioned: ready, memory held, CPU throttled
    ACTIVE = "active"  # ready and processing requests, or did so a short while ago
    DRAINING = "draining"  # gets no new request, finishes what it has
    STOPPED = "stopped"  # gone


class InstanceEvent(StrEnum):
    LAUNCHED = "launched"
    BECAME_HEALTHY = "became healthy"
    WOKE = "woke"
    FELL_IDLE = "fell idle"
    DRAIN = "drain"
    RECALLED = "recalled"  # the revision that was to take over did not stay
    STOP = "stop"
    DIED = "died"


_S, _E = InstanceState, InstanceEvent

TRANSITIONS: Final[dict[tuple[InstanceState, InstanceEvent], InstanceState]] = {
    (_S.PROVISIONING, _E.LAUNCHED): _S.STARTING,
    (_S.PROVISIONING, _E.STOP): _S.STOPPED,
    (_S.PROVISIONING, _E.DIED): _S.STOPPED,
    # CPU is allotted while a container starts (facts 13.2), so a new instance is active until it falls idle.
    (_S.STARTING, _E.BECAME_HEALTHY): _S.ACTIVE,
    (_S.STARTING, _E.STOP): _S.STOPPED,
    (_S.STARTING, _E.DIED): _S.STOPPED,
    (_S.IDLE, _E.WOKE): _S.ACTIVE,
    (_S.IDLE, _E.DRAIN): _S.DRAINING,
    (_S.IDLE, _E.DIED): _S.STOPPED,
    (_S.ACTIVE, _E.FELL_IDLE): _S.IDLE,
    (_S.ACTIVE, _E.DRAIN): _S.DRAINING,
    (_S.ACTIVE, _E.DIED): _S.STOPPED,
    (_S.DRAINING, _E.RECALLED): _S.ACTIVE,
    (_S.DRAINING, _E.STOP): _S.STOPPED,
    (_S.DRAINING, _E.DIED): _S.STOPPED,
}

READY: Final = frozenset({InstanceState.IDLE, InstanceState.ACTIVE})
COMING: Final = frozenset({InstanceState.PROVISIONING, InstanceState.STARTING})


def next_state(state: InstanceState, event: InstanceEvent) -> InstanceState:
    """The state after `event`; an event that the table does not know in this state is a bug."""
    assert (state, event) in TRANSITIONS, f"instance: {event.value!r} cannot happen in state {state.value!r}"
    return TRANSITIONS[state, event]
