"""State of requests: the meter, rows of ended requests, open requests, and the queue in order of arrival.

Counterparts: rules/meter.py, fleet/pool/deadlines.py, and the queue of rules/admission.py.
"""

from __future__ import annotations

from simulator.lab.compiled.compiled import inlined, kernel
from simulator.lab.compiled.heap_kernel import schedule
from simulator.lab.compiled.state import DEADLINE, EXPIRE, NOBODY, World

# --- notifications to the platform ----------------------------------------------------------------------------------


@kernel
def tell(w: World, kind: int, row: int, order: int) -> None:
    p = w.pool[0]
    command = w.commands[p.commands]
    command[0], command[1], command[2] = kind, row, order
    p.commands += 1


# --- the meter ---------------------------------------------------------------------------------------------------


@inlined
def count_present(w: World, now: float, by: int) -> None:
    p = w.pool[0]
    p.present_s += p.present * (now - p.present_at_s)
    p.present_at_s = now
    p.present += by


@kernel
def count_waiting(w: World, now: float, by: int) -> None:
    p = w.pool[0]
    p.waiting_s += p.waiting * (now - p.waiting_at_s)
    p.waiting_at_s = now
    p.waiting += by


# --- records -----------------------------------------------------------------------------------------------------


@inlined
def write_row(w: World, request: int, now: float, status: int) -> None:
    """Write the row of a request that has ended."""
    p = w.pool[0]
    it = w.requests[request]
    row = w.rows[p.rows]
    p.rows += 1
    if it.begun_s >= 0:
        row.queue_s = it.begun_s - it.arrived_s - it.cold_s
        row.service_s = now - it.begun_s
    else:
        row.queue_s = now - it.arrived_s - it.cold_s
        row.service_s = 0.0
    row.intended_s = it.arrived_s - p.origin_s
    row.latency_s = now - it.arrived_s
    row.cold_s = it.cold_s
    row.source = it.source
    row.status = status
    row.instance = w.instances[it.instance].number if it.instance != NOBODY else 0


@kernel
def write_rejected(w: World, source: int, now: float, status: int) -> None:
    """Write the row of a request that is rejected on arrival."""
    p = w.pool[0]
    row = w.rows[p.rows]
    p.rows += 1
    row.intended_s = now - p.origin_s
    row.latency_s = row.queue_s = row.cold_s = row.service_s = 0.0
    row.source = source
    row.status = status
    row.instance = 0


@kernel
def forget(w: World, request: int) -> None:
    """Free the request's entry, to which nothing refers any more."""
    it = w.requests[request]
    if it.instance != NOBODY:
        w.instances[it.instance].held_by -= 1
    it.chain = w.pool[0].free_request
    w.pool[0].free_request = request


# --- open requests, in order of arrival ----------------------------------------------------------------------------


@inlined
def open_request(w: World, request: int) -> None:
    p = w.pool[0]
    it = w.requests[request]
    place = p.open_end
    p.open_end = place + 1
    w.standing[place] = request
    it.place = place
    if not p.deadline_armed:
        p.deadline_armed = 1
        schedule(w, it.arrived_s + p.timeout_s, DEADLINE, 0)


@inlined
def close_request(w: World, request: int) -> None:
    it = w.requests[request]
    w.standing[it.place] = NOBODY
    it.place = NOBODY


@kernel
def longest_open(w: World) -> int:
    """Return the open request that arrived first."""
    p = w.pool[0]
    first = p.open_first
    while first < p.open_end and w.standing[first] == NOBODY:
        first += 1
    p.open_first = first
    return w.standing[first] if first < p.open_end else NOBODY


@kernel
def close_ranks(w: World) -> None:
    """Compact the array of open requests by removing the gaps of ended ones."""
    p = w.pool[0]
    end = 0
    for place in range(p.open_first, p.open_end):
        request = w.standing[place]
        if request != NOBODY:
            w.standing[end] = request
            w.requests[request].place = end
            end += 1
    p.open_first = 0
    p.open_end = end


# --- the queue -----------------------------------------------------------------------------------------------------


@kernel
def join_line(w: World, request: int) -> None:
    """Append an arriving request to the queue."""
    p = w.pool[0]
    it = w.requests[request]
    it.line_before = p.line_tail
    it.line_after = NOBODY
    if p.line_tail == NOBODY:
        p.line_head = request
    else:
        w.requests[p.line_tail].line_after = request
    p.line_tail = request


@kernel
def leave_line(w: World, request: int) -> None:
    p = w.pool[0]
    it = w.requests[request]
    if it.line_before == NOBODY:
        p.line_head = it.line_after
    else:
        w.requests[it.line_before].line_after = it.line_after
    if it.line_after == NOBODY:
        p.line_tail = it.line_before
    else:
        w.requests[it.line_after].line_before = it.line_before


@kernel
def watch_line(w: World) -> None:
    p = w.pool[0]
    if p.line_head != NOBODY and not p.expiry_armed:
        p.expiry_armed = 1
        schedule(w, w.requests[p.line_head].arrived_s + p.wait_s, EXPIRE, 0)
