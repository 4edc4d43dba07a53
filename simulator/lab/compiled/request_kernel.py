"""The part of a pool that processes requests (fleet/pool/pool.py, rules/admission.py, rules/meter.py).

One function per rule.
"""

from __future__ import annotations

from typing import Final

from simulator.fleet.simulated.application import REFUSED_STATUS
from simulator.lab.compiled.background.background_kernel import work_after_request
from simulator.lab.compiled.balancing_kernel import free_slot, take
from simulator.lab.compiled.compiled import inlined, kernel, only_with_calls
from simulator.lab.compiled.deadline_kernel import (
    close_request,
    count_present,
    count_waiting,
    forget,
    join_line,
    leave_line,
    longest_open,
    open_request,
    tell,
    watch_line,
    write_rejected,
    write_row,
)
from simulator.lab.compiled.heap_kernel import schedule
from simulator.lab.compiled.kinds.kinds_kernel import draw_work, number_of, take_work
from simulator.lab.compiled.state import (
    AWAKEN,
    DEADLINE,
    FATAL_S,
    LOST_S,
    NO_TIER,
    NOBODY,
    OUT_OF_MEMORY,
    QUIET,
    TIMERS,
    WAITED,
    WOKE,
    World,
)
from simulator.lab.compiled.station_kernel import arm, begin, leave_station
from simulator.model import rejection

OVERFLOW: Final = int(rejection.OVERFLOW.status)
QUEUE_TIMEOUT: Final = int(rejection.QUEUE_TIMEOUT.status)
UNAVAILABLE: Final = int(rejection.UNAVAILABLE.status)
TIMEOUT: Final = int(rejection.TIMEOUT.status)
OK, FAILED = 200, 500
REFUSED: Final = int(REFUSED_STATUS)

# --- one slot ------------------------------------------------------------------------------------------------------


@kernel
def awaken(w: World, row: int, now: float) -> None:
    """Make the instance active; requests that were assigned to it in the meantime begin now.

    Do nothing if it has become idle again.
    """
    instance = w.instances[row]
    if instance.idle:
        return
    instance.awake = 1
    request = instance.pending_head
    instance.pending_head = instance.pending_tail = NOBODY
    while request != NOBODY:
        it = w.requests[request]
        following = it.chain
        if it.place != NOBODY:
            it.cold_s += now - it.granted_s
            begin(w, request, now)
        else:
            forget(w, request)
        request = following


@kernel
def begin_awake(w: World, request: int, row: int, now: float) -> None:
    p = w.pool[0]
    instance = w.instances[row]
    w.requests[request].chain = NOBODY
    if instance.pending_tail == NOBODY:
        instance.pending_head = request
    else:
        w.requests[instance.pending_tail].chain = request
    instance.pending_tail = request
    if instance.idle:
        instance.idle = 0
        tell(w, WOKE, row, 0)
        wake_s = 0.0
        if p.takes_wakes:
            wake_s = w.wakes[p.wake]
            p.wake += 1
        if wake_s > 0:
            instance.held_by += 1
            schedule(w, now + wake_s, AWAKEN, row)
        else:
            awaken(w, row, now)


@inlined
def hold_slot(w: World, request: int, row: int, now: float) -> None:
    it = w.requests[request]
    it.instance = row
    it.granted_s = now
    w.instances[row].held_by += 1


@inlined
def grant(w: World, request: int, row: int, now: float) -> None:
    """Assign a slot to the request."""
    it = w.requests[request]
    instance = w.instances[row]
    if instance.ready_s > it.arrived_s:
        it.cold_s = instance.ready_s - max(it.arrived_s, instance.wanted_s)
    if instance.awake:
        begin(w, request, now)
    else:
        begin_awake(w, request, row, now)


@inlined
def vacate(w: World, row: int, now: float) -> None:
    """Free a slot.

    The longest waiting request gets it, unless the instance has left service or exceeds MaxConcurrency.
    """
    p = w.pool[0]
    instance = w.instances[row]
    if instance.tier == NO_TIER:
        instance.outstanding -= 1
    else:
        free_slot(w, row)
        if p.line_head != NOBODY:
            other = take(w)
            if other != NOBODY:
                request = p.line_head
                leave_line(w, request)
                count_waiting(w, now, -1)
                hold_slot(w, request, other, now)
                grant(w, request, other, now)
                return
    if instance.outstanding == 0:
        instance.idle_since_s = now
        if not instance.watched and (instance.draining or p.tells_quiet):
            p.order += TIMERS  # order numbers of the timers that the platform sets for the instance
            tell(w, QUIET, row, p.order)


@inlined
def release(w: World, request: int, now: float) -> None:
    p = w.pool[0]
    it = w.requests[request]
    count_present(w, now, -1)
    p.finished += 1
    p.service_s += now - it.granted_s
    if p.keeps_latencies:
        w.latencies[p.latencies] = now - it.arrived_s
        p.latencies += 1
    vacate(w, it.instance, now)


