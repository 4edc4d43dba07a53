"""The prober: runs the health checks of instances as the service configures them."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from typing import Final

from simulator.fleet.pool.settings import PoolSettings
from simulator.fleet.ports import Backend
from simulator.model.health import HealthCheck
from simulator.model.times import LoopTime
from simulator.rules.health import Health, Streak
from simulator.rules.policies.port import Actuator
from simulator.world.tasks import until

Failed = Callable[[str, float], None]  # arguments: the reason, and the time of the loop's clock


def _ignored(_why: str, _at_s: float) -> None:
    """Default of `failed`: do nothing."""


# Interval between the probes of a starting instance that should be ready at once but cannot report when it listens.
AT_ONCE_S: Final = 0.02


class Prober:
    """Probes the instances of one service.

    `failing`: numbers of instances whose probes fail because of a timeline event; 0: all. `startup_interval_s`:
    interval between the probes of a starting instance, until the first one passes; 0: as soon as it listens; None: the
    check's own interval. `again_s`: interval between the following probes until the healthy threshold is reached; None:
    the check's own interval. `only_starts`: instances never become unhealthy, so they are not probed after the start.
    `first_successes`: consecutive successes that make a starting instance healthy; None: the check's own threshold.
    """

    def __init__(
        self,
        check: HealthCheck,
        startup_interval_s: float | None = None,
        *,
        again_s: float | None = None,
        only_starts: bool = False,
        first_successes: int | None = None,
    ) -> None:
        self.check = check
        self._first_successes = first_successes
        self._startup_interval_s = check.interval_s if startup_interval_s is None else startup_interval_s
        self._again_s = check.interval_s if again_s is None else again_s
        self.failing: dict[int, None] = {}
        self._only_starts = only_starts

    async def until_healthy(self, number: int, backend: Backend, failed: Failed = _ignored) -> None:
        """Probe the instance from its launch until it is healthy. `failed` is called for each probe that fails."""
        loop = asyncio.get_running_loop()
        streak = Streak(self.check, healthy_threshold=self._first_successes)
        while True:
            began_s = loop.time()
            why = await self._probe(number, backend)
            if streak.probed(passed=why is None) is Health.HEALTHY:
                return
            if why is not None:
                failed(why, loop.time())
            pause_s = self._again_s if why is None else self._startup_interval_s
            next_s = began_s + pause_s
            if why is not None:
                next_s = _on_grid(next_s, pause_s, backend.listens_s())
            due_s = max(next_s, loop.time()) if next_s > began_s else loop.time() + AT_ONCE_S
            await until(LoopTime(due_s))

    async def until_changed(self, number: int, backend: Backend, streak: Streak) -> str:
        """Probe the instance until its health changes. Return why the last probe failed; empty if it passed."""
        loop = asyncio.get_running_loop()
        if self._only_starts:
            await loop.create_future()
        before, began_s = streak.health, loop.time()
        while True:
            await asyncio.sleep(max(0.0, began_s + self.check.interval_s - loop.time()))
            began_s = loop.time()
            why = await self._probe(number, backend)
            if streak.probed(passed=why is None) is not before:
                return why or ""

    async def _probe(self, number: int, backend: Backend) -> str | None:
        if self.failing and (0 in self.failing or number in self.failing):
            return "failed by the timeline"
        return await backend.probe(self.check)


def prober_of(settings: PoolSettings, actuator: Actuator, *, only_starts: bool) -> Prober:
    """Return a prober with the start-up interval of the service's settings, or else that of its platform.

    A target of an Application Load Balancer needs one success, and the wait for the check that finds it is a part of
    the delays of its start (instance_launch.py).
    """
    if settings.load_balancer is not None:
        return Prober(settings.health_check, 0.0, only_starts=only_starts, first_successes=1)
    startup_s = settings.startup_probe_s
    return Prober(
        settings.health_check,
        actuator.startup_probe_s if startup_s is None else startup_s,
        again_s=startup_s,
        only_starts=only_starts,
    )


def _on_grid(first_s: float, step_s: float, least_s: float) -> float:
    """Return the first of `first_s`, `first_s + step_s`, ... that is not before `least_s`."""
    if least_s <= first_s or math.isinf(least_s):
        return first_s
    if step_s <= 0:
        return least_s
    steps = math.ceil((least_s - first_s) / step_s)
    while first_s + steps * step_s < least_s:  # the quotient was rounded down
        steps += 1
    return first_s + steps * step_s
