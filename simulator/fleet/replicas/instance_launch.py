"""The launch of an instance: the start lag of the platform, the delay after crashes, and the driver's launch."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from simulator.fleet.instance import Instance, InstanceVariables
from simulator.fleet.pool.settings import PoolSettings
from simulator.fleet.ports import Backend, InstanceSpec, Launcher, LaunchError
from simulator.fleet.replicas.instance_records import InstanceRecords
from simulator.model.instance import InstanceEvent
from simulator.rules.health import CrashLoop
from simulator.rules.policies.port import Actuator
from simulator.rules.start_stages import StartDelays
from simulator.world.clock import RunClock


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

    async def launch(self, instance: Instance, lag_s: float) -> Backend | None:
        """Launch the instance after `lag_s`. Return None if it was asked to end before, or could not be launched."""
        lag_s = max(lag_s, self._crash_loop.delay_s)
        if lag_s > 0:
            await asyncio.wait((instance.ending,), timeout=lag_s)
        if instance.ending.done():
            return None
        settings = self._settings
        environment = {} if self._variables is None else self._variables.of_instance(instance.number)
        spec = InstanceSpec(settings.service, instance.number, settings.size, environment, settings.port)
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

    def crashed(self, instance: Instance) -> str:
        """Count the crash of an instance. Return a log line about the delay of the next launch; empty without one."""
        self._crash_loop.crashed(self._loop.time(), instance.ready_s)
        return str(self._crash_loop) if self._crash_loop.delay_s else ""

    def forget(self, instance: Instance) -> None:
        """Withdraw the credentials of an instance that has ended."""
        if self._variables is not None:
            self._variables.instance_ended(instance.number)


def start_delays(actuator: Actuator, random: Callable[[], float] | None, *, from_zero: bool) -> StartDelays:
    """Return the delays of a start that the scaler decided.

    `random` returns numbers between 0 and 1; None: every stage takes its mean. `from_zero`: no other instance exists,
    and a request waits for this one.
    """
    law = actuator.start_law
    if law is None:
        return StartDelays(actuator.start_lag_s, 0.0)
    quantiles = tuple(0.5 if random is None else random() for _ in range(law.draws))
    return law.delays(quantiles, from_zero=from_zero)
