"""One timer for all requests of a source: requests that are due are sent in batches, without a timer object
for each.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from typing import Final

from simulator.model.times import LoopTime, RunTime

# The loop runs other callbacks after this many requests; otherwise responses would wait until a whole burst is sent.
BATCH: Final = 32
# The resolution of uvloop's timers. A shorter wait would be rounded to 0 and repeated in a busy loop; a longer one is
# rounded up, so no request is sent too early.
_TICK_S: Final = 0.001


class DueChain:
    """Calls `fire(now_s)` when something is due; `fire` handles at most `BATCH` items and returns when the next one is
    due.

    Times are in seconds of the run. If `fire` returns None, nothing is due until `due` is called. An exception in
    `fire` ends the chain and becomes the exception of `broken`.
    """

    def __init__(
        self, fire: Callable[[RunTime], float | None], origin_s: LoopTime, now: Callable[[], LoopTime]
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self.broken: asyncio.Future[None] = self._loop.create_future()
        self._fire = fire
        self._origin_s = origin_s
        self._now = now
        self._timer: asyncio.Handle | None = None
        self._timer_s = math.inf  # the time at which it fires; infinite without a timer

    def due(self, at_s: float) -> None:
        """Schedule `fire` at `at_s`, unless it is scheduled sooner."""
        if at_s >= self._timer_s:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer_s = at_s
        wait_s = self._origin_s + at_s - self._now()
        if wait_s <= 0:
            self._timer = self._loop.call_soon(self._run)
        else:
            self._timer = self._loop.call_later(math.ceil(wait_s / _TICK_S) * _TICK_S, self._run)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._timer_s = None, math.inf

    def _run(self) -> None:
        self._timer, self._timer_s = None, math.inf
        try:
            next_s = self._fire(RunTime(self._now() - self._origin_s))
        except Exception as error:  # noqa: BLE001 the code that waits for the load raises it
            if not self.broken.done():
                self.broken.set_exception(error)
                self.broken.exception()  # marks the exception as retrieved, in case no code awaits `broken`
            return
        if next_s is not None:
            self.due(next_s)
