"""Admission control: each request is granted a slot, queued, or rejected.

Invariants, which `tests/machines` checks for random sequences of calls:

- an instance never has more than `capacity` requests, unless the capacity was lowered in the meantime;
- while a request is queued, no instance in service has a free slot;
- slots are granted in order of arrival.

Instances are in two tiers. A request gets a slot in the front tier; only when that tier is full does it get one in the
reserve (provisioned, idle instances).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar

from simulator.rules.balancing import Balancer, Target

Ticket = TypeVar("Ticket")
P = TypeVar("P", bound=Target)


@dataclass(frozen=True, slots=True)
class Overflow:
    """How a request is handled when no slot is free.

    If `wait_s` is 0, the request is rejected immediately (App Runner, facts 3.4). Otherwise it is queued for at most
    `wait_s` seconds, and the queue has at most `queue` requests.

    Raises:
        ValueError: if a number is out of range.
    """

    wait_s: float = 0.0
    queue: int = 0

    def __post_init__(self) -> None:
        if self.wait_s < 0:
            msg = f"wait = {self.wait_s:g}, must be at least 0"
            raise ValueError(msg)
        if self.queue < 0 or (self.wait_s > 0 and self.queue == 0):
            msg = f"queue = {self.queue}, must be at least 1 when requests are queued"
            raise ValueError(msg)

    @property
    def holds(self) -> bool:
        return self.wait_s > 0


class AdmissionDecision(Enum):
    """The result of `offer` for a request that gets no slot: it is queued (WAITS) or rejected."""

    WAITS = "waits"
    REJECTED = "rejected"


class Admission(Generic[Ticket, P]):
    """The slots and the queue of one service. A ticket identifies a request (any hashable object), a target an
    instance.
    """

    def __init__(self, make_balancer: Callable[[int], Balancer], capacity: int, overflow: Overflow) -> None:
        self.overflow = overflow
        self.queue_max = overflow.queue  # the policy of a platform may lower it
        self._front = make_balancer(capacity)
        self._reserve = make_balancer(capacity)
        # ticket -> time at which its wait ends, in order of arrival
        self._line: OrderedDict[Ticket, float] = OrderedDict()

    @property
    def waiting(self) -> int:
        return len(self._line)

    @property
    def capacity(self) -> int:
        return self._front.capacity

    def offer(self, ticket: Ticket, now: float) -> P | AdmissionDecision:
        """Return an instance of which a slot was taken, or WAITS (a later call grants a slot), or REJECTED."""
        if not self._line:
            target = self._take()
            if target is not None:
                return target
        if len(self._line) >= self.queue_max or not self.overflow.holds:
            return AdmissionDecision.REJECTED
        self._line[ticket] = now + self.overflow.wait_s
        return AdmissionDecision.WAITS

    def release(self, target: P) -> tuple[Ticket, P] | None:
        """Release a slot of `target` and grant it to the longest-waiting request.

        Return None if no request waits, or if the instance has left service or is still above its capacity.
        """
        if target.balancer is None:
            target.outstanding -= 1
            return None
        target.balancer.free(target)
        return self._grant() if self._line else None

    def take_other(self, avoided: Iterable[P]) -> P | None:
        """Take a slot of an instance that is not in `avoided`, for a retry; return None if all others are full.

        This does not overtake queued requests, because a free slot exists only while the queue is empty.
        """
        barred = [(target, target.balancer) for target in avoided if target.balancer is not None]
        for target, balancer in barred:
            balancer.discard(target)
        other = self._take()
        for target, balancer in barred:
            balancer.add(target)
        return other

    def abandon(self, ticket: Ticket) -> bool:
        """Remove the request of a client that closed its connection. Return True if it was queued."""
        return self._line.pop(ticket, None) is not None

    def expire(self, now: float) -> list[Ticket]:
        """Remove the requests whose waiting time is over and return them, longest-waiting first."""
        over = []
        while self._line and next(iter(self._line.values())) <= now:
            over.append(self._line.popitem(last=False)[0])
        return over

    def next_expiry(self) -> float | None:
        return next(iter(self._line.values())) if self._line else None

    def add(self, target: P, *, front: bool) -> list[tuple[Ticket, P]]:
        """Put `target` into service and grant its slots to queued requests."""
        (self._front if front else self._reserve).add(target)
        return self._grants()

    def move(self, target: P, *, front: bool) -> None:
        """Move `target`, which is in service, to the other tier. No slot is released or taken."""
        wanted = self._front if front else self._reserve
        if target.balancer is not wanted and target.balancer is not None:
            target.balancer.discard(target)
            wanted.add(target)

    def is_front(self, target: P) -> bool:
        return target.balancer is self._front

    def remove(self, target: P) -> None:
        """Take `target` out of service: it gets no new request. Its current requests are released later, or never."""
        if target.balancer is not None:
            target.balancer.discard(target)

    def resize(self, capacity: int) -> list[tuple[Ticket, P]]:
        """Change MaxConcurrency. Instances complete their current requests even if these exceed the new value."""
        self._front.resize(capacity)
        self._reserve.resize(capacity)
        return self._grants()

    def _take(self) -> P | None:
        target = self._front.take()
        if target is None:
            target = self._reserve.take()
        return target  # type: ignore[return-value]  # only places of type P are ever added

    def _grant(self) -> tuple[Ticket, P] | None:
        target = self._take()
        return (self._line.popitem(last=False)[0], target) if target is not None else None

    def _grants(self) -> list[tuple[Ticket, P]]:
        grants = []
        while self._line and (grant := self._grant()) is not None:
            grants.append(grant)
        return grants
