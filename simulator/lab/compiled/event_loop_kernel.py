"""The kernel's event loop, and the platform's operations: instances are added, moved and removed, and they crash."""

from __future__ import annotations

from typing import Final

import numpy as np

from simulator.lab.compiled.balancing_kernel import add_place, discard_place, note_free, take
from simulator.lab.compiled.compiled import entry, kernel
from simulator.lab.compiled.deadline_kernel import close_ranks, count_waiting, leave_line, tell, write_row
from simulator.lab.compiled.heap_kernel import drop_first_event
from simulator.lab.compiled.request_kernel import awaken, done, expire, grant, hold_slot, let_go, look, offer, time_out
from simulator.lab.compiled.state import (
    AT_LIMIT,
    AWAKEN,
    DONE,
    ENDED,
    EXPIRE,
    KIND_BITS,
    LEAST_OUTSTANDING,
    LOOK,
    MARGIN,
    NEEDS_ROOM,
    NO_TIER,
    NOBODY,
    OBEY,
    RANDOM,
    TARGET_BITS,
    TARGETS,
    World,
)
from simulator.lab.compiled.station_kernel import progress

KINDS: Final = 2**KIND_BITS - 1
# Upper bounds of what advancing one request creates: events (its deadline, its end or its instance's completion check,
# another request's expiry) and draws of the random balancing rules (two in each tier).
EVENTS_A_STEP: Final = 3
LOTS_A_STEP: Final = 4


