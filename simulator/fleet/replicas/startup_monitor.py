"""Monitors an instance from its launch until it is healthy: probes it, limits the time, and reports what delays it."""

from __future__ import annotations

import asyncio
from typing import Final, Protocol

from simulator.fleet.instance import Instance
from simulator.fleet.pool.settings import PoolSettings
from simulator.fleet.ports import Backend
from simulator.fleet.replicas.prober import Prober
from simulator.model.health import failed_line
from simulator.model.instance import InstanceEvent
from simulator.model.text.units import duration_text
from simulator.world.tasks import Tasks, first_of

# A probe that fails in the first second means little, because the application is still starting. After that a line is
# logged every few seconds, and within a second if the observation changes.
_LOOK_S: Final = 1.0
_LINE_S: Final = 5.0


class StartRecords(Protocol):
    """Records what is observed of instances that start; implemented by `InstanceRecords`."""

    def start_line(self, text: str, /) -> None: ...
    def probe_failed(self, number: int, why: str, /) -> None: ...


class StartupMonitor:
    """Monitors the starts of instances; one object per replica set.

    `records` publishes every failed probe. `is_logged`: True if delays of an instance are also written to its event
    log. False for simulated instances, whose delays are configured.
    """

    def __init__(
        self,
        settings: PoolSettings,
        prober: Prober,
        tasks: Tasks,
        records: StartRecords,
        *,
        is_logged: bool = False,
    ) -> None:
        self._is_logged = is_logged
        self._settings = settings
        self._prober = prober
        self._tasks = tasks
        self._records = records
        self._loop = asyncio.get_running_loop()

    @property
    def failed_line(self) -> str:
        return failed_line(self._settings.health_check, self._settings.port)

    async def until_routed(self, instance: Instance, backend: Backend, route_s: float) -> bool:
        """Return True `route_s` seconds after the instance became healthy; False if it ended or had to end before."""
        if not await self.until_healthy(instance, backend):
            return False
        if route_s > 0:
            await asyncio.wait((instance.ending,), timeout=route_s)
        return not instance.ending.done()

    async def until_healthy(self, instance: Instance, backend: Backend) -> bool:
        """Return True when the instance is healthy.

        Return False if it was asked to end, has ended, or exceeded its start-up allowance; `instance.ending` has the
        reason.
        """
        allowance_s = self._settings.startup_allowance_s
        seen = _Seen(self, instance.number, backend, self._loop.time(), allowance_s)
        probing = self._tasks.spawn(
            self._prober.until_healthy(instance.number, backend, seen.failed), f"probe of instance {instance.number}"
        )
        allowance = self._loop.create_future()
        timer = self._loop.call_later(allowance_s, _set, allowance)
        try:
            first = await first_of(instance.ending, probing, allowance)
        finally:
            timer.cancel()
            probing.cancel()
        if first == 2:
            why = f"{self.failed_line} (not healthy within {allowance_s:g} s)"
            instance.end(InstanceEvent.CRASHED, why, slow=True, saw=seen.conclusion())
        if first == 1:
            probing.result()
        if first != 1 or backend.exited.done():  # it ended at the moment at which its probe passed
            await asyncio.wait((instance.ending,))
            return False
        seen.was_healthy()
        return True

    def observation(self, backend: Backend, why: str = "") -> str:
        """Return the reason `why` of a failed probe, extended by what else can be observed."""
        return "; ".join(filter(None, (why, backend.explain())))

    def line(self, text: str) -> None:
        if self._is_logged:
            self._records.start_line(text)

    def probe_failed(self, number: int, why: str) -> None:
        """Publish a failed probe of an instance."""
        self._records.probe_failed(number, why)


class _Seen:
    """Observations of the probes of one instance so far."""

    def __init__(
        self, watch: StartupMonitor, number: int, backend: Backend, began_s: float, allowance_s: float
    ) -> None:
        self._watch = watch
        self._number = number
        self._backend = backend
        self._until_s = began_s + allowance_s
        self._look_s = began_s + _LOOK_S
        self._line_s = began_s
        self._why = self._logged = ""

    def failed(self, why: str, now_s: float) -> None:
        self._why = why
        self._watch.probe_failed(self._number, why)
        if now_s < self._look_s:
            return
        self._look_s = now_s + _LOOK_S
        seen = self._watch.observation(self._backend, why)
        if seen == self._logged and now_s < self._line_s:
            return
        self._logged, self._line_s = seen, now_s + _LINE_S
        left_s = max(0.0, self._until_s - now_s)
        self._watch.line(f"Instance {self._number} is not healthy yet: {seen}. It has {duration_text(left_s)} more.")

    def conclusion(self) -> str:
        """Return the line for the event log about an exceeded start-up allowance."""
        seen = self._watch.observation(self._backend, self._why)
        return f"Instance {self._number} did not become healthy. The last health check saw: {seen}." if seen else ""

    def was_healthy(self) -> None:
        """Log an observation about an instance that has become healthy, if there is one."""
        seen = self._watch.observation(self._backend)
        if seen:
            self._watch.line(f"Instance {self._number} is healthy, but {seen}.")


def _set(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
