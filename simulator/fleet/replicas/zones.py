"""Availability Zones: where the instances of a service are placed, and which zones are lost.

The rules are those of Amazon ECS, on which App Runner runs: a new instance goes to the zone with the fewest instances
of its service, a scale-in takes one from the zone with the most, and a service whose zones differ by more than one is
rebalanced (Amazon ECS Developer Guide, "Balancing an Amazon ECS service across Availability Zones").
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from simulator.fleet.instance import Instance, scale_in_order
from simulator.model.zones import zone_names


class PlatformZones:
    """The Availability Zones of a platform. With a count of 0 it has none, and its instances no zone."""

    def __init__(self, count: int = 0) -> None:
        self.names = zone_names(count)
        self.rebalances = True
        self._losses: Counter[str] = Counter()

    def divide(self, count: int, *, rebalances: bool = True) -> None:
        """Divide the platform into zones. Call this before its first instance starts.

        `rebalances`: when a zone is available again, instances are replaced until the zones are even.

        ASSUMPTION: App Runner rebalances, because ECS does it for services created since 30 June 2025. Settled by the
        zones of the instances of a service some hours after a zone was impaired.
        """
        self.names, self.rebalances = zone_names(count), rebalances

    @property
    def available(self) -> list[str]:
        return [name for name in self.names if not self._losses[name]]

    @property
    def all_are_lost(self) -> bool:
        return bool(self.names) and not self.available

    def lose(self, name: str) -> None:
        """Lose a zone: no instance can be placed there until as many `restore` as `lose` have been called."""
        self._losses[name] += 1

    def restore(self, name: str) -> None:
        assert self._losses[name], f"zone {name} is not lost"
        self._losses[name] -= 1

    def place(self, others: Iterable[Instance]) -> str:
        """Return the zone for a new instance: the first of those with the fewest of `others`, which start or serve.

        If all zones are lost, it is a lost one.
        """
        counts = Counter(instance.zone for instance in others)
        names = self.available or self.names
        return min(names, key=lambda name: counts[name]) if names else ""

    def surplus(self, alive: Iterable[Instance], count: int) -> list[Instance]:
        """Return `count` instances to remove at a scale-in: those that do not serve yet, then the youngest, of the zone
        with the most.
        """
        left = sorted(alive, key=scale_in_order)
        if not self.names:
            return left[:count]
        chosen: list[Instance] = []
        counts = Counter(instance.zone for instance in left)
        for _ in range(min(count, len(left))):
            # `min` returns the first of equals, which is the first in the order of removal.
            taken = min(left, key=lambda instance: (not instance.is_coming, -counts[instance.zone]))
            left.remove(taken)
            counts[taken.zone] -= 1
            chosen.append(taken)
        return chosen

    def uneven(self, alive: Iterable[Instance], ready: Mapping[int, Instance]) -> list[int]:
        """Return the ready instances to replace so that the available zones have the same number, within one."""
        counts = dict.fromkeys(self.available, 0)
        for instance in alive:
            counts[instance.zone] = counts.get(instance.zone, 0) + 1
        youngest = sorted(ready, reverse=True)
        chosen: list[int] = []
        while self.rebalances and len(counts) > 1:
            most, fewest = max(counts, key=counts.__getitem__), min(self.available, key=counts.__getitem__)
            movable = [number for number in youngest if ready[number].zone == most and number not in chosen]
            if counts[most] - counts[fewest] <= 1 or not movable:
                break
            counts[most] -= 1
            counts[fewest] += 1
            chosen.append(movable[0])
        return chosen
