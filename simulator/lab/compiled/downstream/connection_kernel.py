"""Connections of pools to downstream resources, and the work on them (rules/downstream.py, fleet/simulated)."""

from __future__ import annotations

from typing import Final

from simulator.lab.compiled.compiled import kernel
from simulator.lab.compiled.downstream.figures_kernel import asked, changed, full, run_s
from simulator.lab.compiled.heap_kernel import push_job, schedule
from simulator.lab.compiled.state import (
    A_CONNECTION,
    CALL,
    IDLE,
    NOBODY,
    OPENINGS,
    RESOURCE,
    WAITING,
    World,
)
from simulator.lab.compiled.station_kernel import progress, slow_down

NEVER_S: Final = float("inf")
GRANTED, QUEUED, REJECTED = range(3)

# --- entries and their lists -----------------------------------------------------------------------------------------


@kernel
def new_entry(w: World, kind: int, row: int, use: int) -> int:
    p = w.pool[0]
    entry = p.free_entry
    it = w.down.entries[entry]
    p.free_entry = it.chain
    p.entries += 1
    it.kind = kind
    it.row, it.use = row, use
    it.timer = 0
    it.begun = it.abandoned = it.forced = it.queued = 0
    it.request = NOBODY
    w.instances[row].held_by += 1
    return entry


@kernel
def free_entry(w: World, entry: int) -> None:
    p = w.pool[0]
    it = w.down.entries[entry]
    it.timer = 0
    it.chain = p.free_entry
    p.free_entry = entry
    p.entries -= 1
    w.instances[it.row].held_by -= 1


@kernel
def append_to(w: World, which: int, entry: int) -> None:
    """Append the entry to a list of its pool."""
    it = w.down.entries[entry]
    heads, tails = w.down.heads, w.down.tails
    it.before = tails[it.row, it.use, which]
    it.after = NOBODY
    if it.before == NOBODY:
        heads[it.row, it.use, which] = entry
    else:
        w.down.entries[it.before].after = entry
    tails[it.row, it.use, which] = entry
    w.down.counts[it.row, it.use, which] += 1


@kernel
def remove_from(w: World, which: int, entry: int) -> None:
    """Remove the entry from a list of its pool."""
    it = w.down.entries[entry]
    if it.before == NOBODY:
        w.down.heads[it.row, it.use, which] = it.after
    else:
        w.down.entries[it.before].after = it.after
    if it.after == NOBODY:
        w.down.tails[it.row, it.use, which] = it.before
    else:
        w.down.entries[it.after].before = it.before
    w.down.counts[it.row, it.use, which] -= 1


@kernel
def set_timer(w: World, entry: int, when_s: float) -> None:
    schedule(w, when_s, CALL, entry)
    w.down.entries[entry].timer = w.pool[0].order


@kernel
def resource_of(w: World, entry: int) -> int:
    resource: int = w.down.uses[w.down.entries[entry].use].resource
    return resource


# --- the resource's queue --------------------------------------------------------------------------------------------


@kernel
def join_queue(w: World, resource: int, opening: int) -> None:
    it, r = w.down.entries[opening], w.down.resources[resource]
    it.queued = 1
    it.queue_before = r.queue_tail
    it.queue_after = NOBODY
    if r.queue_tail == NOBODY:
        r.queue_head = opening
    else:
        w.down.entries[r.queue_tail].queue_after = opening
    r.queue_tail = opening
    r.queued += 1


@kernel
def leave_queue(w: World, resource: int, opening: int) -> None:
    it, r = w.down.entries[opening], w.down.resources[resource]
    it.queued = 0
    if it.queue_before == NOBODY:
        r.queue_head = it.queue_after
    else:
        w.down.entries[it.queue_before].queue_after = it.queue_after
    if it.queue_after == NOBODY:
        r.queue_tail = it.queue_before
    else:
        w.down.entries[it.queue_after].queue_before = it.queue_before
    r.queued -= 1


# --- work ------------------------------------------------------------------------------------------------------------


@kernel
def draw(w: World, stream: int) -> float:
    cursor = w.down.cursors[stream]
    drawn: float = w.down.draws[stream, cursor[0]]
    cursor[0] += 1
    return drawn


@kernel
def share_resource(w: World, resource: int) -> None:
    r = w.down.resources[resource]
    r.rate = 1.0
    slow_down(r, r.contention, r.coherency)


@kernel
def arm_resource(w: World, resource: int) -> None:
    r = w.down.resources[resource]
    if not r.computing:
        return
    next_s = r.at_s + max(0.0, w.down.jobs[resource, 0].v - r.v) / r.rate
    if next_s < r.armed_s:
        r.armed_s = next_s
        schedule(w, next_s, RESOURCE, resource)


