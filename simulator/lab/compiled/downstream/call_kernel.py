"""Calls of downstream resources: those of a request, and the pools that they ask (fleet/simulated)."""

from __future__ import annotations

from simulator.lab.compiled.compiled import kernel, only_with_calls
from simulator.lab.compiled.deadline_kernel import forget
from simulator.lab.compiled.downstream.connection_kernel import (
    append_to,
    ask,
    begin_call,
    draw,
    free_entry,
    new_entry,
    note_wait,
    release_connection,
    remove_from,
    remove_waiting,
    set_timer,
    use_connection,
)
from simulator.lab.compiled.downstream.figures_kernel import called, changed, run_s
from simulator.lab.compiled.heap_kernel import schedule
from simulator.lab.compiled.request_kernel import finish
from simulator.lab.compiled.state import (
    A_CALL,
    AN_OPENING,
    ANSWERED,
    IDLE,
    NOBODY,
    OPENINGS,
    REJECTED,
    RETRY,
    WAITING,
    World,
)
from simulator.lab.compiled.station_kernel import NEVER_S


@kernel
def finish_called(w: World, request: int, now: float, failed: int) -> None:
    """End a request after its calls."""
    finish(w, request, now, failed)


# --- failed calls ----------------------------------------------------------------------------------------------------


@kernel
def abandon(w: World, request: int) -> None:
    """Forget a request whose instance has ended during its calls, as soon as the platform has let it go."""
    if w.requests[request].place == NOBODY:
        forget(w, request)
    else:
        w.down.sequences[request].dead = 1


@kernel
def end_failed(w: World, call: int, outcome: int, now: float) -> None:
    """End a call that failed: its request retries it after a pause, or is answered with an error."""
    it = w.down.entries[call]
    it.timer = 0
    if not it.begun:
        note_wait(w, call, now)
    called(w, call, outcome, now)
    request, use = it.request, it.use
    it.request = NOBODY
    if not it.abandoned:
        free_entry(w, call)
    sequence = w.down.sequences[request]
    if sequence.attempt > w.down.uses[use].retries:
        finish_called(w, request, now, 1)
    else:
        schedule(w, now + w.down.pauses[use, sequence.attempt - 1], RETRY, request)


@kernel
def fails(w: World, opening: int, newest: int, now: float) -> bool:
    """End a failed attempt to connect: a call for which there is none any more fails, too. Return whether calls wait
    that no connection will become free for.
    """
    it = w.down.entries[opening]
    row, use = it.row, it.use
    remove_from(w, OPENINGS, opening)
    free_entry(w, opening)
    w.down.sizes[row, use] -= 1
    if w.down.counts[row, use, WAITING] > w.down.counts[row, use, OPENINGS]:
        call = w.down.tails[row, use, WAITING] if newest else w.down.heads[row, use, WAITING]
        remove_waiting(w, call, now)
        end_failed(w, call, REJECTED, now)
    left: bool = w.down.counts[row, use, WAITING] > 0 and w.down.sizes[row, use] == 0
    return left


@kernel
def open_connection(w: World, row: int, use: int, now: float) -> None:
    """Try to open a connection. If the resource rejects it, try for each call that waits and has no other."""
    while True:
        w.down.sizes[row, use] += 1
        opening = new_entry(w, AN_OPENING, row, use)
        append_to(w, OPENINGS, opening)
        if ask(w, opening, now) or not fails(w, opening, 1, now):
            return


@kernel
def open_if_needed(w: World, row: int, use: int, now: float) -> None:
    u = w.down.uses[use]
    if w.down.counts[row, use, OPENINGS] < w.down.counts[row, use, WAITING] and (
        not u.pooled or w.down.sizes[row, use] < u.pool
    ):
        open_connection(w, row, use, now)


@kernel
def refill(w: World, row: int, use: int, now: float) -> None:
    """Replace a connection that was closed, if there are fewer than the pool keeps."""
    if w.down.sizes[row, use] < w.down.uses[use].min_idle and not w.instances[row].exited:
        open_connection(w, row, use, now)


# --- the calls of a request ----------------------------------------------------------------------------------------


@kernel
def next_use(w: World, request: int) -> bool:
    """Turn to the next resource that the request calls; return False if there is none."""
    sequence = w.down.sequences[request]
    use = 0
    while sequence.chosen >> use:
        if (sequence.chosen >> use) & 1:
            sequence.chosen ^= 1 << use
            sequence.use = use
            sequence.left = w.down.uses[use].calls
            sequence.attempt = 0
            return True
        use += 1
    return False


@kernel
def call_next(w: World, request: int, now: float) -> None:
    """Make the next attempt of the request to call the resource that it has turned to."""
    sequence = w.down.sequences[request]
    row, use = w.requests[request].instance, sequence.use
    if w.instances[row].exited:
        abandon(w, request)
        return
    sequence.attempt += 1
    call = new_entry(w, A_CALL, row, use)
    it = w.down.entries[call]
    it.request = request
    it.asked_s = run_s(w, now)
    it.wait_s = 0.0
    u = w.down.uses[use]
    if u.timeout_s < NEVER_S:
        set_timer(w, call, now + u.timeout_s)
    if w.down.counts[row, use, IDLE] > 0:
        connection = w.down.tails[row, use, IDLE]
        ends_s = w.down.entries[connection].ends_s
        remove_from(w, IDLE, connection)
        free_entry(w, connection)
        begin_call(w, call, ends_s, now)
        return
    append_to(w, WAITING, call)
    w.down.resources[u.resource].waiting += 1
    open_if_needed(w, row, use, now)
    changed(w, u.resource, now)


@only_with_calls(default=False)
def begin_calls(w: World, request: int, now: float) -> bool:
    """Begin the calls of a request whose own work is done; return False if it makes none."""
    row = w.requests[request].instance
    if w.instances[row].exited:
        return False
    sequence = w.down.sequences[request]
    sequence.chosen = 0
    for use in range(w.pool[0].uses):
        if not (sequence.may >> use) & 1:
            continue
        u = w.down.uses[use]
        if u.share >= 1 or draw(w, 2 * w.down.resources.shape[0] + use) < u.share:
            sequence.chosen |= 1 << use
    if not next_use(w, request):
        return False
    call_next(w, request, now)
    return True


@kernel
def give_back(w: World, row: int, use: int, ends_s: float, now: float) -> None:
    """Take back the connection of a call that was answered."""
    u = w.down.uses[use]
    if not u.pooled:
        w.down.sizes[row, use] -= 1
        release_connection(w, u.resource, now)
    elif now >= ends_s:
        w.down.sizes[row, use] -= 1
        release_connection(w, u.resource, now)
        open_if_needed(w, row, use, now)
        refill(w, row, use, now)
    else:
        use_connection(w, row, use, ends_s, now)


@kernel
def end_answered(w: World, call: int, now: float) -> None:
    it = w.down.entries[call]
    called(w, call, ANSWERED, now)
    request = it.request
    free_entry(w, call)
    sequence = w.down.sequences[request]
    sequence.attempt = 0
    sequence.left -= 1
    if sequence.left > 0 or next_use(w, request):
        call_next(w, request, now)
    else:
        finish_called(w, request, now, 0)
