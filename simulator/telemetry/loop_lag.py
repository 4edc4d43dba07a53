"""The lag of the event loop: how late a timer fires that is due once per second."""

from __future__ import annotations

import asyncio
from typing import Final

from simulator.records.metrics import Metrics

_EVERY_S: Final = 1.0


class LoopLag:
    """Writes `metrics.lag_s` from `open` to `close`. Create it on the loop."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None

    def open(self) -> None:
        self._measure(self._loop.time())

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _measure(self, due_s: float) -> None:
        now_s = self._loop.time()
        self._metrics.lag_s = max(0.0, now_s - due_s)
        self._timer = self._loop.call_at(now_s + _EVERY_S, self._measure, now_s + _EVERY_S)
