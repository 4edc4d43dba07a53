"""What is recorded of a downstream resource (records/downstream, fleet/simulated/connection_watch.py)."""

from __future__ import annotations

from typing import Final

from simulator.fleet.simulated import connection_watch
from simulator.lab.compiled.compiled import kernel
from simulator.lab.compiled.deadline_kernel import tell
from simulator.lab.compiled.state import ANSWERED, FULL, STORM, World

QUIET_S: Final = float(connection_watch.QUIET_S)
STORM_S: Final = float(connection_watch.STORM_S)
INSTANCES_BITS: Final = 32  # a notification of a storm has instances and attempts in one number


@kernel
def run_s(w: World, now: float) -> float:
    """Return the seconds of the run; 0 before it begins."""
    return max(0.0, now - w.pool[0].origin_s)


@kernel
def first_told(w: World, resource: int) -> None:
    """Note the order in which resources are used first, which is that of the report."""
    p = w.pool[0]
    if w.down.resources[resource].told == 0:
        p.told += 1
        w.down.resources[resource].told = p.told


@kernel
def note_maxima(w: World, resource: int) -> None:
    it = w.down.resources[resource]
    it.opened_max = max(it.opened_max, it.told_opened)
    it.waiting_max = max(it.waiting_max, it.told_waiting)


@kernel
def add_to_bins(w: World, resource: int, from_s: float, until_s: float) -> None:
    """Add the state of an interval to the series."""
    it = w.down.resources[resource]
    width_s = w.pool[0].width_s
    series = w.down.series[resource]
    at_s, index = from_s, int(from_s / width_s)
    while at_s < until_s and index < series.shape[1]:
        end_s = min(until_s, (index + 1) * width_s)
        for_s = end_s - at_s
        series[0, index] += for_s * it.told_opened
        series[1, index] += for_s * it.told_busy
        series[2, index] += for_s * it.told_waiting
        at_s = end_s
        index += 1


@kernel
def changed(w: World, resource: int, now: float) -> None:
    """Take the resource's state, which holds from now on."""
    first_told(w, resource)
    it = w.down.resources[resource]
    at_s = run_s(w, now)
    warm_up_s = w.pool[0].warm_up_s
    if at_s > it.told_at_s:
        add_to_bins(w, resource, it.told_at_s, at_s)
        for_s = at_s - max(it.told_at_s, warm_up_s)
        it.told_at_s = at_s
        if for_s > 0:
            it.opened_s += for_s * it.told_opened
            it.busy_s += for_s * it.told_busy
            it.waiting_s += for_s * it.told_waiting
            note_maxima(w, resource)
    it.told_opened, it.told_busy, it.told_waiting = it.taken, it.busy, it.waiting
    if at_s >= warm_up_s:
        note_maxima(w, resource)


@kernel
def called(w: World, entry: int, outcome: int, now: float) -> None:
    """Record a call that has ended."""
    p = w.pool[0]
    it = w.down.entries[entry]
    resource = w.down.uses[it.use].resource
    first_told(w, resource)
    if outcome != ANSWERED:
        index = int(run_s(w, now) / p.width_s)
        if index < w.down.errors.shape[1]:
            w.down.errors[resource, index] += 1
    if it.asked_s < p.warm_up_s:
        return
    row = w.down.called[p.calls]
    p.calls += 1
    row.asked_s, row.wait_s = it.asked_s, it.wait_s
    row.resource = resource
    row.outcome = outcome


@kernel
def full(w: World, resource: int, now: float, waits: int) -> None:
    """Take note that an attempt to connect found no connection."""
    it = w.down.resources[resource]
    at_s = run_s(w, now)
    if at_s - it.full_s > QUIET_S:
        tell(w, FULL, resource, waits)
    it.full_s = at_s


@kernel
def asked(w: World, resource: int, row: int, now: float) -> None:
    """Take note that the pool of an instance opens a connection."""
    it = w.down.resources[resource]
    times, pools = w.down.asked_s[resource], w.down.asked_by[resource]
    length = times.shape[0]
    at_s, pool = run_s(w, now), w.instances[row].number
    last = (it.asked_first + it.asked - 1) % length
    it.asked_run = it.asked_run + 1 if it.asked > 0 and pools[last] == pool else 1
    place = (it.asked_first + it.asked) % length
    times[place] = at_s
    pools[place] = pool
    it.asked += 1
    while times[it.asked_first] < at_s - STORM_S:
        it.asked_first = (it.asked_first + 1) % length
        it.asked -= 1
    if it.asked < it.storm_size or it.asked_run >= it.asked:
        return
    if at_s - it.storm_s > QUIET_S:
        instances = 0
        for number in range(it.asked):
            one = pools[(it.asked_first + number) % length]
            is_new = True
            for before in range(number):
                if pools[(it.asked_first + before) % length] == one:
                    is_new = False
                    break
            if is_new:
                instances += 1
        tell(w, STORM, resource, instances << INSTANCES_BITS | it.asked)
    it.storm_s = at_s