@kernel
def let_go(w: World, request: int, now: float, rejected: int) -> None:
    """End the request without an answer from the application."""
    p = w.pool[0]
    it = w.requests[request]
    close_request(w, request)
    if it.instance == NOBODY:
        leave_line(w, request)
        count_waiting(w, now, -1)
        count_present(w, now, -1)
        p.rejected += rejected
    else:
        release(w, request, now)


@kernel
def forget_if_unheld(w: World, request: int) -> None:
    """Free the entry of a request that was let go if it was queued, or if the calls that it waits for have ended with
    its instance; otherwise its instance still works on it, or has it pending.
    """
    it = w.requests[request]
    if it.instance == NOBODY or it.io_s == LOST_S or is_dead(w, request):
        forget(w, request)


@only_with_calls(default=False)
def is_dead(w: World, request: int) -> bool:
    """Return whether its instance has ended while it called a downstream resource: no event concerns it any more."""
    dead: bool = w.down.sequences[request].dead == 1
    return dead


@only_with_calls(default=0)
def arrive_with(w: World, request: int, may: int) -> int:
    """Note which uses of downstream resources an arriving request may call."""
    w.down.sequences[request].may = may
    w.down.sequences[request].dead = 0
    return 0


@inlined
def finish(w: World, request: int, now: float, failed: int) -> None:
    """End a request that its instance has finished; its answer is an error if `failed`."""
    p = w.pool[0]
    it = w.requests[request]
    row = it.instance
    if p.has_memory:
        w.instances[row].at_work -= 1
    if p.workers != NOBODY:
        leave_station(w, row, now)
        arm(w, row)
    if it.place != NOBODY and not w.instances[row].gone:
        status = FAILED if failed else OK
        if p.failure_share > 0:
            if w.fates[p.fate] < p.failure_share:
                status = FAILED
            p.fate += 1
        close_request(w, request)
        release(w, request, now)
        write_row(w, request, now, status)
        if p.works:
            work_after_request(w, row, now)
    forget(w, request)


@kernel
def end_unworked(w: World, request: int, now: float) -> None:
    """Answer a request that its instance rejects, or end the instance because of it (fleet/simulated/driver.py)."""
    p = w.pool[0]
    it = w.requests[request]
    if it.io_s == FATAL_S:
        tell(w, OUT_OF_MEMORY, it.instance, 0)
        it.io_s = LOST_S
        if it.place == NOBODY:
            forget(w, request)
        return
    if p.has_memory:
        w.instances[it.instance].at_work -= 1
    if it.place != NOBODY and not w.instances[it.instance].gone:
        close_request(w, request)
        release(w, request, now)
        write_row(w, request, now, REFUSED)
    forget(w, request)


# --- events ----------------------------------------------------------------------------------------------------------


@inlined
def offer(w: World, source: int, now: float, may: int, kind: int) -> None:
    """Process an arriving request: it gets a slot, a place in the queue, or a rejection. `may`: the uses of downstream
    resources that it may call, as bits.
    """
    p = w.pool[0]
    p.arrivals += 1
    at, number = draw_work(w, kind), number_of(w, source, kind)
    row = take(w) if p.line_head == NOBODY else NOBODY
    if row == NOBODY and (p.wait_s <= 0 or p.waiting >= p.queue):
        p.rejected += 1
        write_rejected(w, number, now, OVERFLOW if p.ready or p.waiting else UNAVAILABLE)
        return
    count_present(w, now, 1)
    request = p.free_request
    it = w.requests[request]
    p.free_request = it.chain
    it.arrived_s = now
    it.begun_s = -1.0
    it.cold_s = 0.0
    take_work(w, request, kind, at)
    it.source = number
    it.instance = NOBODY
    arrive_with(w, request, may)
    open_request(w, request)
    if row != NOBODY:
        hold_slot(w, request, row, now)
        grant(w, request, row, now)
    else:
        join_line(w, request)
        count_waiting(w, now, 1)
        watch_line(w)
        if p.reacts_to_queue:
            tell(w, WAITED, 0, 0)


@kernel
def expire(w: World, now: float) -> None:
    """End the requests whose queue timeout has expired."""
    p = w.pool[0]
    p.expiry_armed = 0
    while p.line_head != NOBODY and w.requests[p.line_head].arrived_s + p.wait_s <= now:
        request = p.line_head
        let_go(w, request, now, 1)
        write_row(w, request, now, QUEUE_TIMEOUT if p.ready else UNAVAILABLE)
        forget(w, request)
    watch_line(w)


@kernel
def time_out(w: World, now: float) -> None:
    """End the requests whose total time is used up."""
    p = w.pool[0]
    request = longest_open(w)
    while request != NOBODY and w.requests[request].arrived_s + p.timeout_s <= now:
        let_go(w, request, now, 0)
        write_row(w, request, now, TIMEOUT)
        forget_if_unheld(w, request)
        request = longest_open(w)
    p.deadline_armed = 0
    if request != NOBODY:
        p.deadline_armed = 1
        schedule(w, w.requests[request].arrived_s + p.timeout_s, DEADLINE, 0)
