"""The load balancer in front of a pool: its routing, its answers, and the health of its targets.

An unhealthy target stays ready: it is probed, counted for scaling and billed, but gets no requests unless the target
group fails open (rules/load_balancer/target_health.py).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from simulator.fleet.instance import Instance
from simulator.fleet.pool.settings import PoolSettings
from simulator.model.rejection import unchanged
from simulator.rules.balancers import BALANCERS
from simulator.rules.balancing import Balancer, Draw

if TYPE_CHECKING:  # few services have an Application Load Balancer in front
    from simulator.rules.load_balancer.target_health import TargetHealth


class TargetRouting:
    """Keeps the instances that get requests in agreement with the health of the targets.

    `suspend` takes an instance out of service and returns whether it was in the front tier; `resume` is its opposite.
    Without an Application Load Balancer in `settings` every instance is healthy. `answer` turns a rejection into what
    clients get.
    """

    def __init__(
        self,
        settings: PoolSettings,
        ready: Mapping[int, Instance],
        suspend: Callable[[Instance], bool],
        resume: Callable[[Instance, bool], None],
    ) -> None:
        self._settings = settings
        self.answer = unchanged
        self._health: TargetHealth | None = None
        if settings.load_balancer is not None:
            from simulator.rules.load_balancer.answers import load_balancer_answer  # noqa: PLC0415
            from simulator.rules.load_balancer.target_health import TargetHealth  # noqa: PLC0415

            self.answer = load_balancer_answer
            self._health = TargetHealth(settings.load_balancer.minimum_healthy)
        self._ready = ready
        self._suspend = suspend
        self._resume = resume
        self._suspended: dict[int, bool] = {}  # number -> whether it returns to the front tier

    @property
    def is_load_balancer(self) -> bool:
        """True if an Application Load Balancer is in front."""
        return self._health is not None

    def balancer(self, capacity: int, draw: Draw, now_s: Callable[[], float]) -> Balancer:
        """Return a new balancer for targets with `capacity` slots each."""
        front = self._settings.load_balancer
        if front is None:
            return BALANCERS[self._settings.balancing](capacity, draw)
        from simulator.rules.load_balancer.target_group import target_group  # noqa: PLC0415

        return target_group(front, now_s)

    def entered(self, instance: Instance) -> None:
        if self._health is not None:
            self._health.register(instance.number)
            self._apply(self._health)

    def left(self, instance: Instance) -> None:
        if self._health is not None:
            self._suspended.pop(instance.number, None)
            self._health.deregister(instance.number)
            self._apply(self._health)

    def change(self, instance: Instance, *, healthy: bool) -> bool:
        """Change the health of a target. Return True if the group fails open: unhealthy targets get requests."""
        assert self._health is not None, "only a load balancer has targets"
        self._health.change(instance.number, healthy=healthy)
        self._apply(self._health)
        return self._health.fails_open

    def moved(self, instance: Instance, *, front: bool) -> bool:
        """Return True if the instance gets no requests; it will then return to the tier that `front` denotes."""
        if instance.number not in self._suspended:
            return False
        self._suspended[instance.number] = front
        return True

    def _apply(self, health: TargetHealth) -> None:
        routed = dict.fromkeys(health.routed)
        for number in routed:
            if number in self._suspended:
                self._resume(self._ready[number], self._suspended.pop(number))
        for number in list(self._ready):
            if number not in routed and number not in self._suspended:
                self._suspended[number] = self._suspend(self._ready[number])
