"""Requests granted to an idle instance: the first wakes it, and all are forwarded once its CPU is restored."""

from __future__ import annotations

from collections.abc import Callable

from simulator.fleet.exchange import PooledExchange
from simulator.fleet.instance import Instance
from simulator.fleet.ports import Exchange, InstanceActivity
from simulator.model.instance import InstanceState
from simulator.world.running_loop import running_loop


class Wakes:
    """Wakes the idle instances of one service. `begin` forwards an exchange to its instance."""

    def __init__(self, begin: Callable[[Exchange], None]) -> None:
        self._begin = begin
        self._loop = running_loop()

    def hold(self, exchange: PooledExchange, instance: Instance, activity: InstanceActivity[Instance]) -> None:
        """Keep the exchange, which has its slot, until the instance is awake; wake the instance if it is idle."""
        instance.pending.append(exchange)
        if instance.state is InstanceState.IDLE:
            wake_s = activity.wake(instance)
            if wake_s > 0:
                self._loop.call_at(self._loop.time() + wake_s, self.awakened, instance)
            else:
                self.awakened(instance)

    def awakened(self, instance: Instance) -> None:
        """Forward the exchanges that were granted while the instance woke: its CPU has been restored.

        Do nothing if the instance has become idle again: its requests were abandoned, and the next one wakes it.
        """
        if instance.state is InstanceState.IDLE:
            return
        instance.awake, now = True, self._loop.time()
        pending, instance.pending = instance.pending, []
        for exchange in pending:
            if exchange.open:
                exchange.cold_s += now - exchange.granted_s
                exchange.begun_s = now
                self._begin(exchange)
