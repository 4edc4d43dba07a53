"""The time limit of queued requests: one timer, for the request that has waited longest."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from simulator.fleet.exchange import PooledExchange
from simulator.rules.admission import Admission


class QueueExpiry:
    """Calls `expired` with each exchange that reached the limit, after the admission has removed it from the queue."""

    def __init__(self, admission: Admission[PooledExchange, Any], expired: Callable[[PooledExchange], None]) -> None:
        self._admission = admission
        self._expired = expired
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None

    def watch(self) -> None:
        """Arm the timer unless it is armed or the queue is empty. Call it when a request is queued."""
        due = self._admission.next_expiry()
        if due is not None and self._timer is None:
            self._timer = self._loop.call_at(due, self._expire)

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _expire(self) -> None:
        self._timer = None
        for exchange in self._admission.expire(self._loop.time()):
            if exchange.open:  # the load balancer may have abandoned it in a callback of another exchange
                self._expired(exchange)
        self.watch()
