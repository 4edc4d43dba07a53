"""Jobs of background work in the kernel (fleet/simulated/background.py).

It is that of an instance that has its CPU: nothing here throttles an idle one. Work at intervals ends with the last
request.
"""

from __future__ import annotations

from typing import Final

from simulator.fleet.simulated.application import JOBS_MAX as _JOBS_MAX
from simulator.lab.compiled.compiled import kernel, only_with_background, world_entry
from simulator.lab.compiled.heap_kernel import schedule
from simulator.lab.compiled.state import DONE, EVENTS_A_STEP, JOB_S, MARGIN, NOBODY, TICK_S, World
from simulator.lab.compiled.station_kernel import NEVER_S, arm, start_job

JOBS_MAX: Final = int(_JOBS_MAX)


@only_with_background(default=2**62)
def background_left(w: World) -> int:
    """Return how many requests may end before an array has no free entry or the random draws are used up."""
    p = w.pool[0]
    works = w.background.works.shape[0]
    steps = min(p.free_jobs // works, (w.whens.shape[0] - MARGIN - p.events) // (EVENTS_A_STEP + works))
    for stream in range(w.background.cursors.shape[0]):
        steps = min(steps, w.background.cursors[stream, 1] - w.background.cursors[stream, 0])
    return steps


@kernel
def draw_background(w: World, stream: int) -> float:
    cursor = w.background.cursors[stream]
    drawn: float = w.background.draws[stream, cursor[0]]
    cursor[0] += 1
    return drawn


@kernel
def new_job(w: World, row: int, work: int, kind_s: float) -> int:
    """Return an entry for a job or a timer of an instance. `kind_s` stands in place of its I/O time."""
    p = w.pool[0]
    p.free_jobs -= 1
    job: int = w.background.jobs[p.free_jobs]
    it = w.requests[job]
    it.instance = row
    it.source = work
    it.io_s = kind_s
    it.visits_left = 0
    it.place = NOBODY
    it.line_after = NOBODY
    return job


@kernel
def job_due(w: World, row: int, work: int, most: int, now: float) -> None:
    """Append a job to those of its thread. It is missed if `most` jobs are unfinished."""
    thread = w.background.threads[row, work]
    if thread.unfinished >= most:
        return
    job = new_job(w, row, work, JOB_S)
    w.requests[job].cpu_s = draw_background(w, 2 * work)
    thread.unfinished += 1
    if thread.unfinished == 1:
        thread.head = thread.tail = job
        start_job(w, row, job, now)
        arm(w, row)
    else:
        w.requests[thread.tail].line_after = job
        thread.tail = job


@only_with_background(default=0)
def work_after_request(w: World, row: int, now: float) -> int:
    """Let jobs be due after an answered request."""
    for work in range(w.background.works.shape[0]):
        kind = w.background.works[work]
        if kind.every_s == NEVER_S and (kind.share >= 1 or draw_background(w, 2 * work + 1) < kind.share):
            job_due(w, row, work, JOBS_MAX, now)
    return 0


@kernel
def finish_job(w: World, row: int, job: int, now: float) -> None:
    """Take a job that is done from its thread, which starts its next one."""
    p, it = w.pool[0], w.requests[job]
    thread = w.background.threads[row, it.source]
    thread.head = it.line_after
    thread.unfinished -= 1
    w.background.jobs[p.free_jobs] = job
    p.free_jobs += 1
    if thread.unfinished:
        start_job(w, row, thread.head, now)


@only_with_background(default=2**62)
def without_jobs(w: World, row: int, first: int, now: float) -> int:
    """Finish the jobs among what has been computed. Return the first of the requests, which stay chained in order."""
    request, head, last = first, NOBODY, NOBODY
    while request != NOBODY:
        following = w.requests[request].chain
        if w.requests[request].io_s == JOB_S:
            finish_job(w, row, request, now)
        else:
            if last == NOBODY:
                head = request
            else:
                w.requests[last].chain = request
            last = request
            w.requests[request].chain = NOBODY
        request = following
    return head


@kernel
def set_tick(w: World, tick: int) -> None:
    """Set the timer for the next multiple of its interval."""
    it = w.requests[tick]
    it.visits_left += 1
    schedule(w, it.arrived_s + it.visits_left * w.background.works[it.source].every_s, DONE, tick)


@only_with_background(default=0)
def interval_passed(w: World, tick: int, now: float) -> int:
    """Let a job be due, unless the previous one is unfinished."""
    sending = 0
    for source in range(w.sources.shape[0]):
        sending += 1 - w.sources[source].over
    if sending > 0 or w.pool[0].present > 0:
        set_tick(w, tick)
        job_due(w, w.requests[tick].instance, w.requests[tick].source, 1, now)
    return 0


@world_entry
def start_background(w: World, row: int, since_s: float) -> None:
    """Set the timers of work at intervals of an instance that listens since `since_s`, from the time 0 on."""
    for work in range(w.background.works.shape[0]):
        every_s = w.background.works[work].every_s
        w.background.threads[row, work].unfinished = 0
        if every_s == NEVER_S:
            continue
        tick = new_job(w, row, work, TICK_S)
        it = w.requests[tick]
        it.arrived_s = since_s
        while since_s + (it.visits_left + 1) * every_s < 0:
            it.visits_left += 1
        set_tick(w, tick)
