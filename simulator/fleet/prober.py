"""The prober: asks instances whether they are well, with the numbers of the service's health check."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from simulator.fleet.driver import Backend
from simulator.model.health import HealthCheck
from simulator.rules.health import Health, Streak

Failed = Callable[[str, float], None]  # why, and when by the loop's clock


def _untold(_why: str, _at_s: float) -> None:
    """Nobody asks."""


class Prober:
    """One per service. `failing` holds the numbers of instances whose probes fail by order of a timeline; 0 = all.

    `startup_interval_s`: between the probes of an instance that starts; None: the check's own interval.
    """

    def __init__(self, check: HealthCheck, startup_interval_s: float | None = None, only_starts: bool = False) -> None:
        self.check = check
        self._startup_interval_s = check.interval_s if startup_interval_s is None else startup_interval_s
        self.failing: dict[int, None] = {}
        self._only_starts = only_starts  # who became healthy stays so, for certain: it is not asked again

    async def until_healthy(self, number: int, backend: Backend, failed: Failed = _untold) -> None:
        """Probe from the launch on until it is healthy. `failed` is told of each probe that fails.

        ASSUMPTION: a starting instance is probed at the same interval as a running one, unless a setting says
        otherwise; settled by an access log.
        """
        await self._probe_until(Health.HEALTHY, number, backend, Streak(self.check), self._startup_interval_s, failed)

    async def until_unhealthy(self, number: int, backend: Backend) -> str:
        """Why the last probe failed, once the unhealthy threshold is reached."""
        if self._only_starts:
            await asyncio.get_running_loop().create_future()
        await asyncio.sleep(self.check.interval_s)
        streak = Streak(self.check, Health.HEALTHY)
        return await self._probe_until(Health.UNHEALTHY, number, backend, streak, self.check.interval_s)

    async def _probe_until(
        self,
        wanted: Health,
        number: int,
        backend: Backend,
        streak: Streak,
        interval_s: float,
        failed: Failed = _untold,
    ) -> str:
        loop = asyncio.get_running_loop()
        while True:
            began_s = loop.time()
            why = await self._probe(number, backend)
            if streak.probed(passed=why is None) is wanted:
                return why or ""
            if why is not None:
                failed(why, loop.time())
            await asyncio.sleep(max(0.0, began_s + interval_s - loop.time()))

    async def _probe(self, number: int, backend: Backend) -> str | None:
        if self.failing and (0 in self.failing or number in self.failing):
            return "failed by the timeline"
        return await backend.probe(self.check)
