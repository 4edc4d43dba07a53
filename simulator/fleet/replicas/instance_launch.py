"""The launch of an instance: the start lag of the platform, the delay after crashes, and the driver's launch."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from simulator.fleet.instance import Instance, InstanceVariables, Termination
from simulator.fleet.pool.settings import PoolSettings
from simulator.fleet.ports import Backend, InstanceSpec, Launcher, LaunchError
from simulator.fleet.replicas.instance_records import InstanceRecords
from simulator.model.instance import InstanceEvent
from simulator.rules.health import CrashLoop
from simulator.rules.policies.port import Actuator
from simulator.rules.start_stages import DAY_S, StartDelays
from simulator.world.clock import RunClock

_MEDIAN: Final = 0.5


class InstanceLaunch:
    """Launches the instances of one service.

    `variables`: supplies the environment variables of each instance. `on_exit` is called when a launched instance has
    ended.
    """

    def __init__(
        self,
        settings: PoolSettings,
        driver: Launcher,
        clock: RunClock,
        records: InstanceRecords,
        variables: InstanceVariables | None,
        on_exit: Callable[[Instance, Backend], None],
    ) -> None:
        self._settings = settings
        self._driver = driver
        self._clock = clock
        self._records = records
        self._variables = variables
        self._on_exit = on_exit
        self._loop = asyncio.get_running_loop()
        self._crash_loop = CrashLoop(settings.steady_s)

    async def launch(self, instance: Instance, delays: StartDelays) -> Backend | None:
        """Launch the instance after its delay. Return None if it was asked to end before, or could not be launched."""
        lag_s = max(delays.launch_s, self._crash_loop.delay_s)
        if lag_s > 0:
            await asyncio.wait((instance.ending,), timeout=lag_s)
        if instance.ending.done():
            return None
        settings = self._settings
        environment = {} if self._variables is None else self._variables.of_instance(instance.number)
        spec = InstanceSpec(
            settings.service,
            instance.number,
            settings.size,
            environment,
            settings.port,
            delays.init_s,
            delays.kept,
        )
        try:
            backend = await self._driver.launch(spec)
        except LaunchError as error:
            instance.end(InstanceEvent.CRASHED, str(error))
            return None
        instance.launched(backend)
        instance.launched_at_s = instance.activation_at_s = self._clock.at_s()
        backend.exited.add_done_callback(lambda _: self._on_exit(instance, backend))
        self._records.move(instance, InstanceEvent.STARTED, "")
        return backend

    def became_healthy(self, instance: Instance) -> None:
        self._crash_loop.became_healthy(instance.ready_s)

    def crashed(self, instance: Instance, ending: Termination, *, ready: int) -> None:
        """Count and record the crash of an instance that was needed; `ready` others are left."""
        if not ending.blameless:
            self._crash_loop.crashed(self._loop.time(), instance.ready_s)
        self._records.missed(ending, ready=ready)
        delayed = str(self._crash_loop) if self._crash_loop.delay_s and not ending.blameless else ""
        for line in filter(None, (ending.why, ending.saw, delayed)):
            self._records.line(line)

    def forget(self, instance: Instance) -> None:
        """Withdraw the credentials of an instance that has ended."""
        if self._variables is not None:
            self._variables.instance_ended(instance.number)


class InstanceStarts:
    """Draws the delays of the starts that the scaler decides; one object per replica set.

    Behind an Application Load Balancer they include the wait for the first health check of the target. `random` returns
    numbers between 0 and 1; None: every stage takes its median. `at_s` returns the seconds since the start of the run:
    all initialisations of a day share a factor.
    """

    def __init__(self, settings: PoolSettings, random: Callable[[], float] | None, at_s: Callable[[], float]) -> None:
        self._settings = settings
        self._random = random
        self._at_s = at_s
        self._day = -1
        self._day_quantile = _MEDIAN

    def delays(self, actuator: Actuator, *, from_zero: bool) -> StartDelays:
        """Return the delays of a start. `from_zero`: no other instance exists, and a request waits for this one."""
        launch_s, route_s, init_s, kept = self._of_platform(actuator, from_zero=from_zero)
        load_balancer = self._settings.load_balancer
        if load_balancer is not None:
            route_s += self._quantile() * load_balancer.first_check_s
        return StartDelays(launch_s, route_s + self._settings.route_after_s, init_s, kept)

    def _of_platform(self, actuator: Actuator, *, from_zero: bool) -> StartDelays:
        law = actuator.start_law
        if law is None:
            return StartDelays(actuator.start_lag_s, 0.0, kept=actuator.kept)
        factor = 1.0
        if law.init is not None and law.init.day_sd > 0 and self._random is not None:
            day = int(self._at_s() // DAY_S)
            if day != self._day:
                self._day, self._day_quantile = day, self._random()
            factor = law.init.day_factor(self._day_quantile)
        quantiles = tuple(self._quantile() for _ in range(law.draws))
        return law.delays(quantiles, from_zero=from_zero, day_factor=factor)._replace(kept=actuator.kept)

    def _quantile(self) -> float:
        return _MEDIAN if self._random is None else self._random()
