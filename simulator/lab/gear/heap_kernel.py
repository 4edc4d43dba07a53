"""Two heaps: the events of the requests by (when, order), the computations of an instance by (virtual work, order)."""

from __future__ import annotations

from simulator.lab.gear.compiled import kernel
from simulator.lab.gear.state import World


@kernel
def schedule(w: World, when_s: float, kind: int, target: int) -> None:
    """An event; it comes after all that are scheduled for that instant, the platform's timers among them."""
    p = w.pool[0]
    events = w.events
    p.order += 1
    order = p.order
    at = p.events
    p.events = at + 1
    while at > 0:
        above = (at - 1) >> 1
        if events[above].when_s <= when_s:  # the newest order is the highest: equal times stay above
            break
        events[at] = events[above]
        at = above
    slot = events[at]
    slot.when_s = when_s
    slot.order = order
    slot.kind = kind
    slot.target = target


@kernel
def drop_first_event(w: World) -> None:
    p = w.pool[0]
    events = w.events
    count = p.events - 1
    p.events = count
    if count == 0:
        return
    last = events[count]
    when_s, order = last.when_s, last.order
    at = 0
    while True:
        below = 2 * at + 1
        if below >= count:
            break
        right = below + 1
        if right < count:
            a, b = events[right], events[below]
            if a.when_s < b.when_s or (a.when_s == b.when_s and a.order < b.order):
                below = right
        child = events[below]
        if when_s < child.when_s or (when_s == child.when_s and order < child.order):
            break
        events[at] = child
        at = below
    events[at] = last


@kernel
def push_job(w: World, row: int, v: float, order: int, request: int) -> None:
    jobs = w.jobs[row]
    instance = w.instances[row]
    at = instance.computing
    instance.computing = at + 1
    while at > 0:
        above = (at - 1) >> 1
        if jobs[above].v <= v:
            break
        jobs[at] = jobs[above]
        at = above
    jobs[at].v = v
    jobs[at].order = order
    jobs[at].request = request


@kernel
def pop_job(w: World, row: int) -> int:
    """The request whose computation ends first."""
    jobs = w.jobs[row]
    instance = w.instances[row]
    request: int = jobs[0].request
    count = instance.computing - 1
    instance.computing = count
    if count == 0:
        return request
    v, order = jobs[count].v, jobs[count].order
    at = 0
    while True:
        below = 2 * at + 1
        if below >= count:
            break
        right = below + 1
        if right < count and (
            jobs[right].v < jobs[below].v or (jobs[right].v == jobs[below].v and jobs[right].order < jobs[below].order)
        ):
            below = right
        if v < jobs[below].v or (v == jobs[below].v and order < jobs[below].order):
            break
        jobs[at] = jobs[below]
        at = below
    jobs[at] = jobs[count]
    return request
