"""Common parts of Application Auto Scaling: CloudWatch alarms over one-minute points, and the two cooldowns (policies
3.3, 3.4; Application Auto Scaling user guide, read).

An alarm is in state ALARM if the newest N points all exist and breach its threshold. A missing point puts it into
INSUFFICIENT_DATA, which causes no action. The service acts once a minute while the alarm stays in ALARM.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Final

PERIOD_S: Final = 60.0
"""CloudWatch's period for these metrics."""

HIGH_RESOLUTION_S: Final = 20.0
"""The period of ECS's high-resolution metrics (ecs-express 5, FAST: read)."""

# AWS's benchmark of ECS services scales out 363 s after the step (policies 5): 30 s until a minute contains only the
# new load, three minutes, and about 150 s of publishing and evaluation. ASSUMPTION: the point's delay is all of these
# 150 s; load and size are not published. Timestamps of alarm state changes and of their minutes settle it.
LATE_S: Final = 150.0

# ASSUMPTION: points of 20 s are visible 30 s after their end: one period until all tasks' values have arrived, and ten
# seconds for the evaluation of a high-resolution alarm. AWS names publishing optimisations besides the shorter period,
# so the delay of the other mode does not apply. The same timestamps settle it.
HIGH_RESOLUTION_LATE_S: Final = 30.0


def late_s_of(period_s: float) -> float:
    """Return the delay after which a point of a period is visible: that of the mode, high-resolution or standard."""
    return HIGH_RESOLUTION_LATE_S if period_s < PERIOD_S else LATE_S


def breaches(
    points: Sequence[float | None], count: int, breach: Callable[[float], bool], needed: int | None = None
) -> bool:
    """Return True if at least `needed` of the newest `count` points exist and satisfy `breach`; None: all of them.

    Before `count` points exist there is no alarm.
    """
    newest = points[-count:]
    breaching = sum(value is not None and breach(value) for value in newest)
    return len(newest) == count and breaching >= (count if needed is None else needed)


class Cooldowns:
    """The cooldowns of scale-out and scale-in. Times are in seconds of one clock and do not decrease from call to call.

    `raised` and `lowered` return what a policy proposes; `scaled_out` and `scaled_in` record what was carried out.

    Scale-out: during its cooldown, the capacity that it added counts as part of the next scale-out, so only a larger
    scale-out adds capacity, and only the difference. Scale-in: no capacity is removed until the cooldown of the last
    scale-in is over; a scale-out ends that cooldown immediately.
    """

    __slots__ = ("_before", "_in_s", "_in_until_s", "_out_s", "_out_until_s")

    def __init__(self, out_s: float, in_s: float) -> None:
        self._out_s = out_s
        self._in_s = in_s
        self._out_until_s = self._in_until_s = -math.inf
        self._before = 0  # capacity before the scale-out whose cooldown is active

    def raised(self, now_s: float, capacity: int, most: int, proposed: Callable[[int], int]) -> int:
        """Return the desired capacity after the high alarm, which is `proposed(base)`, at most `most`.

        During the cooldown of an earlier scale-out, `base` is the capacity before it.
        """
        base = self._before if now_s < self._out_until_s else capacity
        return max(capacity, min(proposed(base), most))

    def scaled_out(self, now_s: float, capacity: int, *, starts: bool = True) -> None:
        """Record a scale-out from `capacity`; `starts`: it was this policy that proposed it."""
        if starts:
            self._before = self._before if now_s < self._out_until_s else capacity
            self._out_until_s = now_s + self._out_s
        self._in_until_s = -math.inf

    def lowered(self, now_s: float, capacity: int, least: int, wanted: int) -> int:
        """Return the desired capacity after the low alarm, which is `wanted`, at least `least`, once the cooldown is
        over.
        """
        return capacity if now_s < self._in_until_s else min(capacity, max(wanted, least))

    def scaled_in(self, now_s: float) -> None:
        """Record a scale-in."""
        self._in_until_s = now_s + self._in_s
