"""Playback speed of virtual time: play, pause, step, and a speed. This module only decides; it never waits.

A speed is the number of virtual seconds per second of the wall clock. If the computation falls behind, the run does not
catch up: a pause or a slower speed takes effect immediately, and at a speed that the machine cannot reach the run
proceeds as fast as possible.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

SPEED_MIN: Final = 0.01
SPEED_MAX: Final = 10_000.0
# The greatest lag, in seconds of wall time, that the run catches up with: after a computation, and after a wait (which
# may end late, but not by hours).
MADE_UP_S_MAX: Final = 0.05
MADE_UP_WAITED_S_MAX: Final = 1.0


def _never() -> float:
    return math.inf


class Playback:
    """The playback speed of one paced loop, used only in the loop's thread. `wall_s` is a monotonic clock in seconds.

    Before `begin` time passes as fast as possible, because the platform starts before the playback. The loop sets
    `checked_until_s`, the virtual time up to which it need not ask again; every change of speed or state resets it, so
    the loop has to compare only one number per timer.
    """

    def __init__(self, wall_s: Callable[[], float], speed: float = 1.0) -> None:
        """Start with `speed`.

        Raises:
            ValueError: if `speed` is not within SPEED_MIN to SPEED_MAX.
        """
        self._wall_s = wall_s
        self.speed = _checked(speed)
        self.playing = False
        self.checked_until_s = math.inf
        self._look: Callable[[], float] = _never
        self._begun = False
        # during a step: the time until which the run is as fast as possible, and then pauses
        self._rush_until_s: float | None = None
        self._anchor_wall_s = 0.0
        self._anchor_s = 0.0

    @property
    def stepping(self) -> bool:
        return self._rush_until_s is not None

    @property
    def stepping_open_end(self) -> bool:
        """True during a step that ends only with a pause."""
        return self._rush_until_s == math.inf

    def begin(self, now_s: float, *, playing: bool, look: Callable[[], float] = _never) -> None:
        """Start the playback at virtual time `now_s`, either playing or paused.

        `look` updates the display of the run. The loop calls it between two events; it returns the wall seconds after
        which it must be called again, which limit the loop's sleep.
        """
        self._begun = True
        self._look = look
        self.playing = playing
        self._anchor(now_s)

    def play(self, now_s: float) -> None:
        self.playing = True
        self._rush_until_s = None
        self._anchor(now_s)

    def pause(self, now_s: float) -> None:
        self.playing = False
        self._rush_until_s = None
        self._anchor(now_s)

    def set_speed(self, speed: float, now_s: float) -> None:
        """Change the speed.

        Raises:
            ValueError: if `speed` is not within SPEED_MIN to SPEED_MAX.
        """
        self.speed = _checked(speed)
        self._anchor(now_s)

    def step(self, until_s: float) -> None:
        """Advance to `until_s` as fast as possible, then pause. If it is infinite, advance until `pause` is called."""
        self.playing = False
        self._rush_until_s = until_s
        self._changed()

    def release(self) -> None:
        """Run as fast as possible from now on: the playback has ended."""
        self._begun = False
        self._changed()

    def look(self) -> float:
        """Update the display of the run. Return the wall seconds after which this must be called again (infinity: no
        deadline).

        At high speed it is called once per some hundred events.
        """
        return self._look()

    def limit_s(self, now_s: float, *, waited: bool = False) -> float:
        """Return the virtual time that may be reached now. `waited` is True if the time since the last call was spent
        waiting.
        """
        if not self._begun:
            return math.inf
        if self._rush_until_s is not None:
            if now_s < self._rush_until_s:
                return self._rush_until_s
            self.pause(now_s)
        if not self.playing:
            return now_s
        wall_s = self._wall_s()
        limit_s = self._anchor_s + (wall_s - self._anchor_wall_s) * self.speed
        most_s = now_s + (MADE_UP_WAITED_S_MAX if waited else MADE_UP_S_MAX) * self.speed
        if limit_s > most_s:
            limit_s = most_s
            self._anchor_s, self._anchor_wall_s = limit_s, wall_s
        return max(limit_s, now_s)

    def wait_s(self, until_s: float) -> float:
        """Return the wall seconds until virtual time may reach `until_s`; infinite during a pause."""
        if not self.playing:
            return math.inf
        return max(0.0, self._anchor_wall_s + (until_s - self._anchor_s) / self.speed - self._wall_s())

    def _anchor(self, now_s: float) -> None:
        self._anchor_s, self._anchor_wall_s = now_s, self._wall_s()
        self._changed()

    def _changed(self) -> None:
        self.checked_until_s = -math.inf


def _checked(speed: float) -> float:
    if not SPEED_MIN <= speed <= SPEED_MAX:
        msg = f"speed = {speed:g}, must be {SPEED_MIN:g} to {SPEED_MAX:,.0f}"
        raise ValueError(msg)
    return speed
