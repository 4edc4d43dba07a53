"""Application Auto Scaling's common parts: CloudWatch alarms over one-minute points, and the two cooldowns (policies
3.3, 3.4; Application Auto Scaling user guide, read).

An alarm is in ALARM when the newest N points are all there and all breach. A point that is missing makes it
INSUFFICIENT_DATA, on which nothing is ever done. The service acts once a minute for as long as the alarm stays.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Final

PERIOD_S: Final = 60.0
"""CloudWatch's period for these metrics."""

# AWS's own benchmark of ECS services triggers 363 s after the step (policies 5): 30 s until a minute has all of it,
# three minutes, and about 150 s of publishing and evaluation. ASSUMPTION: all of these are the point's delay; load and
# size are not published. Timestamps of alarm state changes beside their minutes settle it.
LATE_S: Final = 150.0

# ASSUMPTION: in the same benchmark a task starts in 23 s; a larger image takes up to 57 s (413 MB), and the load
# balancer passes requests after the first good check, at up to 30 s. `startedAt` of describe-tasks settles it.
FARGATE_START_LAG_S: Final = 45.0


def breaches(points: Sequence[float | None], count: int, breach: Callable[[float], bool]) -> bool:
    """The newest `count` points are all there and all breach."""
    newest = points[-count:]
    return len(newest) == count and all(value is not None and breach(value) for value in newest)


class Cooldowns:
    """When capacity may change again. Times in seconds of one clock; calls come in its order.

    Out: within the cooldown of a scale-out, what that one added counts as part of the next, so that only a larger one
    adds, and only the difference. In: nothing more is removed until the cooldown of the last removal is over; a
    scale-out ends that cooldown at once.
    """

    __slots__ = ("_before", "_in_s", "_in_until_s", "_out_s", "_out_until_s")

    def __init__(self, out_s: float, in_s: float) -> None:
        self._out_s = out_s
        self._in_s = in_s
        self._out_until_s = self._in_until_s = -math.inf
        self._before = 0  # capacity before the scale-out whose cooldown runs

    def raised(self, now_s: float, capacity: int, most: int, wish: Callable[[int], int]) -> int:
        """Capacity after a high alarm. `wish(base)`: what `base` should become; `most` bounds it."""
        base = self._before if now_s < self._out_until_s else capacity
        wanted = min(wish(base), most)
        if wanted <= capacity:
            return capacity
        self._before = base
        self._out_until_s = now_s + self._out_s
        self._in_until_s = -math.inf
        return wanted

    def lowered(self, now_s: float, capacity: int, least: int, wanted: int) -> int:
        """Capacity after a low alarm that asks for `wanted`; `least` bounds it."""
        wanted = max(wanted, least)
        if wanted >= capacity or now_s < self._in_until_s:
            return capacity
        self._in_until_s = now_s + self._in_s
        return wanted
