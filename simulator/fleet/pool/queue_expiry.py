"""The time limit of queued requests: one timer, for the request that has waited longest."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from simulator.fleet.exchange import PooledExchange
from simulator.rules.admission import Admission


class QueueExpiry:
    """Calls `expired` with each exchange that has waited for its limit; the admission has removed it from the queue."""

    def __init__(self, admission: Admission[PooledExchange, Any], expired: Callable[[PooledExchange], None]) -> None:
        self._admission = admission
        self._expired = expired
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None

    def watch(self) -> None:
        """Arm the timer if a request is queued and it is not armed. Call it when a request begins to wait."""
        due = self._admission.next_expiry()
        if due is not None and self._timer is None:
            self._timer = self._loop.call_at(due, self._expire)

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _expire(self) -> None:
        self._timer = None
        for exchange in self._admission.expire(self._loop.time()):
            if exchange.open:  # the front may have abandoned it in the callbacks of another exchange
                self._expired(exchange)
        self.watch()
