"""How fast virtual time may pass for a person who watches: play, pause, step, and a speed. Decides; waits for nothing.

Speeds are virtual seconds in a second of the wall clock. Time that the computation could not keep up with is lost, not
made up: a pause or a slower speed is obeyed at once, and a run at a speed that the machine cannot reach goes as fast as
it can.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

SPEED_MIN: Final = 0.01
SPEED_MAX: Final = 10_000.0
# The most wall time that is made up: after a computation, and after a wait, which may wake late but not by hours.
MADE_UP_S_MAX: Final = 0.05
MADE_UP_WAITED_S_MAX: Final = 1.0


class Pace:
    """One per paced loop, and of its thread only. `wall_s` is a monotonic clock in seconds.

    Until `begin` time passes as fast as it can: a platform opens before anybody watches it. `on_change` hears of every
    change of pace. `on_look` is called between two events, at the latest when the wall seconds that it gave back last
    are over, while time passes slowly, and every few hundred events otherwise; infinity: when you like.
    """

    def __init__(self, wall_s: Callable[[], float], speed: float = 1.0) -> None:
        """Raises ValueError for a speed outside SPEED_MIN to SPEED_MAX."""
        self._wall_s = wall_s
        self.speed = _checked(speed)
        self.playing = False
        self.on_change: Callable[[], None] = _nothing
        self.on_look: Callable[[], float] = _never
        self._begun = False
        self._rush_until_s: float | None = None  # a step: as fast as it goes, then pause
        self._anchor_wall_s = 0.0
        self._anchor_s = 0.0

    @property
    def stepping(self) -> bool:
        return self._rush_until_s is not None

    @property
    def stepping_open_end(self) -> bool:
        """A step without an end of its own."""
        return self._rush_until_s == math.inf

    def begin(self, now_s: float, *, playing: bool) -> None:
        """From here on the pace holds; `now_s` is the virtual time, here and below."""
        self._begun = True
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
        """Raises ValueError for a speed outside SPEED_MIN to SPEED_MAX."""
        self.speed = _checked(speed)
        self._anchor(now_s)

    def step(self, until_s: float) -> None:
        """Go to `until_s` as fast as it goes, then pause; infinity: until somebody pauses."""
        self.playing = False
        self._rush_until_s = until_s
        self.on_change()

    def release(self) -> None:
        """Nobody watches any more: as fast as it goes."""
        self._begun = False
        self.on_change()

    def limit_s(self, now_s: float, *, waited: bool = False) -> float:
        """How far virtual time may go, as of now; `waited`: the time since the last look was a wait."""
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
        """Wall seconds until virtual time may reach `until_s`; infinite while it stands still."""
        if not self.playing:
            return math.inf
        return max(0.0, self._anchor_wall_s + (until_s - self._anchor_s) / self.speed - self._wall_s())

    def _anchor(self, now_s: float) -> None:
        self._anchor_s, self._anchor_wall_s = now_s, self._wall_s()
        self.on_change()


def _checked(speed: float) -> float:
    if not SPEED_MIN <= speed <= SPEED_MAX:
        msg = f"speed = {speed:g}, must be {SPEED_MIN:g} to {SPEED_MAX:,.0f}"
        raise ValueError(msg)
    return speed


def _nothing() -> None:
    """Nobody wants to know."""


def _never() -> float:
    return math.inf
