"""The service discipline (rules/stations) and the timer of an instance (fleet/simulated/driver.py).

It adds the same terms in the same order as the virtual loop, so that the virtual work is equal to the last digit.
"""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np

from simulator.lab.compiled.compiled import inlined, kernel, with_quota
from simulator.lab.compiled.heap_kernel import pop_job, push_job, schedule
from simulator.lab.compiled.state import DONE, FATAL_S, LOOK, NOBODY, REFUSED_S, World
from simulator.rules.stations.discipline import EPSILON_S as _EPSILON_S

EPSILON_S: Final = float(_EPSILON_S)
NEVER_S: Final = float("inf")


@inlined
def progress(station: Any, now: float) -> None:
    """Advance the virtual work of an instance or a downstream resource to `now`."""
    if station.computing:
        grown_s = (now - station.at_s) * station.rate
        station.v += grown_s
        station.used_s += grown_s * station.computing * station.slowdown
    station.at_s = now


@kernel
def slow_down(station: Any, contention: float, coherency: float) -> None:
    """Reduce the rate of what computes at the same time by what it costs each other (rules/stations/cpu_use.py)."""
    computing = int(station.computing)
    more = max(0, computing - 1)
    station.slowdown = 1 + contention * more + coherency * computing * more
    station.rate /= station.slowdown


# --- a CPU quota (rules/stations/cpu_quota.py) -----------------------------------------------------------------------


@kernel
def used_per_s(w: World, row: int) -> int:
    """Return the CPU seconds used in a second of run time."""
    return min(np.int64(w.instances[row].computing), w.pool[0].busy_max)


@kernel
def period_end_s(w: World, row: int) -> float:
    quota = w.quotas[row]
    end_s: float = quota.since_s + (quota.period + 1) * w.pool[0].period_s
    return end_s


def advance_in_periods(w: World, row: int, now: float) -> None:
    p, station, quota = w.pool[0], w.instances[row], w.quotas[row]
    run_s = 0.0
    used = used_per_s(w, row)
    end_s = period_end_s(w, row)
    if now >= end_s:
        if used:
            run_s = min(end_s - station.at_s, quota.left_s / used)
        passed = np.int64(math.floor((now - end_s) / p.period_s))
        if used:
            run_s += passed * min(p.period_s, p.quota_s / used)
        station.at_s = end_s + passed * p.period_s
        quota.period += passed + 1
        quota.left_s = p.quota_s
    if used:
        more_s = min(max(0.0, now - station.at_s), quota.left_s / used)
        quota.left_s -= more_s * used
        run_s += more_s
        station.v += run_s * station.rate
        station.used_s += run_s * used
    station.at_s = now


