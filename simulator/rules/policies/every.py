"""Work that comes round on its own clock, within a policy that is asked more often."""

from __future__ import annotations


class Every:
    """Due at every multiple of `period_s` from `first_s` on; a missed one is made up for once, at the next look."""

    __slots__ = ("_next_s", "_period_s")

    def __init__(self, period_s: float, first_s: float = 0.0) -> None:
        assert period_s > 0, period_s
        self._period_s = period_s
        self._next_s = first_s

    def due(self, now_s: float) -> bool:
        if now_s < self._next_s:
            return False
        self._next_s = (now_s // self._period_s + 1) * self._period_s
        return True
