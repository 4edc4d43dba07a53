"""A periodic task of a policy whose period is longer than the interval of its decisions."""

from __future__ import annotations


class Periodic:
    """Is due every `period_s` seconds, for the first time at `first_s`. After missed times it is due once, at the next
    check.
    """

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