@kernel
def work(w: World, entry: int, seconds: float, now: float) -> None:
    """Process a call or the set-up of a connection."""
    resource = resource_of(w, entry)
    r = w.down.resources[resource]
    r.busy += 1
    progress(r, now)
    r.job_order += 1
    push_job(w.down.jobs[resource], r, r.v + seconds, r.job_order, entry)
    share_resource(w, resource)
    arm_resource(w, resource)
    changed(w, resource, now)


@kernel
def note_wait(w: World, call: int, now: float) -> None:
    it = w.down.entries[call]
    it.wait_s = max(0.0, run_s(w, now) - it.asked_s)


@kernel
def begin_call(w: World, call: int, ends_s: float, now: float) -> None:
    """Give the call a connection whose life is over at `ends_s`."""
    it = w.down.entries[call]
    it.begun = 1
    it.ends_s = ends_s
    note_wait(w, call, now)
    work(w, call, draw(w, 2 * resource_of(w, call)), now)


# --- connections -----------------------------------------------------------------------------------------------------


@kernel
def remove_waiting(w: World, call: int, now: float) -> None:
    resource = resource_of(w, call)
    remove_from(w, WAITING, call)
    w.down.resources[resource].waiting -= 1
    changed(w, resource, now)


@kernel
def watch_idle(w: World, connection: int, now: float) -> None:
    """Set the timer of an idle connection: for the end of its life or the resource's limit, or for the pool's."""
    it = w.down.entries[connection]
    due_s = min(it.closes_s, now + w.down.uses[it.use].idle_s)
    if due_s < NEVER_S:
        it.forced = 1 if it.closes_s <= due_s else 0
        set_timer(w, connection, due_s)


@kernel
def use_connection(w: World, row: int, use: int, ends_s: float, now: float) -> bool:
    """Use a free connection for the first waiting call, or keep it; return True if the caller must release it."""
    u = w.down.uses[use]
    if w.down.counts[row, use, WAITING] > 0:
        call = w.down.heads[row, use, WAITING]
        remove_waiting(w, call, now)
        begin_call(w, call, ends_s, now)
        return False
    if u.pooled:
        connection = new_entry(w, A_CONNECTION, row, use)
        it = w.down.entries[connection]
        it.ends_s = ends_s
        it.closes_s = min(ends_s, now + w.down.resources[u.resource].server_idle_s)
        append_to(w, IDLE, connection)
        watch_idle(w, connection, now)
        changed(w, u.resource, now)
        return False
    w.down.sizes[row, use] -= 1
    return True


@kernel
def opened(w: World, opening: int, now: float) -> bool:
    """Take an open connection; return True if the caller must release it."""
    it = w.down.entries[opening]
    row, use = it.row, it.use
    remove_from(w, OPENINGS, opening)
    free_entry(w, opening)
    if w.instances[row].exited:
        return True
    return use_connection(w, row, use, now + w.down.uses[use].lifetime_s, now)


@kernel
def connect(w: World, opening: int, now: float) -> bool:
    """Set a connection up, which is granted; return True if the caller must release it."""
    w.down.entries[opening].timer = 0
    resource = resource_of(w, opening)
    seconds = draw(w, 2 * resource + 1)
    to_release = False
    if seconds > 0:
        work(w, opening, seconds, now)
    else:
        to_release = opened(w, opening, now)
    if not to_release:
        changed(w, resource, now)
    return to_release


@kernel
def release_connection(w: World, resource: int, now: float) -> None:
    """Close a connection; the next attempt in the queue gets its place."""
    r = w.down.resources[resource]
    while True:
        opening = r.queue_head
        if opening == NOBODY:
            r.taken -= 1
            break
        leave_queue(w, resource, opening)
        if not connect(w, opening, now):
            break
    changed(w, resource, now)


@kernel
def ask(w: World, opening: int, now: float) -> bool:
    """Ask the resource for a connection, now or later; return False if the attempt is rejected at once."""
    resource = resource_of(w, opening)
    it, r = w.down.entries[opening], w.down.resources[resource]
    if w.down.uses[it.use].pooled:
        asked(w, resource, it.row, now)
    if r.taken < r.connections:
        r.taken += 1
        if connect(w, opening, now):
            release_connection(w, resource, now)
        return True
    if r.queued >= r.queue:
        full(w, resource, now, 0)
        return False
    join_queue(w, resource, opening)
    full(w, resource, now, 1)
    if r.waits:
        set_timer(w, opening, now + r.wait_s)
    return True


@kernel
def withdraw(w: World, opening: int) -> bool:
    """Remove an attempt from the resource's queue and forget it; return False if it does not wait there."""
    if not w.down.entries[opening].queued:
        return False
    leave_queue(w, resource_of(w, opening), opening)
    remove_from(w, OPENINGS, opening)
    free_entry(w, opening)
    return True
