"""Random load balancing: any target with a free slot, or the better of two. `draw` supplies the random numbers.

Theory: the targets with a free slot are in an unordered list, with a map from target to position. A random position
selects a target; a target that becomes full or leaves is replaced by the last one. Both are O(1).
"""

from __future__ import annotations

from simulator.rules.balancing import Draw, Place


class Random:
    """Chooses any of the targets with a free slot, all equally likely."""

    def __init__(self, capacity: int, draw: Draw) -> None:
        self.capacity = capacity
        self._draw = draw
        self._places: dict[Place, None] = {}
        self._free: list[Place] = []
        self._index: dict[Place, int] = {}

    def add(self, place: Place) -> None:
        place.balancer = self
        self._places[place] = None
        self._sort_in(place)

    def discard(self, place: Place) -> None:
        place.balancer = None
        del self._places[place]
        self._strike(place)

    def take(self) -> Place | None:
        if not self._free:
            return None
        place = self._chosen()
        place.outstanding += 1
        if place.outstanding >= self.capacity:
            self._strike(place)
        return place

    def free(self, place: Place) -> None:
        place.outstanding -= 1
        self._sort_in(place)

    def resize(self, capacity: int) -> None:
        self.capacity = capacity
        for place in self._places:
            self._sort_in(place)

    def _chosen(self) -> Place:
        return self._free[int(self._draw() * len(self._free))]

    def _sort_in(self, place: Place) -> None:
        if place.outstanding >= self.capacity:
            self._strike(place)
        elif place not in self._index:
            self._index[place] = len(self._free)
            self._free.append(place)

    def _strike(self, place: Place) -> None:
        at = self._index.pop(place, None)
        if at is None:
            return
        last = self._free.pop()
        if last is not place:
            self._free[at] = last
            self._index[last] = at


class TwoChoices(Random):
    """Draws two different targets and chooses the one with fewer requests (Mitzenmacher 2001; Envoy's least request).

    The result is nearly as good as comparing all targets, at the cost of two draws. Of equal targets the first wins.
    """

    def _chosen(self) -> Place:
        free = self._free
        first = int(self._draw() * len(free))
        if len(free) == 1:
            return free[first]
        second = int(self._draw() * (len(free) - 1))
        second += second >= first  # different from the first, and still uniformly distributed
        return free[second] if free[second].outstanding < free[first].outstanding else free[first]
