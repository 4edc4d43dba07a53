"""The virtual loop with a kernel: before time jumps to the next timer, the kernel plays the requests up to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from simulator.world.virtual import VirtualLoop


class Played(Protocol):
    """A player of events between the timers of the loop."""

    def play(self, limit_s: float, limit_order: int) -> Callable[[], None] | None:
        """Play up to the limit (exclusive). Return what the loop must do first, if anything, its clock already set."""


class CompiledLoop(VirtualLoop):
    """A virtual loop with a player. Call `attach` to set it; without a player it is the plain virtual loop."""

    def __init__(self) -> None:
        super().__init__(self._play)
        self._player: Played | None = None

    def attach(self, player: Played | None) -> None:
        """Set the player from now on; None removes it."""
        self._player = player

    @property
    def order(self) -> int:
        """The order number that was last given to a scheduled event; the player continues from it."""
        return self._order

    @order.setter
    def order(self, order: int) -> None:
        self._order = order

    def turn_to(self, now_s: float) -> None:
        """Set the clock to the time of the player's current event."""
        assert now_s >= self._now, (now_s, self._now)
        self._now = now_s

    def _play(self, when: float, order: int) -> bool:
        """Play the requests before the next timer. False: one of them called the platform, which may act before it."""
        act = self._player.play(when, order) if self._player is not None else None
        if act is None:
            return True
        act()
        return False
