"""A virtual event loop with a kernel: before time jumps to the next timer, the kernel plays the requests before it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from simulator.world.virtual import VirtualLoop


class Played(Protocol):
    """Plays events between the timers of the loop."""

    def play(self, limit_s: float, limit_order: int) -> Callable[[], None] | None:
        """Play the events before the limit.

        Returns a callback that the loop must run first, with its clock already set to the callback's time, or None.
        """


class CompiledLoop(VirtualLoop):
    """A virtual loop with a player, which `attach` sets; without one it is the plain virtual loop."""

    def __init__(self) -> None:
        super().__init__(self._play)
        self._player: Played | None = None

    def attach(self, player: Played | None) -> None:
        """Set the player; None removes it."""
        self._player = player

    @property
    def order(self) -> int:
        """The order number of the last scheduled timer; the player's events continue from it."""
        return self._order

    @order.setter
    def order(self, order: int) -> None:
        self._order = order

    def turn_to(self, now_s: float) -> None:
        """Set the clock to the time of the player's current event."""
        assert now_s >= self._now, (now_s, self._now)
        self._now = now_s

    def _play(self, when: float, order: int) -> bool:
        """Play the requests before the next timer.

        Return False if one of them called the platform, which may act before it.
        """
        act = self._player.play(when, order) if self._player is not None else None
        if act is None:
            return True
        act()
        return False
