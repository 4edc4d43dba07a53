"""The virtual loop at a pace that a person can watch, with a door through which that person may act.

Events run in the order and at the virtual times of the plain loop; all that is added is waiting between two of them.
So a run that is only watched gives the bytes of one that nobody watched. What comes through the door
(`call_soon_threadsafe`, from any thread) runs between two events, at the virtual time that the pace has reached.
"""

from __future__ import annotations

import asyncio
import contextvars
import math
import threading
from collections import deque
from collections.abc import Callable
from heapq import heappop
from typing import Final, TypeVarTuple

from simulator.world.pace import Pace
from simulator.world.virtual import VirtualLoop, _Timer

Ts = TypeVarTuple("Ts")

# Events between two looks at the wall clock and the door: some milliseconds.
LOOK_EVERY: Final = 512
# The longest sleep, so that signals are heard even where they do not wake a thread that waits.
SLEEP_S_MAX: Final = 0.5


class PacedLoop(VirtualLoop):
    """A VirtualLoop that keeps `pace`."""

    def __init__(self, pace: Pace) -> None:
        super().__init__()
        self._pace = pace
        pace.on_change = self._look_again
        self._limit_s = math.inf  # virtual time may go so far without a look
        self._door: deque[_Timer] = deque()
        self._knock = threading.Event()

    def call_soon_threadsafe(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: contextvars.Context | None = None
    ) -> asyncio.Handle:
        """From any thread."""
        handle = _Timer(0.0, callback, args, context)
        self._door.append(handle)
        self._knock.set()
        return handle

    def _run_once(self) -> None:
        """As the plain loop's, with a look before time passes the limit, and now and then."""
        soon, timers = self._soon, self._timers
        events, look_in = 0, LOOK_EVERY
        try:
            while not self._stopping:  # type: ignore[attr-defined]  # set by BaseEventLoop.stop
                if look_in == 0:
                    look_in = LOOK_EVERY
                    self._look()
                look_in -= 1
                if soon:
                    handle = soon.popleft()
                elif timers:
                    when, _, handle = timers[0]
                    if handle._cancelled:  # noqa: SLF001 our own handle
                        heappop(timers)
                        continue
                    if when > self._limit_s and not self._may_pass(when):
                        continue
                    heappop(timers)
                    if when > self._now:
                        self._now = when
                else:
                    self._deadlock()
                events += 1
                context = handle._context  # noqa: SLF001
                if context is None:
                    handle._callback(*handle._args)  # noqa: SLF001
                else:
                    context.run(handle._callback, *handle._args)  # noqa: SLF001
        finally:
            self.events += events

    def _may_pass(self, when: float) -> bool:
        """Wait until virtual time may reach `when`: True. False when something came in by the door before."""
        waited = False
        while True:
            self._look(waited=waited)
            if when <= self._limit_s:
                return True
            # The clock goes on between two events, so that who comes in finds the time of the moment.
            self._now = max(self._now, min(self._limit_s, when))
            if self._soon or self._stopping:  # type: ignore[attr-defined]
                return False
            self._knock.wait(min(self._pace.wait_s(when), self._pace.on_look(), SLEEP_S_MAX))
            waited = True

    def _look(self, *, waited: bool = False) -> None:
        self._knock.clear()
        while self._door:
            self._soon.append(self._door.popleft())
        self._limit_s = self._pace.limit_s(self._now, waited=waited)
        self._pace.on_look()

    def _look_again(self) -> None:
        """The pace has changed."""
        self._limit_s = -math.inf
