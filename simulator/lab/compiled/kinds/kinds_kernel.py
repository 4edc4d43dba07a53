"""The kind of a request: its work, and its number in the rows (fleet/simulated/work.py, scenario/request_numbers.py).

Without kinds, a request has the work of the application, and the number of its source.
"""

from __future__ import annotations

from simulator.lab.compiled.compiled import with_kinds
from simulator.lab.compiled.state import World


def kind_sent(w: World, source: int, at: int) -> int:
    kind: int = w.kinds.sent[source]
    if at < w.kinds.arrivals.shape[1]:
        w.kinds.sent[source] = w.kinds.arrivals[source, at]
    return kind


def number_of_kind(w: World, source: int, kind: int) -> int:  # noqa: ARG001 the form without kinds has it
    number: int = w.kinds.kinds[kind].number
    return number


def draw_kind(w: World, kind: int) -> int:
    p, law = w.pool[0], w.kinds.kinds[kind].law
    p.work += 1
    at: int = w.kinds.cursors[law, 0]
    w.kinds.cursors[law, 0] = at + 1
    return at


def take_work_of_kind(w: World, request: int, kind: int, at: int) -> None:
    it, k = w.requests[request], w.kinds.kinds[kind]
    it.cpu_s = w.kinds.cpu[k.law, at] + k.cpu_s
    it.io_s = w.kinds.io[k.law, at] + k.io_s


@with_kinds(kind_sent)
def next_kind(w: World, source: int, at: int) -> int:  # noqa: ARG001 the form with kinds reads them
    """Return the kind of the request of a source that is sent now; its next one is at `at`."""
    return 0


@with_kinds(number_of_kind)
def number_of(w: World, source: int, kind: int) -> int:  # noqa: ARG001 the form with kinds reads them
    """Return the number of the request in its row."""
    return source


@with_kinds(draw_kind)
def draw_work(w: World, kind: int) -> int:  # noqa: ARG001 the form with kinds reads it
    """Return the place of the work of an arriving request, which may still be rejected."""
    p = w.pool[0]
    at: int = p.work
    p.work += 1
    return at


@with_kinds(take_work_of_kind)
def take_work(w: World, request: int, kind: int, at: int) -> None:  # noqa: ARG001 the form with kinds reads it
    """Give the request the work at the place."""
    it = w.requests[request]
    it.cpu_s, it.io_s = w.cpu[at], w.io[at]
