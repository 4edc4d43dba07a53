"""The platform's own limit on the number of simultaneous instances, in addition to MaxSize."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from simulator.fleet.instance import Instance
from simulator.fleet.pool.settings import PoolSettings
from simulator.fleet.replicas.zones import PlatformZones
from simulator.model.instance import InstanceState


class Capacity:
    """Grants instances to a replica set.

    `is_short`: True if the last grant was smaller than requested, so the replica set must ask again when an instance
    has ended.
    """

    def __init__(self, settings: PoolSettings, zones: PlatformZones, log: Callable[[str], None]) -> None:
        self._instances_max = settings.capacity
        self._zones = zones
        self._log = log
        self.is_short = False

    def granted(self, wanted: int, living: Callable[[], Iterable[Instance]]) -> int:
        """Return how many of `wanted` additional instances can start now.

        Draining instances count until they have ended. `living` returns the instances that exist.
        """
        if self._zones.all_are_lost and wanted > 0:
            return 0
        if self._instances_max is None:
            return wanted
        there = sum(instance.state is not InstanceState.STOPPED for instance in living())
        free = max(0, self._instances_max - there)
        if (wanted > free) != self.is_short:
            self.is_short = not self.is_short
            self._log(
                f"The platform has no capacity for {wanted - free} of {wanted} more instances: "
                f"capacity = {self._instances_max}, {there} exist. They start when others have ended."
                if self.is_short
                else f"The platform has enough capacity again: capacity = {self._instances_max}."
            )
        return min(wanted, free)

    def explained(self, reason: str, desired: int) -> str:
        """Return the reason of a decision, extended by a note if `desired` exceeds the capacity."""
        if self._instances_max is None or desired <= self._instances_max:
            return reason
        return f"{reason}; the platform has capacity for {self._instances_max}"
