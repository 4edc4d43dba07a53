"""Events of calls of downstream resources, and the platform's operations on pools (fleet/simulated)."""

from __future__ import annotations

from typing import Final

from simulator.lab.compiled.compiled import kernel, only_with_calls, world_entry
from simulator.lab.compiled.downstream.call_kernel import (
    abandon,
    call_next,
    end_answered,
    end_failed,
    fails,
    give_back,
    open_connection,
    open_if_needed,
    refill,
)
from simulator.lab.compiled.downstream.connection_kernel import (
    arm_resource,
    free_entry,
    leave_queue,
    opened,
    release_connection,
    remove_from,
    remove_waiting,
    resource_of,
    share_resource,
    watch_idle,
    withdraw,
)
from simulator.lab.compiled.downstream.figures_kernel import changed
from simulator.lab.compiled.heap_kernel import pop_job
from simulator.lab.compiled.state import (
    A_CALL,
    A_CONNECTION,
    AN_OPENING,
    CALL,
    IDLE,
    MARGIN,
    NOBODY,
    OPENINGS,
    RESOURCE,
    TIMED_OUT,
    WAITING,
    World,
)
from simulator.lab.compiled.station_kernel import EPSILON_S, NEVER_S, progress

# Upper bounds of what moving one call creates: events (timers of a call, of an attempt to connect, of an idle
# connection, of a resource and of a retry); entries and draws (of the call that ended and of the one that takes its
# connection).
EVENTS_A_CALL: Final = 8
ENTRIES_A_CALL: Final = 4
DRAWS_A_CALL: Final = 4


@only_with_calls(default=0)
def calls_left(w: World) -> int:
    """Return how many calls of downstream resources may be moved before an array has no free entry."""
    p = w.pool[0]
    down = w.down
    steps = min(
        (down.entries.shape[0] - p.entries) // ENTRIES_A_CALL,
        (w.whens.shape[0] - MARGIN - p.events) // EVENTS_A_CALL,
        (down.called.shape[0] - p.calls) // 2,
    )
    for stream in range(down.cursors.shape[0]):
        steps = min(steps, (down.cursors[stream, 1] - down.cursors[stream, 0]) // DRAWS_A_CALL)
    for resource in range(down.resources.shape[0]):
        r = down.resources[resource]
        steps = min(steps, down.asked_s.shape[1] - r.asked, down.jobs.shape[1] - r.computing)
    return steps


# --- events ----------------------------------------------------------------------------------------------------------


@kernel
def completed(w: World, job: int, now: float) -> None:
    """Take what the resource has processed: a call, or the set-up of a connection."""
    it = w.down.entries[job]
    resource = resource_of(w, job)
    if it.kind == AN_OPENING:
        if opened(w, job, now):
            release_connection(w, resource, now)
    elif it.abandoned or w.instances[it.row].exited:
        request = it.request
        free_entry(w, job)
        if request != NOBODY:
            abandon(w, request)
        release_connection(w, resource, now)
    else:
        it.timer = 0
        give_back(w, it.row, it.use, it.ends_s, now)
        end_answered(w, job, now)


@kernel
def look_at_resource(w: World, resource: int, armed_s: float, now: float) -> None:
    """Complete the calls that the resource has processed."""
    r = w.down.resources[resource]
    if armed_s != r.armed_s:
        return  # an earlier timer has done this already
    r.armed_s = NEVER_S
    progress(r, now)
    soonest_s = now + EPSILON_S
    jobs = w.down.jobs[resource]
    first = last = NOBODY
    while r.computing and now + (jobs[0].v - r.v) / r.rate <= soonest_s:
        job = pop_job(jobs, r)
        w.down.entries[job].chain = NOBODY
        if last == NOBODY:
            first = job
        else:
            w.down.entries[last].chain = job
        last = job
        share_resource(w, resource)
    if not r.computing:
        r.v = 0.0
    while first != NOBODY:
        following = w.down.entries[first].chain
        r.busy -= 1
        completed(w, first, now)
        first = following
    changed(w, resource, now)
    arm_resource(w, resource)


@kernel
def time_out_call(w: World, call: int, now: float) -> None:
    it = w.down.entries[call]
    row, use = it.row, it.use
    if w.instances[row].exited:
        return
    if it.begun:
        it.abandoned = 1
        w.down.sizes[row, use] -= 1
        open_if_needed(w, row, use, now)
    else:
        remove_waiting(w, call, now)
        if (
            not w.down.uses[use].pooled
            and w.down.counts[row, use, OPENINGS] > w.down.counts[row, use, WAITING]
            and withdraw(w, w.down.tails[row, use, OPENINGS])
        ):
            w.down.sizes[row, use] -= 1
    end_failed(w, call, TIMED_OUT, now)


@kernel
def expire_idle(w: World, connection: int, now: float) -> None:
    """Close an idle connection, or keep it for as long again because the pool would have fewer than it keeps."""
    it = w.down.entries[connection]
    row, use = it.row, it.use
    if not it.forced and w.down.sizes[row, use] <= w.down.uses[use].min_idle:
        watch_idle(w, connection, now)
        return
    remove_from(w, IDLE, connection)
    free_entry(w, connection)
    w.down.sizes[row, use] -= 1
    release_connection(w, w.down.uses[use].resource, now)
    refill(w, row, use, now)


@kernel
def ring(w: World, entry: int, order: int, now: float) -> None:
    """Act on the timer of an entry: a call's time-out, the end of a wait, or the expiry of an idle connection."""
    it = w.down.entries[entry]
    if it.timer != order:
        return  # cancelled
    it.timer = 0
    if it.kind == A_CALL:
        time_out_call(w, entry, now)
    elif it.kind == A_CONNECTION:
        expire_idle(w, entry, now)
    else:
        leave_queue(w, resource_of(w, entry), entry)
        row, use = it.row, it.use
        if fails(w, entry, 0, now):
            open_connection(w, row, use, now)


@only_with_calls(default=0)
def play_call(w: World, kind: int, target: int, order: int, when_s: float, now: float) -> int:
    """Play an event that concerns calls."""
    if kind == RESOURCE:
        look_at_resource(w, target, when_s, now)
    elif kind == CALL:
        ring(w, target, order, now)
    else:
        call_next(w, target, now)
    return 0


# --- operations of the platform --------------------------------------------------------------------------------------


@world_entry
def warm(w: World, row: int) -> None:
    """Open the connections that an instance opens when it starts."""
    now = w.pool[0].now_s
    for use in range(w.pool[0].uses):
        for _ in range(w.down.uses[use].min_idle):
            open_connection(w, row, use, now)


@world_entry
def close_pools(w: World, row: int) -> None:
    """Close all connections of an instance that has ended. Those with a call are closed when the resource is ready."""
    now = w.pool[0].now_s
    w.instances[row].exited = 1
    for use in range(w.pool[0].uses):
        resource = w.down.uses[use].resource
        while w.down.counts[row, use, WAITING] > 0:
            call = w.down.heads[row, use, WAITING]
            request = w.down.entries[call].request
            remove_from(w, WAITING, call)
            free_entry(w, call)
            w.down.resources[resource].waiting -= 1
            abandon(w, request)
        opening = w.down.heads[row, use, OPENINGS]
        while opening != NOBODY:
            following = w.down.entries[opening].after
            withdraw(w, opening)
            opening = following
        while w.down.counts[row, use, IDLE] > 0:
            connection = w.down.heads[row, use, IDLE]
            remove_from(w, IDLE, connection)
            free_entry(w, connection)
            release_connection(w, resource, now)
        changed(w, resource, now)
