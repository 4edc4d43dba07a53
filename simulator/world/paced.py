"""The virtual-time loop at a playback speed, which other threads can control.

Events run in the same order and at the same virtual times as in the plain loop; the paced loop only waits between them.
A run without intervention therefore produces the same bytes at any speed. A callback from another thread
(`call_soon_threadsafe`) runs between two events, at the virtual time that the playback has reached.
"""

from __future__ import annotations

import asyncio
import contextvars
import math
import threading
from collections import deque
from collections.abc import Callable
from typing import Final, TypeVarTuple

from simulator.world.playback import Playback
from simulator.world.virtual import VirtualLoop, _Timer

Ts = TypeVarTuple("Ts")

# Number of timers between two checks of the wall clock and of other threads' callbacks; they take some milliseconds.
LOOK_EVERY: Final = 256
# The longest sleep, so that signals are handled even on platforms where they do not wake a waiting thread.
SLEEP_S_MAX: Final = 0.5


class PacedLoop(VirtualLoop):
    """A VirtualLoop that advances at the speed of `playback`."""

    def __init__(self, playback: Playback) -> None:
        super().__init__(self._wait_for_playback)
        self._playback = playback
        self._look_in = LOOK_EVERY  # timers until the next check
        self._arrived: deque[_Timer] = deque()
        self._callback_arrived = threading.Event()

    def call_soon_threadsafe(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: contextvars.Context | None = None
    ) -> asyncio.Handle:
        """Schedule `callback` from any thread."""
        handle = _Timer(0.0, callback, args, context)
        self._arrived.append(handle)
        self._callback_arrived.set()
        return handle

    def _wait_for_playback(self, when: float, order: int) -> bool:
        """Check the wall clock before time passes the limit, and every `LOOK_EVERY` timers.

        Return False if a callback arrived before `when`.
        """
        del order
        self._look_in -= 1
        if self._look_in == 0:
            self._look_in = LOOK_EVERY
            self._look()
            if self._soon:
                return False
        return when <= self._playback.checked_until_s or when == math.inf or self._may_pass(when)

    def _may_pass(self, when: float) -> bool:
        """Wait until virtual time may reach `when` and return True; return False if a callback arrives before that."""
        waited = False
        while True:
            self._look(waited=waited)
            limit_s = self._playback.checked_until_s
            if when <= limit_s:
                return True
            # The clock advances between two events, so that an arriving callback gets the current time.
            self._now = max(self._now, min(limit_s, when))
            if self._soon or self._stopping:  # type: ignore[attr-defined]
                return False
            self._callback_arrived.wait(min(self._playback.wait_s(when), self._playback.look(), SLEEP_S_MAX))
            waited = True

    def _look(self, *, waited: bool = False) -> None:
        self._callback_arrived.clear()
        while self._arrived:
            self._soon.append(self._arrived.popleft())
        playback = self._playback
        playback.checked_until_s = playback.limit_s(self._now, waited=waited)
        playback.look()
