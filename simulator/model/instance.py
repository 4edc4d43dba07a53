"""The state machine of an instance, as a table. Only `next_state` may change a state."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class InstanceState(StrEnum):
    """The state of an instance."""

    PROVISIONING = "provisioning"  # requested; waits for the start lag of the platform
    STARTING = "starting"  # launched: the application starts and is probed
    IDLE = "idle"  # ready and provisioned: memory is allocated, the CPU is throttled
    ACTIVE = "active"  # ready, and has a request or had one recently
    DRAINING = "draining"  # gets no new request and completes those that it has
    STOPPED = "stopped"  # terminated


class InstanceEvent(StrEnum):
    """An event that changes the state of an instance."""

    STARTED = "started"
    BECAME_HEALTHY = "became healthy"
    WOKE = "woke"
    FELL_IDLE = "fell idle"
    DRAIN = "drain"
    RECALLED = "recalled"  # returns to service because the revision that should have replaced it was rolled back
    STOP = "stop"
    CRASHED = "crashed"


_S, _E = InstanceState, InstanceEvent

TRANSITIONS: Final[dict[tuple[InstanceState, InstanceEvent], InstanceState]] = {
    (_S.PROVISIONING, _E.STARTED): _S.STARTING,
    (_S.PROVISIONING, _E.STOP): _S.STOPPED,
    (_S.PROVISIONING, _E.CRASHED): _S.STOPPED,
    # The CPU is allocated while a container starts (facts 13.2), so a new instance is active until it becomes idle.
    (_S.STARTING, _E.BECAME_HEALTHY): _S.ACTIVE,
    (_S.STARTING, _E.STOP): _S.STOPPED,
    (_S.STARTING, _E.CRASHED): _S.STOPPED,
    (_S.IDLE, _E.WOKE): _S.ACTIVE,
    (_S.IDLE, _E.DRAIN): _S.DRAINING,
    (_S.IDLE, _E.CRASHED): _S.STOPPED,
    (_S.ACTIVE, _E.FELL_IDLE): _S.IDLE,
    (_S.ACTIVE, _E.DRAIN): _S.DRAINING,
    (_S.ACTIVE, _E.CRASHED): _S.STOPPED,
    (_S.DRAINING, _E.RECALLED): _S.ACTIVE,
    (_S.DRAINING, _E.STOP): _S.STOPPED,
    (_S.DRAINING, _E.CRASHED): _S.STOPPED,
}

READY: Final = frozenset({InstanceState.IDLE, InstanceState.ACTIVE})
COMING: Final = frozenset({InstanceState.PROVISIONING, InstanceState.STARTING})


def next_state(state: InstanceState, event: InstanceEvent) -> InstanceState:
    """Return the state after `event`. An event that is not in the table for this state is a bug (assertion)."""
    assert (state, event) in TRANSITIONS, f"instance: {event.value!r} cannot happen in state {state.value!r}"
    return TRANSITIONS[state, event]


# --- the CPU of an idle instance, and its wake ---

# ASSUMPTION: how much CPU an idle instance of App Runner keeps is undocumented. A twentieth of a vCPU is little, and
# enough to answer a health check in time, which idle instances do. Settled by a program that counts in a loop in an
# idle instance.
IDLE_VCPU: Final = 0.05

# A provisioned instance without requests keeps its memory and a small share of its CPU. The first request after that is
# slower than others, because the CPU has to be given back (R#105); some users see failed requests, others notice
# nothing (R#220). AWS publishes no figure (facts 19.4).
#
# ASSUMPTION: App Runner restores the CPU before it forwards the first request, as the live drivers do, and as fast as
# they do. There that request is 0.15 to 0.3 ms slower at the median and 0.3 to 4 ms at the 95 % quantile, the more with
# background work: runs of `python -m benchmarks.wakes` on two quiet cores, 30 November 2026 (benchmarks/README.md). The
# public load test agrees: its 100 requests/s of 80 ms fill the ten slots of one instance after a wake of 20 ms, and
# none was rejected (facts validation 2.2, case 29). The time of a first request after an hour without traffic, less
# that of the next one, would settle it.
WAKE_MEDIAN_S: Final = 0.0005
WAKE_P95_S: Final = 0.004

# The delay of a request of 10 ms that is served at the live drivers' idle share of the CPU: three periods of its quota.
# Measured as above, row `idle share, quiet`: the median; the 95 % quantile is 190 ms. With background work, which uses
# the share up, both are two to four times as long.
AT_IDLE_SHARE_S: Final = 0.145
