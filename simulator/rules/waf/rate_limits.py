"""The counts of a rate-based rule: requests of each aggregation key within a sliding window.

Every ten seconds AWS WAF counts the requests of the last window, and until the next check it limits each key that was
above the limit. So a burst passes until the next check, and a key is no longer limited when the burst is out of the
window.

# ASSUMPTION: checks are at multiples of ten seconds and take effect at once; AWS says "about every 10 seconds" and
# mentions a delay before the action. Requests with time stamps against a rate-based rule on AWS settle it.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Hashable
from typing import Final

CHECK_S: Final = 10
WINDOWS_S: Final = (60, 120, 300, 600)
# The number of keys that AWS WAF limits at a time.
# ASSUMPTION: if there are more, the key whose last request is oldest is forgotten; AWS limits those with the highest
# rates, and does not say what it counts for the others. More than 10,000 addresses at a rule on AWS settle it.
KEYS_MAX: Final = 10_000


class RateCounts:
    """The counts of one rule. Memory: at most `KEYS_MAX` keys with one count per ten seconds of the window."""

    __slots__ = ("_intervals", "_keys", "_limit")

    def __init__(self, limit: int, window_s: int) -> None:
        self._limit = limit
        self._intervals = window_s // CHECK_S
        self._keys: OrderedDict[Hashable, _KeyCounts] = OrderedDict()

    def is_limited(self, key: Hashable, now_s: float) -> bool:
        """Count a request, limited or not, and return True if its key was above the limit at the last check."""
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
