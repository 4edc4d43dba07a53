"""Compares the courses of two runs: how far apart in time they are at the same levels and write the same lines."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from simulator.report.schema import Report, ServicePart

READY: Final = frozenset({"idle", "active"})
ACTIVE: Final = frozenset({"active"})
# Lines that only real instances have: the limits of the machine, and the ejection of an instance whose requests fail,
# which a killed process may get in the moment before its end is noticed.
_OF_REAL_INSTANCES: Final = ("CPU and memory limits", " keeps failing requests and gets none for ")
# Lines are compared up to what follows: an identifier, or how a process ended in the words of its driver.
_ENDS: Final = (" with ID : ", " (")


class Apart(NamedTuple):
    """The largest time by which two runs are apart, and where that is. Infinite: one of them never gets there."""

    seconds: float
    where: str


class Course(NamedTuple):
    """A level over time: the changes as (time, new level), the first at time 0, until `end_s`."""

    changes: Sequence[tuple[float, int]]
    end_s: float

    def spans(self) -> Iterator[tuple[float, float, int]]:
        """Yield each level with the times at which it begins and ends."""
        ends = [*(at_s for at_s, _ in self.changes[1:]), self.end_s]
        for (begin_s, level), end_s in zip(self.changes, ends, strict=True):
            yield begin_s, max(begin_s, end_s), level

    def times_at(self, level: int) -> list[tuple[float, float]]:
        """Return when the course has this level. A change from one side of it to the other is at it for a moment."""
        found, before = [], None
        for begin_s, end_s, value in self.spans():
            if value == level:
                found.append((begin_s, end_s))
            elif before is not None and min(before, value) < level < max(before, value):
                found.append((begin_s, begin_s))
            before = value
        return found


def levels_apart(one: Course, other: Course) -> Apart:
    """Return the least time d such that each run is at every moment at a level that the other one has within d."""
    worst = Apart(0.0, "")
    for mine, theirs in ((one, other), (other, one)):
        for begin_s, end_s, level in mine.spans():
            times = theirs.times_at(level)
            for at_s in _farthest(begin_s, min(end_s, theirs.end_s), times):
                far_s = min((max(0.0, first_s - at_s, at_s - last_s) for first_s, last_s in times), default=math.inf)
                worst = max(worst, Apart(far_s, f"{level} at {at_s:.1f} s"))
    return worst


def lines_apart(one: Iterable[tuple[float, str]], other: Iterable[tuple[float, str]]) -> Apart:
    """Return the line that the other run writes at the most distant time; the n-th equal lines are compared."""
    mine, theirs = _by_line(one), _by_line(other)
    worst = Apart(0.0, "")
    for line in dict.fromkeys([*mine, *theirs]):
        times, others = mine.get(line, []), theirs.get(line, [])
        if len(times) != len(others):
            return Apart(math.inf, f"{line!r}: {len(times)} and {len(others)} times")
        for at_s, other_s in zip(times, others, strict=True):
            worst = max(worst, Apart(abs(at_s - other_s), f"{line!r} at {at_s:.1f} s"))
    return worst


def desired_course(service: ServicePart, end_s: float) -> Course:
    first = service.decisions[0].before if service.decisions else service.min_size
    return Course([(0.0, first), *((decision.at_s, decision.desired) for decision in service.decisions)], end_s)


def state_course(service: ServicePart, states: frozenset[str], end_s: float) -> Course:
    """Return the number of instances in these states. Several changes at one time are levels for a moment."""
    held: dict[int, str] = {}
    changes = [(0.0, 0)]
    for event in service.instance_events:
        held[event.instance] = event.after
        changes.append((event.at_s, sum(state in states for state in held.values())))
    begun = sum(at_s == 0 for at_s, _ in changes)  # how the run begins is no course
    return Course([(0.0, changes[begun - 1][1]), *changes[begun:]], end_s)


def courses_apart(live: Report, virtual: Report) -> Mapping[str, Apart]:
    """Return how far apart the runs are in what the platform did."""
    (one,), (other,) = live.services, virtual.services
    ends = live.run.ended_s, virtual.run.ended_s
    return {
        "desired": levels_apart(desired_course(one, ends[0]), desired_course(other, ends[1])),
        "ready": levels_apart(state_course(one, READY, ends[0]), state_course(other, READY, ends[1])),
        "active": levels_apart(state_course(one, ACTIVE, ends[0]), state_course(other, ACTIVE, ends[1])),
        "event log": lines_apart(event_lines(one), event_lines(other)),
    }


def event_lines(service: ServicePart) -> list[tuple[float, str]]:
    """Return the lines of the event log that both clocks write, without what differs by its nature."""
    lines = [(event.at_s, event.line) for event in service.events]
    return [(at_s, _common(line)) for at_s, line in lines if not any(part in line for part in _OF_REAL_INSTANCES)]


def _common(line: str) -> str:
    for end in _ENDS:
        line = line.partition(end)[0]
    return line


def _farthest(begin_s: float, end_s: float, times: Sequence[tuple[float, float]]) -> list[float]:
    """Return the moments of a span among which the one is that is farthest from all of `times`."""
    middles = [(last_s + first_s) / 2 for (_, last_s), (first_s, _) in itertools.pairwise(times)]
    return [begin_s, end_s, *(at_s for at_s in middles if begin_s < at_s < end_s)]


def _by_line(events: Iterable[tuple[float, str]]) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {}
    for at_s, line in events:
        times.setdefault(line, []).append(at_s)
    return times
