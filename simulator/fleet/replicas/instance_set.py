"""The instances of one service, and how many of them are in which state."""

from __future__ import annotations

import asyncio

from simulator.fleet.instance import Instance
from simulator.fleet.ports import PoolSupply
from simulator.model.instance import InstanceState


class InstanceSet:
    """The instances of one service, including ended ones (for the bill), by number in order of creation.

    `_alive`: those that start or are ready, which are compared with the desired count. `_lifecycles`: the tasks of
    those that have not ended.
    """

    def __init__(self, pool: PoolSupply[Instance]) -> None:
        self.pool = pool
        self.instances: dict[int, Instance] = {}
        self._alive: dict[int, Instance] = {}
        self._lifecycles: dict[int, asyncio.Task[None]] = {}

    @property
    def coming(self) -> int:
        return len(self._alive) - len(self.pool.ready)

    @property
    def active(self) -> int:
        """Number of instances that process requests or did so a short time ago."""
        return sum(instance.state is InstanceState.ACTIVE for instance in self.pool.ready.values())

    @property
    def provisioned(self) -> int:
        """Number of instances that exist and hold memory: launched and not stopped, including draining ones."""
        return sum(self.instances[number].is_provisioned for number in self._lifecycles)

    def living(self) -> list[Instance]:
        """Return the instances whose lifecycle has not ended, including draining ones, in order of creation."""
        return [self.instances[number] for number in self._lifecycles]
