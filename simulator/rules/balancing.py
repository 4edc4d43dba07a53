"""Load balancing: the choice of the instance for the next request, among those below their MaxConcurrency.

A balancer only owns the order of its targets (instances); it counts their slots because the order depends on them.
Every operation is O(1) amortised or O(log n), so a thousand instances cost about as much as ten.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from heapq import heappop, heappush
from typing import Protocol


class Target:
    """An instance as a target of load balancing: its number and its number of outstanding requests."""

    __slots__ = ("balancer", "number", "outstanding")

    def __init__(self, number: int) -> None:
        self.number = number
        self.outstanding = 0
        # None: the instance gets no new requests, because it is not ready yet or is draining
        self.balancer: Balancer | None = None


# Returns a uniformly distributed number in [0, 1). It is passed in because rules contain no random number generator.
Draw = Callable[[], float]


def no_draw() -> float:
    """Raise AssertionError. This is the source of random numbers for balancers that need none."""
    msg = "random balancing needs a random stream"
    raise AssertionError(msg)


class Balancer(Protocol):
    """Chooses among the targets that have free slots, in an order of preference. `capacity` is MaxConcurrency."""

    capacity: int

    def add(self, target: Target) -> None: ...
    def discard(self, target: Target) -> None: ...
    def take(self) -> Target | None:
        """Take a slot of the preferred target and return the target; None if all targets are full."""

    def free(self, target: Target) -> None:
        """Release one slot of `target`."""

    def resize(self, capacity: int) -> None: ...


class LeastOutstanding:
    """Chooses the target with the fewest requests; among equals, the one that has had this number for the longest time.
    If all targets are idle, this is round robin.

    Theory: there is one queue of targets per number of outstanding requests, and the index of the lowest queue that may
    be non-empty. Taking or releasing a slot moves the target to the neighbouring queue, so the index changes by at most
    one, except when targets join or leave.
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._queues: list[OrderedDict[Target, None]] = [OrderedDict() for _ in range(capacity + 1)]
        self._lowest = 0

    def add(self, target: Target) -> None:
        target.balancer = self
        self._queue(target.outstanding)[target] = None
        self._lowest = min(self._lowest, target.outstanding)

    def discard(self, target: Target) -> None:
        target.balancer = None
        del self._queues[target.outstanding][target]

    def take(self) -> Target | None:
        queues, count, capacity = self._queues, self._lowest, self.capacity
        while count < capacity and not queues[count]:
            count += 1
        self._lowest = count
        if count >= capacity:
            return None
        target, _ = queues[count].popitem(last=False)
        target.outstanding = count + 1
        queues[count + 1][target] = None
        return target

    def free(self, target: Target) -> None:
        count = target.outstanding
        del self._queues[count][target]
        count -= 1
        target.outstanding = count
        self._queues[count][target] = None
        if count < self._lowest:
            self._lowest = count

    def resize(self, capacity: int) -> None:
        self.capacity = capacity
        self._queue(capacity)
        self._lowest = 0

    def _queue(self, outstanding: int) -> OrderedDict[Target, None]:
        """Return the queue of the targets with that many outstanding requests.

        After the capacity was lowered, the number can exceed the capacity; such targets get no requests until they are
        below it.
        """
        while len(self._queues) <= outstanding:
            self._queues.append(OrderedDict())
        return self._queues[outstanding]


class NewestFirst:
    """Chooses the newest target with a free slot, so that the oldest ones become idle first (SimFaaS, Lambda).

    Theory: a heap of targets that may have a free slot, newest first. A target is pushed when a slot becomes free while
    it is not in the heap, so each target is in the heap at most once.
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._places: dict[int, Target] = {}
        self._free: list[int] = []  # negated instance numbers
        self._listed: dict[int, None] = {}

    def add(self, target: Target) -> None:
        target.balancer = self
        self._places[target.number] = target
        self._list(target)

    def discard(self, target: Target) -> None:
        target.balancer = None
        del self._places[target.number]  # the heap entry of the target is dropped when it reaches the top

    def take(self) -> Target | None:
        while self._free:
            number = -self._free[0]
            target = self._places.get(number)
            if target is not None and target.outstanding < self.capacity:
                target.outstanding += 1
                return target
            heappop(self._free)
            del self._listed[number]
        return None

    def free(self, target: Target) -> None:
        target.outstanding -= 1
        self._list(target)

    def resize(self, capacity: int) -> None:
        self.capacity = capacity
        for target in self._places.values():
            self._list(target)

    def _list(self, target: Target) -> None:
        if target.outstanding < self.capacity and target.number not in self._listed:
            self._listed[target.number] = None
            heappush(self._free, -target.number)


class RoundRobin:
    """Chooses targets in turn and skips full ones; a target with a free slot again joins the end of the round."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._places: dict[Target, None] = {}
        self._round: OrderedDict[Target, None] = OrderedDict()  # targets with a free slot; the next one is first

    def add(self, target: Target) -> None:
        target.balancer = self
        self._places[target] = None
        self._join(target)

    def discard(self, target: Target) -> None:
        target.balancer = None
        del self._places[target]
        self._round.pop(target, None)

    def take(self) -> Target | None:
        if not self._round:
            return None
        target, _ = self._round.popitem(last=False)
        target.outstanding += 1
        self._join(target)
        return target

    def free(self, target: Target) -> None:
        target.outstanding -= 1
        self._join(target)

    def resize(self, capacity: int) -> None:
        self.capacity = capacity
        for target in self._places:
            self._join(target)

    def _join(self, target: Target) -> None:
        if target.outstanding >= self.capacity:
            self._round.pop(target, None)
        elif target not in self._round:
            self._round[target] = None
