"""Admission: every request gets a slot, a place in the line, or a refusal; no slot is exceeded, none is lost.

Invariants, which `tests/machines` holds against any sequence of calls:

- an instance never holds more than `capacity` requests, unless the capacity was lowered under it;
- while somebody waits, no instance in service has a free slot;
- grants go out in order of arrival.

Instances stand in two tiers. The front tier serves; the reserve (provisioned, idle) is used when the front is full.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar

from simulator.rules.balancing import Balancer, Place

Ticket = TypeVar("Ticket")
P = TypeVar("P", bound=Place)


@dataclass(frozen=True, slots=True)
class Overflow:
    """What happens to a request that finds every slot taken.

    Refused at once when `wait_s` is 0 (App Runner, facts 3.4); else held for at most `wait_s` seconds, by at most
    `queue` requests at a time.

    Raises:
        ValueError: when a number is out of range.
    """

    wait_s: float = 0.0
    queue: int = 0

    def __post_init__(self) -> None:
        if self.wait_s < 0:
            msg = f"wait = {self.wait_s:g}, must be at least 0"
            raise ValueError(msg)
        if self.queue < 0 or (self.wait_s > 0 and self.queue == 0):
            msg = f"queue = {self.queue}, must be at least 1 when requests are held"
            raise ValueError(msg)

    @property
    def holds(self) -> bool:
        return self.wait_s > 0


class Verdict(Enum):
    WAITS = "waits"
    REFUSED = "refused"


class Admission(Generic[Ticket, P]):
    """Tickets are the waiting requests (any hashable object); places are instances."""

    def __init__(self, make_balancer: Callable[[int], Balancer], capacity: int, overflow: Overflow) -> None:
        self.overflow = overflow
        self._front = make_balancer(capacity)
        self._reserve = make_balancer(capacity)
        self._line: OrderedDict[Ticket, float] = OrderedDict()  # ticket -> when its wait ends, in order of arrival

    @property
    def waiting(self) -> int:
        return len(self._line)

    @property
    def capacity(self) -> int:
        return self._front.capacity

    def offer(self, ticket: Ticket, now: float) -> P | Verdict:
        """A place with its slot taken, or WAITS (a later call grants it), or REFUSED."""
        if not self._line:
            place = self._take()
            if place is not None:
                return place
        if len(self._line) >= self.overflow.queue or not self.overflow.holds:
            return Verdict.REFUSED
        self._line[ticket] = now + self.overflow.wait_s
        return Verdict.WAITS

    def release(self, place: P) -> tuple[Ticket, P] | None:
        """A slot of `place` is free; the longest waiting gets it, unless the place has left service or is over-full."""
        if place.balancer is None:
            place.outstanding -= 1
            return None
        place.balancer.free(place)
        return self._grant() if self._line else None

    def take_other(self, avoided: Iterable[P]) -> P | None:
        """A slot of a place that is none of `avoided`, for a ticket that has one of theirs; None if all are full.

        Nobody who waits is overtaken: while somebody does, there is no free slot.
        """
        barred = [(place, place.balancer) for place in avoided if place.balancer is not None]
        for place, balancer in barred:
            balancer.discard(place)
        other = self._take()
        for place, balancer in barred:
            balancer.add(place)
        return other

    def abandon(self, ticket: Ticket) -> bool:
        """The client went away; True when it was waiting."""
        return self._line.pop(ticket, None) is not None

    def expire(self, now: float) -> list[Ticket]:
        """Those whose waiting time is over, longest waiting first; they are out of the line."""
        over = []
        while self._line and next(iter(self._line.values())) <= now:
            over.append(self._line.popitem(last=False)[0])
        return over

    def next_expiry(self) -> float | None:
        return next(iter(self._line.values())) if self._line else None

    def add(self, place: P, *, front: bool) -> list[tuple[Ticket, P]]:
        """`place` enters service; those who wait get its slots."""
        (self._front if front else self._reserve).add(place)
        return self._grants()

    def move(self, place: P, *, front: bool) -> None:
        """`place`, which is in service, changes its tier. No slot is freed or taken."""
        wanted = self._front if front else self._reserve
        if place.balancer is not wanted and place.balancer is not None:
            place.balancer.discard(place)
            wanted.add(place)

    def is_front(self, place: P) -> bool:
        return place.balancer is self._front

    def remove(self, place: P) -> None:
        """`place` gets no new request; those it has are released one by one, or never."""
        if place.balancer is not None:
            place.balancer.discard(place)

    def resize(self, capacity: int) -> list[tuple[Ticket, P]]:
        """MaxConcurrency is another one; what an instance holds beyond it, it finishes."""
        self._front.resize(capacity)
        self._reserve.resize(capacity)
        return self._grants()

    def _take(self) -> P | None:
        place = self._front.take()
        if place is None:
            place = self._reserve.take()
        return place  # type: ignore[return-value]  # only places of type P are ever added

    def _grant(self) -> tuple[Ticket, P] | None:
        place = self._take()
        return (self._line.popitem(last=False)[0], place) if place is not None else None

    def _grants(self) -> list[tuple[Ticket, P]]:
        grants = []
        while self._line and (grant := self._grant()) is not None:
            grants.append(grant)
        return grants
