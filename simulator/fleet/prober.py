"""The prober: asks instances whether they are well, with the numbers of the service's health check."""

from __future__ import annotations

import asyncio

from simulator.fleet.driver import Backend
from simulator.model.health import HealthCheck
from simulator.rules.health import Health, Streak


class Prober:
    """One per service. `failing` holds the numbers of instances whose probes fail by order of a timeline; 0 = all."""

    def __init__(self, check: HealthCheck) -> None:
        self.check = check
        self.failing: dict[int, None] = {}

    async def until_healthy(self, number: int, backend: Backend) -> None:
        """Probe from the launch on, at the check's interval, until it is healthy.

        ASSUMPTION: a starting instance is probed at the same interval as a running one; settled by an access log.
        """
        await self._probe_until(Health.HEALTHY, number, backend, Streak(self.check))

    async def until_unhealthy(self, number: int, backend: Backend) -> str:
        """Why the last probe failed, once the unhealthy threshold is reached."""
        await asyncio.sleep(self.check.interval_s)
        return await self._probe_until(Health.UNHEALTHY, number, backend, Streak(self.check, Health.HEALTHY))

    async def _probe_until(self, wanted: Health, number: int, backend: Backend, streak: Streak) -> str:
        loop = asyncio.get_running_loop()
        while True:
            began_s = loop.time()
            why = await self._probe(number, backend)
            if streak.probed(passed=why is None) is wanted:
                return why or ""
            await asyncio.sleep(max(0.0, began_s + self.check.interval_s - loop.time()))

    async def _probe(self, number: int, backend: Backend) -> str | None:
        if self.failing and (0 in self.failing or number in self.failing):
            return "failed by the timeline"
        return await backend.probe(self.check)
