"""The virtual loop with a kernel: before time jumps to the next timer, the kernel plays the requests up to it."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop
from typing import Protocol

from simulator.world.virtual import VirtualLoop


class Played(Protocol):
    """A player of events between the timers of the loop."""

    def play(self, limit_s: float, limit_order: int) -> Callable[[], None] | None:
        """Play up to the limit (exclusive). Return what the loop must do first, if anything, its clock already set."""


class CompiledLoop(VirtualLoop):
    """A virtual loop with a player. Call `attach` to set it; without a player it is the plain virtual loop."""

    def __init__(self) -> None:
        super().__init__()
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

    def _run_once(self) -> None:
        soon, timers = self._soon, self._timers
        while not self._stopping:  # type: ignore[attr-defined]  # set by BaseEventLoop.stop
            if soon:
                handle = soon.popleft()
            else:
                while timers and timers[0][2]._cancelled:  # noqa: SLF001 our own handle
                    heappop(timers)
                if self._player is not None:
                    when, order = timers[0][:2] if timers else (float("inf"), 0)
                    act = self._player.play(when, order)
                    if act is not None:
                        act()
                        continue
                if not timers:
                    self._deadlock()
                when, _, handle = heappop(timers)
                self._now = max(self._now, when)
            self.events += 1
            context = handle._context  # noqa: SLF001
            if context is None:
                handle._callback(*handle._args)  # noqa: SLF001
            else:
                context.run(handle._callback, *handle._args)  # noqa: SLF001
