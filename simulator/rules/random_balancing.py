"""Random load balancing: any target with a free slot, or the better of two. `draw` returns the random numbers.

Theory: the targets with a free slot are in an unordered list, with a map from target to position. A random position
selects a target; when a target becomes full or leaves, the last one takes its position. Both operations are O(1).
"""

from __future__ import annotations

from simulator.rules.balancing import Draw, Target


class RandomBalancer:
    """Chooses any of the targets with a free slot, all equally likely."""

    def __init__(self, capacity: int, draw: Draw) -> None:
        self.capacity = capacity
        self._draw = draw
        self._places: dict[Target, None] = {}
        self._free: list[Target] = []
        self._index: dict[Target, int] = {}

    def add(self, target: Target) -> None:
        target.balancer = self
        self._places[target] = None
        self._sort_in(target)

    def discard(self, target: Target) -> None:
        target.balancer = None
        del self._places[target]
        self._strike(target)

    def take(self) -> Target | None:
        if not self._free:
            return None
        target = self._chosen()
        target.outstanding += 1
        if target.outstanding >= self.capacity:
            self._strike(target)
        return target

    def free(self, target: Target) -> None:
        target.outstanding -= 1
        self._sort_in(target)

    def resize(self, capacity: int) -> None:
        self.capacity = capacity
        for target in self._places:
            self._sort_in(target)

    def _chosen(self) -> Target:
        return self._free[int(self._draw() * len(self._free))]

    def _sort_in(self, target: Target) -> None:
        if target.outstanding >= self.capacity:
            self._strike(target)
        elif target not in self._index:
            self._index[target] = len(self._free)
            self._free.append(target)

    def _strike(self, target: Target) -> None:
        at = self._index.pop(target, None)
        if at is None:
            return
        last = self._free.pop()
        if last is not target:
            self._free[at] = last
            self._index[last] = at


class PowerOfTwoChoices(RandomBalancer):
    """Draws two different targets and chooses the one with fewer requests (Mitzenmacher 2001; Envoy's least request).

    The result is nearly as good as comparing all targets, at the cost of two draws. Of equal targets the first wins.
    """

    def _chosen(self) -> Target:
        free = self._free
        first = int(self._draw() * len(free))
        if len(free) == 1:
            return free[first]
        second = int(self._draw() * (len(free) - 1))
        second += second >= first  # different from the first, and still uniformly distributed
        return free[second] if free[second].outstanding < free[first].outstanding else free[first]
