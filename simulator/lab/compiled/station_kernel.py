"""The service discipline (rules/stations/discipline.py) and the timer of an instance (fleet/simulated/driver.py).

It adds the same terms in the same order as the virtual loop, so that the virtual work is equal to the last digit.
"""

from __future__ import annotations

from typing import Any, Final

from simulator.lab.compiled.compiled import kernel
from simulator.lab.compiled.heap_kernel import pop_job, push_job, schedule
from simulator.lab.compiled.state import LOOK, NOBODY, World
from simulator.rules.stations.discipline import EPSILON_S as _EPSILON_S

EPSILON_S: Final = float(_EPSILON_S)
NEVER_S: Final = float("inf")


@kernel
def progress(station: Any, now: float) -> None:
    """Advance the virtual work of an instance or a downstream resource to `now`."""
    if station.computing:
        grown_s = (now - station.at_s) * station.rate
        station.v += grown_s
        station.used_s += grown_s * station.computing
    station.at_s = now


@kernel
def share(w: World, row: int) -> None:
    station = w.instances[row]
    vcpu = w.pool[0].vcpu
    station.rate = vcpu / station.computing if station.computing > vcpu else 1.0


@kernel
def start_job(w: World, row: int, request: int, now: float) -> None:
    p = w.pool[0]
    station = w.instances[row]
    progress(station, now)
    station.job_order += 1
    push_job(w.jobs[row], station, station.v + w.requests[request].cpu_s, station.job_order, request)
    share(w, row)
    if station.computing + p.capacity + 4 > w.jobs.shape[1]:
        p.jobs_full = 1
        p.budget = 0


@kernel
def arrive_at_station(w: World, row: int, request: int, now: float) -> None:
    workers = w.pool[0].workers
    station = w.instances[row]
    if workers != NOBODY and station.busy_workers >= workers:
        w.requests[request].chain = NOBODY
        if station.backlog_tail == NOBODY:
            station.backlog_head = request
        else:
            w.requests[station.backlog_tail].chain = request
        station.backlog_tail = request
        return
    station.busy_workers += 1
    start_job(w, row, request, now)


@kernel
def leave_station(w: World, row: int, now: float) -> None:
    station = w.instances[row]
    request = station.backlog_head
    if request == NOBODY:
        station.busy_workers -= 1
        return
    station.backlog_head = w.requests[request].chain
    if station.backlog_head == NOBODY:
        station.backlog_tail = NOBODY
    start_job(w, row, request, now)


@kernel
def arm(w: World, row: int) -> None:
    """Set the timer for the next end of a computation."""
    station = w.instances[row]
    if not station.computing:
        return
    next_s = station.at_s + max(0.0, w.jobs[row, 0].v - station.v) / station.rate
    if next_s < station.armed_s:
        station.armed_s = next_s
        station.held_by += 1
        schedule(w, next_s, LOOK, row)


@kernel
def computed(w: World, row: int, now: float) -> int:
    """Return the first request whose CPU work is done by `now`; the others are chained to it in order of ending."""
    station = w.instances[row]
    progress(station, now)
    soonest_s = now + EPSILON_S
    first = last = NOBODY
    while station.computing and now + (w.jobs[row, 0].v - station.v) / station.rate <= soonest_s:
        request = pop_job(w.jobs[row], station)
        w.requests[request].chain = NOBODY
        if last == NOBODY:
            first = request
        else:
            w.requests[last].chain = request
        last = request
        share(w, row)
    if not station.computing:
        station.v = 0.0
    return first