@kernel
def steps_left(w: World) -> int:
    """Return how many requests may be advanced before an array has no free entry or the random draws are used up."""
    p = w.pool[0]
    if w.standing.shape[0] - p.open_end < p.present + MARGIN:
        close_ranks(w)
    steps = min(
        w.rows.shape[0] - p.rows,
        (w.whens.shape[0] - MARGIN - p.events) // EVENTS_A_STEP,
        w.standing.shape[0] - p.open_end,
    )
    if p.failure_share > 0:
        steps = min(steps, p.fate_end - p.fate)
    if p.balancing >= RANDOM:
        steps = min(steps, (p.lot_end - p.lot) // LOTS_A_STEP)
    if p.keeps_latencies:
        steps = min(steps, w.latencies.shape[0] - p.latencies)
    return 0 if p.jobs_full else steps


@entry
def has_room(w: World) -> bool:
    """Return True if the arrays have room for an event that advances every present request."""
    return steps_left(w) >= w.pool[0].present + MARGIN


@kernel
def steps_of_first(w: World) -> int:
    """Return the largest number of requests that the next scheduled event may advance."""
    kind, target = kind_and_target(w)
    if kind == DONE:
        return 1
    if kind == LOOK:
        return 1 + w.instances[target].computing
    return w.pool[0].present + MARGIN


@kernel
def tell_end(w: World) -> None:
    """Notify the platform if it waits for the end of the last request and none is open."""
    p = w.pool[0]
    if p.tells_end and p.present == 0:
        p.tells_end = 0
        tell(w, ENDED, 0, 0)


@kernel
def takes_room(w: World, steps: int) -> bool:
    """Reserve room to advance `steps` requests. The arrays are measured only when the last budget is used up."""
    p = w.pool[0]
    if p.budget < steps:
        p.budget = steps_left(w)
        if p.budget < p.present + MARGIN:
            return False
    p.budget -= steps
    return True


@kernel
def kind_and_target(w: World) -> tuple[int, int]:
    tag = w.tags[0]
    return (tag >> TARGET_BITS) & KINDS, tag & (TARGETS - 1)


@kernel
def next_source(w: World) -> int:
    """Return the source with the earliest next request, or NOBODY if all sources have ended."""
    sources = w.sources
    first = NOBODY
    for source in range(sources.shape[0]):
        it = sources[source]
        if it.over:
            continue
        if (
            first == NOBODY
            or it.when_s < sources[first].when_s
            or (it.when_s == sources[first].when_s and it.order < sources[first].order)
        ):
            first = source
    return first


@kernel
def fire(w: World, source: int, now: float) -> None:
    """Send the source's current request, after setting the source's timer for the next one."""
    p = w.pool[0]
    it = w.sources[source]
    if it.at < it.end:
        p.order += 1
        it.order = p.order
        it.when_s = p.origin_s + w.times[source, it.at]
        it.at += 1
    else:
        it.over = 1
    offer(w, source, now)


@kernel
def play_first(w: World, now: float) -> None:
    """Play the first scheduled event, which is due at `now`."""
    when_s, (kind, target) = w.whens[0], kind_and_target(w)
    drop_first_event(w)
    if kind == DONE:
        done(w, target, now)
    elif kind == LOOK:
        look(w, target, when_s, now)
    elif kind == AWAKEN:
        w.instances[target].held_by -= 1
        awaken(w, target, now)
    elif kind == EXPIRE:
        expire(w, now)
    else:
        time_out(w, now)


@kernel
def source_is_dry(w: World, source: int) -> bool:
    """Return True if the source cannot send until more arrivals, work or request entries are supplied."""
    p = w.pool[0]
    it = w.sources[source]
    return p.work >= p.work_end or p.free_request == NOBODY or (it.at == it.end and not it.last)


@kernel
def sends_first(w: World, source: int) -> bool:
    """Return True if the next request of the source precedes the first scheduled event."""
    when_s, first_s = w.sources[source].when_s, w.whens[0]
    return when_s < first_s or (when_s == first_s and w.sources[source].order < first_order(w))


@kernel
def first_order(w: World) -> int:
    """Return the order number of the first scheduled event."""
    order: int = w.tags[0] >> (TARGET_BITS + KIND_BITS)
    return order


@entry
def advance(w: World, limit_s: float, limit_order: int) -> int:
    """Play every request event before (limit_s, limit_order), or until one concerns the platform.

    Returns the reason why it stopped.
    """
    p = w.pool[0]
    p.budget = 0  # actions of the platform since the last call have used some of the budget
    source = next_source(w)
    while True:
        if source == NOBODY and p.events == 0:
            return AT_LIMIT
        sends = source != NOBODY and sends_first(w, source)
        if sends:
            when_s, order = w.sources[source].when_s, w.sources[source].order
        else:
            when_s, order = w.whens[0], first_order(w)
        if when_s > limit_s or (when_s == limit_s and order > limit_order):
            return AT_LIMIT
        if (sends and source_is_dry(w, source)) or not takes_room(w, 1 if sends else steps_of_first(w)):
            return NEEDS_ROOM
        if when_s > p.now_s:
            p.now_s = when_s
        if sends:
            fire(w, source, p.now_s)
            source = next_source(w)
        else:
            play_first(w, p.now_s)
        p.steps += 1
        tell_end(w)
        if p.commands:
            return OBEY


# --- operations of the platform ---------------------------------------------------------------------------------


@kernel
def carry_out(w: World) -> None:
    """Give the free slots to queued requests. All of them get their slots before the first one begins."""
    p = w.pool[0]
    now = p.now_s
    first = last = NOBODY
    while p.line_head != NOBODY:
        row = take(w)
        if row == NOBODY:
            break
        request = p.line_head
        leave_line(w, request)
        count_waiting(w, now, -1)
        hold_slot(w, request, row, now)
        w.requests[request].line_after = NOBODY
        if last == NOBODY:
            first = request
        else:
            w.requests[last].line_after = request
        last = request
    while first != NOBODY:
        following = w.requests[first].line_after
        grant(w, first, w.requests[first].instance, now)
        first = following


@entry
def enter(w: World, row: int, tier: int) -> None:
    w.pool[0].ready += 1
    add_place(w, tier, row)
    carry_out(w)


@entry
def move(w: World, row: int, tier: int) -> None:
    instance = w.instances[row]
    if instance.tier != NO_TIER:
        discard_place(w, row)
        add_place(w, tier, row)


@entry
def leave(w: World, row: int) -> None:
    w.pool[0].ready -= 1
    discard_place(w, row)


@entry
def lose(w: World, row: int, status: int) -> None:
    """Fail the requests of an instance that has crashed."""
    p = w.pool[0]
    w.instances[row].gone = 1
    for place in range(p.open_first, p.open_end):
        request = w.standing[place]
        if request != NOBODY and w.requests[request].instance == row:
            let_go(w, request, p.now_s, 0)
            write_row(w, request, p.now_s, status)
    tell_end(w)


@entry
def resize(w: World, capacity: int, rows: np.ndarray) -> None:
    """Set another MaxConcurrency. `rows` lists the instances in service in the order in which they were added."""
    p = w.pool[0]
    p.capacity = capacity
    if p.balancing == LEAST_OUTSTANDING:
        w.tiers[0].lowest = w.tiers[1].lowest = 0
    else:
        for row in rows:
            note_free(w, w.instances[row].tier, row)
    carry_out(w)


@entry
def cpu_used_s(w: World, row: int, now: float) -> float:
    progress(w, row, now)
    used_s: float = w.instances[row].used_s
    return used_s
