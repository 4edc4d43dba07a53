"""Load balancing: the choice of the instance for the next request, among those below their MaxConcurrency.

A balancer only owns the order of its targets (instances); it counts their slots because the order depends on them.
Every operation is O(1) amortised or O(log n), so a thousand instances cost about as much as ten.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from heapq import heappop, heappush
from typing import Protocol


class Place:
    """An instance as a target of load balancing: its number and its number of outstanding requests."""

    __slots__ = ("balancer", "number", "outstanding")

    def __init__(self, number: int) -> None:
        self.number = number
        self.outstanding = 0
        self.balancer: Balancer | None = None  # None: it gets no new requests (not ready yet, or draining)


# Returns a uniformly distributed number in [0, 1); passed in, because rules have no random numbers of their own.
Draw = Callable[[], float]


class Balancer(Protocol):
    """Targets with free slots, in an order of preference. `capacity` is MaxConcurrency."""

    capacity: int

    def add(self, place: Place) -> None: ...
    def discard(self, place: Place) -> None: ...
    def take(self) -> Place | None:
        """Take a slot of the preferred target and return the target; None if all targets are full."""

    def free(self, place: Place) -> None:
        """Release one slot of `place`."""

    def resize(self, capacity: int) -> None: ...


class LeastOutstanding:
    """Chooses the target with the fewest requests; among equals the one with that number for longest, i.e. round robin
    if all are idle.

    Theory: there is one queue of targets per number of outstanding requests, and the index of the lowest queue that may
    be non-empty. Taking or releasing a slot moves the target to the neighbouring queue, so the index changes by at most
    one, except when targets join or leave.
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._queues: list[OrderedDict[Place, None]] = [OrderedDict() for _ in range(capacity + 1)]
        self._lowest = 0

    def add(self, place: Place) -> None:
        place.balancer = self
        self._queue(place.outstanding)[place] = None
        self._lowest = min(self._lowest, place.outstanding)

    def discard(self, place: Place) -> None:
        place.balancer = None
        del self._queues[place.outstanding][place]

    def take(self) -> Place | None:
        queues, count, capacity = self._queues, self._lowest, self.capacity
        while count < capacity and not queues[count]:
            count += 1
        self._lowest = count
        if count >= capacity:
            return None
        place, _ = queues[count].popitem(last=False)
        place.outstanding = count + 1
        queues[count + 1][place] = None
        return place

    def free(self, place: Place) -> None:
        count = place.outstanding
        del self._queues[count][place]
        count -= 1
        place.outstanding = count
        self._queues[count][place] = None
        if count < self._lowest:
            self._lowest = count

    def resize(self, capacity: int) -> None:
        self.capacity = capacity
        self._queue(capacity)
        self._lowest = 0

    def _queue(self, outstanding: int) -> OrderedDict[Place, None]:
        """Return the queue for that many requests. After the capacity was lowered this can exceed the capacity; such
        targets get no requests until they are below it.
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
        self._places: dict[int, Place] = {}
        self._free: list[int] = []  # negated instance numbers
        self._listed: dict[int, None] = {}

    def add(self, place: Place) -> None:
        place.balancer = self
        self._places[place.number] = place
        self._list(place)

    def discard(self, place: Place) -> None:
        place.balancer = None
        del self._places[place.number]  # its heap entry is dropped when it reaches the top

    def take(self) -> Place | None:
        while self._free:
            number = -self._free[0]
            place = self._places.get(number)
            if place is not None and place.outstanding < self.capacity:
                place.outstanding += 1
                return place
            heappop(self._free)
            del self._listed[number]
        return None

    def free(self, place: Place) -> None:
        place.outstanding -= 1
        self._list(place)

    def resize(self, capacity: int) -> None:
        self.capacity = capacity
        for place in self._places.values():
            self._list(place)

    def _list(self, place: Place) -> None:
        if place.outstanding < self.capacity and place.number not in self._listed:
            self._listed[place.number] = None
            heappush(self._free, -place.number)


class RoundRobin:
    """Chooses targets in turn and skips full ones; a target with a free slot again joins the end of the round."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._places: dict[Place, None] = {}
        self._round: OrderedDict[Place, None] = OrderedDict()  # targets with a free slot, the next one first

    def add(self, place: Place) -> None:
        place.balancer = self
        self._places[place] = None
        self._join(place)

    def discard(self, place: Place) -> None:
        place.balancer = None
        del self._places[place]
        self._round.pop(place, None)

    def take(self) -> Place | None:
        if not self._round:
            return None
        place, _ = self._round.popitem(last=False)
        place.outstanding += 1
        self._join(place)
        return place

    def free(self, place: Place) -> None:
        place.outstanding -= 1
        self._join(place)

    def resize(self, capacity: int) -> None:
        self.capacity = capacity
        for place in self._places:
            self._join(place)

    def _join(self, place: Place) -> None:
        if place.outstanding >= self.capacity:
            self._round.pop(place, None)
        elif place not in self._round:
            self._round[place] = None