def share_cores(w: World, row: int) -> None:
    p, station = w.pool[0], w.instances[row]
    computing = np.int64(station.computing)
    if not computing:
        station.rate = 1.0
        return
    busy = min(computing, p.busy_max)
    shared = max(0, busy - (p.cores + 1) // 2)
    station.rate = (busy - 2 * shared + 2 * shared * p.shared_core_speed) / computing
    if p.contention or p.coherency:
        slow_down(station, p.contention, p.coherency)


def quota_end_s(w: World, row: int) -> float:
    p, station, quota = w.pool[0], w.instances[row], w.quotas[row]
    run_s = max(0.0, w.jobs[row, 0].v - station.v) / station.rate
    used = used_per_s(w, row)
    end_s = period_end_s(w, row)
    first_s = min(end_s - station.at_s, quota.left_s / used)
    if run_s <= first_s + EPSILON_S:
        now_s: float = station.at_s + run_s
        return now_s
    run_s -= first_s
    full_s = min(p.period_s, p.quota_s / used)
    periods = max(0, np.int64(math.ceil(run_s / full_s - EPSILON_S)) - 1)
    later_s: float = end_s + periods * p.period_s + (run_s - periods * full_s)
    return later_s


# --- the station of an instance --------------------------------------------------------------------------------------


@with_quota(advance_in_periods)
def advance_station(w: World, row: int, now: float) -> None:
    progress(w.instances[row], now)


@with_quota(share_cores)
def share(w: World, row: int) -> None:
    station = w.instances[row]
    p = w.pool[0]
    station.rate = p.usable / station.computing if station.computing > p.usable else 1.0
    if p.contention or p.coherency:
        slow_down(station, p.contention, p.coherency)


@with_quota(quota_end_s)
def end_s(w: World, row: int) -> float:
    """Return when the next computation ends if none begins; at least one is in progress."""
    station = w.instances[row]
    when_s: float = station.at_s + max(0.0, w.jobs[row, 0].v - station.v) / station.rate
    return when_s


@kernel
def wait_for_turn(w: World, row: int, request: int) -> None:
    """Append the request to those that wait for their turn to compute."""
    station = w.instances[row]
    w.requests[request].chain = NOBODY
    if station.turn_tail == NOBODY:
        station.turn_head = request
    else:
        w.requests[station.turn_tail].chain = request
    station.turn_tail = request
    station.in_turn += 1


@kernel
def take_turn(w: World, row: int, since_v: float) -> None:
    """Start the first request that waits for its turn."""
    station = w.instances[row]
    request = station.turn_head
    station.turn_head = w.requests[request].chain
    if station.turn_head == NOBODY:
        station.turn_tail = NOBODY
    station.in_turn -= 1
    station.job_order += 1
    push_job(w.jobs[row], station, since_v + w.requests[request].cpu_s, station.job_order, request)


@inlined
def start_job(w: World, row: int, request: int, now: float) -> None:
    p = w.pool[0]
    station = w.instances[row]
    advance_station(w, row, now)
    if station.computing >= p.turns:
        wait_for_turn(w, row, request)
        return
    station.job_order += 1
    push_job(w.jobs[row], station, station.v + w.requests[request].cpu_s, station.job_order, request)
    share(w, row)
    if station.computing + p.capacity + p.works + 4 > w.jobs.shape[1]:
        p.jobs_full = 1
        p.budget = 0


@inlined
def begin(w: World, request: int, now: float) -> None:
    """Begin the request at its instance, which is active."""
    p, it = w.pool[0], w.requests[request]
    it.begun_s = now
    it.visits_left = 0
    if p.has_memory:
        instance = w.instances[it.instance]
        instance.at_work += 1
        if p.rest_bytes + instance.at_work * p.request_bytes > p.memory_bytes:
            it.io_s = FATAL_S
            schedule(w, now, DONE, request)
            return
    if it.cpu_s > 0 or p.all_arrive:
        if p.visits > 1:
            it.visits_left = p.visits - 1
            it.cpu_s /= p.visits
            it.io_s /= p.visits
        if arrive_at_station(w, it.instance, request, now):
            arm(w, it.instance)
        else:
            it.io_s = REFUSED_S
            schedule(w, now, DONE, request)
    else:
        schedule(w, now + it.io_s, DONE, request)


@inlined
def arrive_at_station(w: World, row: int, request: int, now: float) -> bool:
    """Return False if the request is rejected."""
    p = w.pool[0]
    station = w.instances[row]
    if p.workers != NOBODY and station.busy_workers >= p.workers:
        if station.in_backlog >= p.backlog:
            return False
        station.in_backlog += 1
        w.requests[request].chain = NOBODY
        if station.backlog_tail == NOBODY:
            station.backlog_head = request
        else:
            w.requests[station.backlog_tail].chain = request
        station.backlog_tail = request
        return True
    station.busy_workers += 1
    start_job(w, row, request, now)
    return True


@inlined
def leave_station(w: World, row: int, now: float) -> None:
    station = w.instances[row]
    request = station.backlog_head
    if request == NOBODY:
        station.busy_workers -= 1
        return
    station.in_backlog -= 1
    station.backlog_head = w.requests[request].chain
    if station.backlog_head == NOBODY:
        station.backlog_tail = NOBODY
    start_job(w, row, request, now)


@inlined
def arm(w: World, row: int) -> None:
    """Set the timer for the next end of a computation."""
    station = w.instances[row]
    if not station.computing:
        return
    next_s = end_s(w, row)
    if next_s < station.armed_s:
        station.armed_s = next_s
        station.held_by += 1
        schedule(w, next_s, LOOK, row)


@kernel
def visit_again(w: World, request: int, now: float) -> None:
    """Begin the next visit to the CPU of a request that has waited for its I/O."""
    it = w.requests[request]
    it.visits_left -= 1
    start_job(w, it.instance, request, now)
    arm(w, it.instance)


@inlined
def computed(w: World, row: int, now: float) -> int:
    """Return the first request whose CPU work is done by `now`; the others are chained to it in order of ending."""
    station = w.instances[row]
    advance_station(w, row, now)
    soonest_s = now + EPSILON_S
    first = last = NOBODY
    while station.computing and end_s(w, row) <= soonest_s:
        ended_v = w.jobs[row, 0].v
        request = pop_job(w.jobs[row], station)
        if station.in_turn:
            take_turn(w, row, ended_v)
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
