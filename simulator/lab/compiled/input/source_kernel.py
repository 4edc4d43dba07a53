"""Sources: which one sends next, and what it sends (traffic/clients.py, OpenClient)."""

from __future__ import annotations

from simulator.lab.compiled.compiled import inlined, only_with_calls
from simulator.lab.compiled.kinds.kinds_kernel import next_kind
from simulator.lab.compiled.request_kernel import offer
from simulator.lab.compiled.state import NOBODY, World


@only_with_calls(default=0)
def next_may(w: World, source: int, at: int) -> int:
    """Return which uses the request of a source may call that is sent now; its next one is at `at`."""
    may: int = w.down.next_may[source]
    if at < w.down.may.shape[1]:
        w.down.next_may[source] = w.down.may[source, at]
    return may


@inlined
def next_source(w: World) -> int:
    """Return the source whose next request is the earliest, if not all of them have ended."""
    sources = w.sources
    first = NOBODY
    for source in range(sources.shape[0]):
        it = sources[source]
        if it.over:
            continue
        if (
            first == NOBODY
            or it.when_s < sources[first].when_s
            or (it.when_s == sources[first].when_s and it.order < sources[first].order)
        ):
            first = source
    return first


@inlined
def fire(w: World, source: int, now: float) -> None:
    """Send a request of this source, after setting the source's timer for its next request."""
    p = w.pool[0]
    it = w.sources[source]
    if it.at < it.end:
        p.order += 1
        it.order = p.order
        it.when_s = p.origin_s + w.times[source, it.at]
        may, kind = next_may(w, source, it.at), next_kind(w, source, it.at)
        it.at += 1
    else:
        it.over = 1
        may, kind = next_may(w, source, it.at), next_kind(w, source, it.at)
    offer(w, source, now, may, kind)


@inlined
def source_is_dry(w: World, source: int) -> bool:
    """Return True if the source cannot send before more arrivals, work or request entries are supplied."""
    p = w.pool[0]
    it = w.sources[source]
    return p.work >= p.work_end or p.free_request == NOBODY or (it.at == it.end and not it.last)
