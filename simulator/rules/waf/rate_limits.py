"""The counts of a rate-based rule: requests of each aggregation key within a sliding window.

AWS WAF looks every ten seconds back over the window and limits each key that is above the limit until the next look.
So a burst passes until the next look, as on AWS, and a key is free again when the window has passed over it.

# ASSUMPTION: looks are at multiples of ten seconds and act at once; AWS says "about every 10 seconds" and warns of a
# delay before the action. Requests with time stamps against a rate-based rule on AWS settle it.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Hashable
from typing import Final

CHECK_S: Final = 10
WINDOWS_S: Final = (60, 120, 300, 600)
KEYS_MAX: Final = 10_000  # AWS WAF limits as many at a time; beyond, the key that was seen longest ago is forgotten


class RateCounts:
    """Counts for one rule. Memory: at most `KEYS_MAX` keys with a count per ten seconds of the window."""

    __slots__ = ("_intervals", "_keys", "_limit")

    def __init__(self, limit: int, window_s: int) -> None:
        self._limit = limit
        self._intervals = window_s // CHECK_S
        self._keys: OrderedDict[Hashable, _KeyCounts] = OrderedDict()

    def is_limited(self, key: Hashable, now_s: float) -> bool:
        """Count a request, limited or not, and return whether the last look found its key above the limit."""
        counts = self._keys.get(key)
        if counts is None:
            if len(self._keys) >= KEYS_MAX:
                self._keys.popitem(last=False)
            counts = self._keys[key] = _KeyCounts()
        else:
            self._keys.move_to_end(key)
        interval = int(now_s // CHECK_S)
        return counts.before(interval, interval - self._intervals) > self._limit


class _KeyCounts:
    __slots__ = ("_past", "_present", "_present_interval", "_total")

    def __init__(self) -> None:
        self._past: deque[tuple[int, int]] = deque()  # (interval, requests in it)
        self._total = 0  # of the past intervals
        self._present_interval, self._present = -1, 0

    def before(self, interval: int, first: int) -> int:
        """Count one request in `interval` and return the number in the intervals from `first` to the one before."""
        if interval != self._present_interval:
            if self._present:
                self._past.append((self._present_interval, self._present))
                self._total += self._present
            self._present_interval, self._present = interval, 0
        self._present += 1
        while self._past and self._past[0][0] < first:
            self._total -= self._past.popleft()[1]
        return self._total
