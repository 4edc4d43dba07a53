"""Two heaps: request events by (time, order), and an instance's computations by (virtual work, order).

The event heap has four children per node: half the levels of a binary heap, and siblings are adjacent in memory.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from simulator.lab.compiled.compiled import inlined, kernel
from simulator.lab.compiled.state import KIND_BITS, TARGET_BITS, World

NEVER_S: Final = float("inf")
# Index of the smallest of four from three comparisons (second < first, fourth < third, minimum of the upper pair <
# minimum of the lower pair): the results form a number n, and the n-th group of four bits is the index.
CHOICES: Final = 0x33221010


@kernel
def schedule(w: World, when_s: float, kind: int, target: int) -> None:
    """Schedule an event after all others of that instant, including the platform's timers."""
    p = w.pool[0]
    whens, tags = w.whens, w.tags
    p.order += 1
    at = p.events
    p.events = at + 1
    while at > 0:
        above = np.uint32((at - 1) >> 2)
        if whens[above] <= when_s:  # a new event has the highest order, so it stays below events at an equal time
            break
        whens[at] = whens[above]
        tags[at] = tags[above]
        at = above
    whens[at] = when_s
    tags[at] = (p.order << (TARGET_BITS + KIND_BITS)) | (kind << TARGET_BITS) | target


@inlined
def first_of_four(w: World, first: int) -> int:
    """Return the index of the earliest of the four events from `first` on; missing entries have the time infinity."""
    bits = w.when_bits
    a, b, c, d = bits[first], bits[first + 1], bits[first + 2], bits[first + 3]
    # Arithmetic and a lookup in an integer instead of branches, half of which the processor would mispredict.
    low, high = np.int64(b < a), np.int64(d < c)
    upper = np.int64(bits[np.uint32(first + 2 + high)] < bits[np.uint32(first + low)])
    chosen: Any = np.uint32(first + ((CHOICES >> ((low | high << 1 | upper << 2) << 2)) & 3))
    least = bits[chosen]
    if np.int64(a == least) + np.int64(b == least) + np.int64(c == least) + np.int64(d == least) > 1:
        for at in range(4):
            other = np.uint32(first + at)
            if bits[other] == least and w.tags[other] < w.tags[chosen]:
                chosen = other
    return chosen


@inlined
def drop_first_event(w: World) -> None:
    p = w.pool[0]
    bits, tags = w.when_bits, w.tags
    count = np.uint32(p.events - 1)
    p.events = count
    when, tag = bits[count], tags[count]
    w.whens[count] = NEVER_S
    at, below = np.uint32(0), np.uint32(1)
    while below < count:
        least = first_of_four(w, below)
        if when < bits[least] or (when == bits[least] and tag < tags[least]):
            break
        bits[at], tags[at] = bits[least], tags[least]
        at = least
        below = np.uint32(4 * at + 1)
    if count > 0:
        bits[at], tags[at] = when, tag


@inlined
def push_job(jobs: Any, station: Any, v: float, order: int, request: int) -> None:
    """Add a computation to the heap `jobs` of a station."""
    at = station.computing
    station.computing = at + 1
    while at > 0:
        above = (at - 1) >> 1
        if jobs[above].v <= v:
            break
        jobs[at] = jobs[above]
        at = above
    jobs[at].v = v
    jobs[at].order = order
    jobs[at].request = request


@inlined
def pop_job(jobs: Any, station: Any) -> int:
    """Remove and return the request whose computation ends first."""
    request: int = jobs[0].request
    count = station.computing - 1
    station.computing = count
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
