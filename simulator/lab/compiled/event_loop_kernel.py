"""The kernel's event loop, and the platform's operations: instances are added, moved and removed, and they crash."""

from __future__ import annotations

from typing import Final

import numpy as np

from simulator.lab.compiled.background.background_kernel import background_left, interval_passed, without_jobs
from simulator.lab.compiled.balancing_kernel import add_place, discard_place, note_free, take
from simulator.lab.compiled.compiled import inlined, kernel, world_entry
from simulator.lab.compiled.deadline_kernel import close_ranks, count_waiting, forget, leave_line, tell, write_row
from simulator.lab.compiled.downstream.call_kernel import begin_calls
from simulator.lab.compiled.downstream.event_kernel import calls_left, play_call
from simulator.lab.compiled.heap_kernel import drop_first_event, schedule
from simulator.lab.compiled.input.source_kernel import fire, next_source, source_is_dry
from simulator.lab.compiled.request_kernel import (
    awaken,
    end_unworked,
    expire,
    finish,
    grant,
    hold_slot,
    is_dead,
    let_go,
    time_out,
)
from simulator.lab.compiled.state import (
    AT_LIMIT,
    AWAKEN,
    DEADLINE,
    DONE,
    ENDED,
    EVENTS_A_STEP,
    EXPIRE,
    KIND_BITS,
    LEAST_OUTSTANDING,
    LOOK,
    LOST_S,
    MARGIN,
    NEEDS_ROOM,
    NO_TIER,
    NOBODY,
    OBEY,
    RANDOM,
    TARGET_BITS,
    TARGETS,
    TICK_S,
    World,
)
from simulator.lab.compiled.station_kernel import advance_station, arm, computed, visit_again

KINDS: Final = 2**KIND_BITS - 1
# Upper bound of the draws of the random balancing rules that advancing one request needs (two in each tier).
LOTS_A_STEP: Final = 4


@kernel
def crowd(w: World) -> int:
    """Return the largest number of requests and calls that one event may move."""
    p = w.pool[0]
    most: int = p.present + p.entries + p.opened_at_start + MARGIN
    return most


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
    if p.takes_wakes:
        steps = min(steps, p.wake_end - p.wake)
    if p.balancing >= RANDOM:
        steps = min(steps, (p.lot_end - p.lot) // LOTS_A_STEP)
    if p.keeps_latencies:
        steps = min(steps, w.latencies.shape[0] - p.latencies)
    if p.uses:
        steps = min(steps, calls_left(w))
    if p.works:
        steps = min(steps, background_left(w))
    return 0 if p.jobs_full else steps


@world_entry
def has_room(w: World) -> bool:
    """Return True if an event that moves every request present would fit into the arrays."""
    return steps_left(w) >= crowd(w)


@inlined
def steps_of_first(w: World) -> int:
    """Return the largest number of requests that the next scheduled event may advance."""
    kind, target = kind_and_target(w)
    if w.pool[0].uses:
        return crowd(w)
    if kind == DONE:
        return 1
    if kind == LOOK:
        return 1 + w.instances[target].computing + w.instances[target].in_turn
    return crowd(w)


@inlined
def tell_end(w: World) -> None:
    """Notify the platform if it waits for the end of the last request and none is open."""
    p = w.pool[0]
    if p.tells_end and p.present == 0:
        p.tells_end = 0
        tell(w, ENDED, 0, 0)


@inlined
def takes_room(w: World, steps: int) -> bool:
    """Reserve room to advance `steps` requests. The arrays are measured only when the last budget is used up."""
    p = w.pool[0]
    if p.budget < steps:
        p.budget = steps_left(w)
        if p.budget < crowd(w):
            return False
    p.budget -= steps
    return True


@inlined
def kind_and_target(w: World) -> tuple[int, int]:
    tag = w.tags[0]
    return (tag >> TARGET_BITS) & KINDS, tag & (TARGETS - 1)


@inlined
def done(w: World, request: int, now: float) -> None:
    """End a request that has waited for its I/O, or begin its next visit to the CPU or its calls of downstream
    resources.
    """
    if w.requests[request].io_s == TICK_S:
        interval_passed(w, request, now)
    elif w.requests[request].io_s < 0:
        end_unworked(w, request, now)
    elif w.requests[request].visits_left:
        visit_again(w, request, now)
    elif not begin_calls(w, request, now):
        finish(w, request, now, 0)


@inlined
def look(w: World, row: int, armed_s: float, now: float) -> None:
    """Move the requests whose computation has ended on to their I/O."""
    station = w.instances[row]
    station.held_by -= 1
    if armed_s != station.armed_s:
        return  # an earlier timer has done this already
    station.armed_s = float("inf")
    request = computed(w, row, now)
    if w.pool[0].works:
        request = without_jobs(w, row, request, now)
    while request != NOBODY:
        following = w.requests[request].chain
        if w.requests[request].io_s > 0:
            schedule(w, now + w.requests[request].io_s, DONE, request)
        else:
            done(w, request, now)
        request = following
    arm(w, row)


@inlined
def play_first(w: World, now: float) -> None:
    """Play the first scheduled event, which is due at `now`."""
    when_s, (kind, target) = w.whens[0], kind_and_target(w)
    order = first_order(w)
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
    elif kind == DEADLINE:
        time_out(w, now)
    else:
        play_call(w, kind, target, order, when_s, now)


@inlined
def sends_first(w: World, source: int) -> bool:
    """Return True if the next request of the source precedes the first scheduled event."""
    when_s, first_s = w.sources[source].when_s, w.whens[0]
    return when_s < first_s or (when_s == first_s and w.sources[source].order < first_order(w))


@inlined
def first_order(w: World) -> int:
    """Return the order number of the first scheduled event."""
    order: int = w.tags[0] >> (TARGET_BITS + KIND_BITS)
    return order


@world_entry
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


@world_entry
def enter(w: World, row: int, tier: int) -> None:
    w.pool[0].ready += 1
    add_place(w, tier, row)
    carry_out(w)


@world_entry
def move(w: World, row: int, tier: int) -> None:
    instance = w.instances[row]
    if instance.tier != NO_TIER:
        discard_place(w, row)
        add_place(w, tier, row)


@world_entry
def leave(w: World, row: int) -> None:
    w.pool[0].ready -= 1
    discard_place(w, row)


@world_entry
def lose(w: World, row: int, status: int) -> None:
    """Fail the requests of an instance that has crashed."""
    p = w.pool[0]
    w.instances[row].gone = 1
    for place in range(p.open_first, p.open_end):
        request = w.standing[place]
        if request != NOBODY and w.requests[request].instance == row:
            let_go(w, request, p.now_s, 0)
            write_row(w, request, p.now_s, status)
            if w.requests[request].io_s == LOST_S or is_dead(w, request):
                forget(w, request)
    tell_end(w)


@world_entry
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


@world_entry
def cpu_used_s(w: World, row: int, now: float) -> float:
    advance_station(w, row, now)
    used_s: float = w.instances[row].used_s
    return used_s
