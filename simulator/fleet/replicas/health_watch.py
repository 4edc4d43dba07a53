"""The health of instances in service, and what a failed check leads to.

App Runner replaces an unhealthy instance at once. A target of an Application Load Balancer gets no requests while it
is unhealthy, unless the target group fails open; after the grace period of its service ECS starts a task in its place,
and stops it when that task has entered.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from simulator.fleet.instance import Instance
from simulator.fleet.pool.settings import PoolSettings
from simulator.fleet.ports import Backend, PoolSupply
from simulator.fleet.replicas.prober import Prober
from simulator.model.health import failed_line
from simulator.model.instance import InstanceEvent
from simulator.rules.health import Health, Streak
from simulator.world.clock import RunClock
from simulator.world.tasks import Tasks, first_of

if TYPE_CHECKING:
    from simulator.rules.load_balancer.settings import ApplicationLoadBalancer


class HealthWatch:
    """Watches the instances of one service. `replace` starts an instance in place of an unhealthy target."""

    def __init__(
        self,
        settings: PoolSettings,
        pool: PoolSupply[Instance],
        prober: Prober,
        clock: RunClock,
        tasks: Tasks,
        log: Callable[[str], None],
        replace: Callable[[Instance, str], None],
    ) -> None:
        self._settings = settings
        self._pool = pool
        self._prober = prober
        self._clock = clock
        self._tasks = tasks
        self._log = log
        self._replace = replace
        self._loop = asyncio.get_running_loop()

    async def until_ended(self, instance: Instance, backend: Backend) -> None:
        """Watch an instance from its entry into service until it is asked to end."""
        load_balancer = self._settings.load_balancer
        if load_balancer is not None:
            await self._watch_target(instance, backend, load_balancer)
            return
        why = await self._until_changed(instance, backend, Streak(self._prober.check, Health.HEALTHY))
        if why is not None:
            instance.end(InstanceEvent.CRASHED, f"{self._failed_line} ({why})")

    @property
    def _failed_line(self) -> str:
        return failed_line(self._settings.health_check, self._settings.port)

    async def _until_changed(self, instance: Instance, backend: Backend, streak: Streak) -> str | None:
        """Return why the last check failed when the health has changed; None if the instance was asked to end."""
        probing = self._tasks.spawn(
            self._prober.until_changed(instance.number, backend, streak), f"probe of instance {instance.number}"
        )
        try:
            return probing.result() if await first_of(instance.ending, probing) == 1 else None
        finally:
            probing.cancel()

    async def _watch_target(self, instance: Instance, backend: Backend, load_balancer: ApplicationLoadBalancer) -> None:
        streak = Streak(load_balancer.health_check, Health.HEALTHY)
        replacing: asyncio.TimerHandle | None = None
        try:
            while (why := await self._until_changed(instance, backend, streak)) is not None:
                is_healthy = streak.health is Health.HEALTHY
                fails_open = self._pool.change_health(instance, healthy=is_healthy)
                if replacing is not None:
                    replacing.cancel()
                if is_healthy:
                    self._log(f"Target {instance.number} is healthy again.")
                    continue
                routed = "; too few targets are healthy, so all of them get requests" if fails_open else ""
                self._log(f"Target {instance.number} is unhealthy: {why}{routed}.")
                grace_s = self._clock.loop_s(instance.launched_at_s) + load_balancer.grace_period_s
                # ASSUMPTION: ECS acts on an unhealthy target at once after the grace period (ECS guide, ecs_services:
                # it starts the replacement first). Events of a service with an unhealthy target settle the delay.
                replacing = self._loop.call_at(
                    max(self._loop.time(), grace_s), self._replace, instance, f"{self._failed_line} ({why})"
                )
        finally:
            if replacing is not None:
                replacing.cancel()
