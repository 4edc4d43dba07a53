"""Time windows of one-second buckets: sums, averages and maxima of past values, which scaling policies use.

Every window has a fixed number of buckets (its length), whatever the traffic. Recording a value and reading the result
are O(1), both amortised. Running sums lose a few bits with each subtraction, so they are recomputed once per turn of
the ring, which keeps the error of a week as small as that of a minute.

`LinearWindow` and `WeightedWindow` follow Knative Serving's bucketing.go, `WindowedMax` its scale-down delay window;
the vectors of Knative's unit tests are in `lab/validate/ground_truth`. `SlidingSum` is a plain sliding sum.
"""

from __future__ import annotations

import math
from collections import deque
from typing import Final

# Knative: bucketing.go keeps six digits, truncated rather than rounded, so that a rounding error above a whole target
# cannot add an instance when the result is rounded up.
_DIGITS: Final = 1e6

# Knative, bucketing.go: the coefficient is chosen so that a window's weights sum to this, and is at least 0.2.
_WEIGHT_COVERED: Final = 0.9999
_COEFFICIENT_MIN: Final = 0.2


class _Buckets:
    """A ring of one-second buckets and their weighted sum; a bucket has `decay` times the weight of the next newer one.

    `first_s` is the second of the first write since the last time that a whole window had no write, `last_s` that of
    the newest write; both are None before any write.
    """

    __slots__ = ("_decay", "_decay_out", "_live", "_since_resum", "_total", "_values", "first_s", "last_s", "window_s")

    def __init__(self, window_s: int, decay: float) -> None:
        assert window_s >= 1, window_s
        assert 0 < decay <= 1, decay
        self.window_s = window_s
        self.first_s: int | None = None
        self.last_s: int | None = None
        self._values = [0.0] * window_s
        self._decay = decay
        self._decay_out = decay**window_s  # weight of a bucket when it leaves the window
        self._total = 0.0
        self._live = 0  # number of non-zero buckets: without any, the sum is exactly zero
        self._since_resum = 0

    def add(self, now_s: float, value: float) -> None:
        """Add `value` (>= 0) to the bucket of `now_s`; a time that is a window or more behind the newest is ignored."""
        assert value >= 0, value
        second, age = math.floor(now_s), 0
        if self.last_s is None or self.first_s is None:
            self.first_s = self.last_s = second
        elif second > self.last_s:
            self._advance(second)
        else:
            age = self.last_s - second
            if age >= self.window_s:
                return
            self.first_s = min(self.first_s, second)
        if not value:
            return
        at = second % self.window_s
        if not self._values[at]:
            self._live += 1
        self._values[at] += value
        self._total += value * self._decay**age if age else value

    def silence_s(self, now_s: float) -> int:
        """Return the whole seconds from the newest write to `now_s`; a full window if there was no write."""
        return self.window_s if self.last_s is None else math.floor(now_s) - self.last_s

    def sum_at(self, now_s: float) -> float:
        """Return the sum after the newest write, without the buckets that are older than the window at `now_s`."""
        silence = self.silence_s(now_s)
        if silence <= 0:
            return max(0.0, self._total)
        if silence >= self.window_s or self.last_s is None or not self._live:
            return 0.0
        ages = range(self.window_s - silence, self.window_s)
        gone = sum(self._values[(self.last_s - age) % self.window_s] * self._decay**age for age in ages)
        return max(0.0, self._total - gone)

    @property
    def newest_sum(self) -> float:
        """Return `sum_at` for the newest write; 0 before any write."""
        return max(0.0, self._total)

    def _advance(self, second: int) -> None:
        assert self.last_s is not None
        steps = second - self.last_s
        if steps >= self.window_s:
            self._values = [0.0] * self.window_s
            self._total, self._live, self._since_resum = 0.0, 0, 0
            self.first_s = self.last_s = second
            return
        values, total = self._values, self._total
        for passed in range(self.last_s + 1, second + 1):
            at = passed % self.window_s
            leaving = values[at]
            total *= self._decay
            if leaving:
                total -= leaving * self._decay_out
                values[at] = 0.0
                self._live -= 1
        self._total, self.last_s = total, second
        self._since_resum += steps
        if not self._live:
            self._total = 0.0
        elif self._since_resum >= self.window_s:
            self._resum()

    def _resum(self) -> None:
        assert self.last_s is not None
        total = 0.0
        for age in range(self.window_s - 1, -1, -1):  # oldest first: Horner's scheme
            total = total * self._decay + self._values[(self.last_s - age) % self.window_s]
        self._total = total
        self._since_resum = 0


class LinearWindow:
    """Knative's TimedFloat64Buckets: every second of the window has the same weight.

    A window that is not full yet is averaged over the seconds since its first write. Seconds after the newest write are
    left out and not counted as zeros; gaps before it are zeros.
    """

    __slots__ = ("_buckets",)

    def __init__(self, window_s: int) -> None:
        self._buckets = _Buckets(window_s, decay=1.0)

    def record(self, now_s: float, value: float) -> None:
        self._buckets.add(now_s, value)

    def is_empty(self, now_s: float) -> bool:
        """Return True if there is no write within the window (a write exactly one window ago counts, as in Knative)."""
        return self._buckets.last_s is None or self._buckets.silence_s(now_s) > self._buckets.window_s

    def average(self, now_s: float) -> float:
        """Return the average per second, truncated to six digits; 0 after a whole window without a write."""
        buckets = self._buckets
        silence = max(0, buckets.silence_s(now_s))
        if buckets.last_s is None or buckets.first_s is None or silence >= buckets.window_s:
            return 0.0
        seconds = min(buckets.last_s - buckets.first_s + 1, buckets.window_s - silence)
        return math.floor(buckets.sum_at(now_s) / seconds * _DIGITS) / _DIGITS


class WeightedWindow:
    """Knative's WeightedFloat64Buckets: weights fall exponentially with age; the first is `coefficient(window_s)`."""

    __slots__ = ("_buckets", "_coefficient")

    def __init__(self, window_s: int) -> None:
        self._coefficient = coefficient(window_s)
        self._buckets = _Buckets(window_s, decay=1 - self._coefficient)

    def record(self, now_s: float, value: float) -> None:
        self._buckets.add(now_s, value)

    def is_empty(self, now_s: float) -> bool:
        """Return True if there is no write within the window, its edge included, as in `LinearWindow`."""
        return self._buckets.last_s is None or self._buckets.silence_s(now_s) > self._buckets.window_s

    def average(self, now_s: float) -> float:
        """Return the average, not truncated. Seconds after the newest write lower it as zeros would."""
        silence = max(0, self._buckets.silence_s(now_s))
        return self._coefficient * math.pow(1 - self._coefficient, silence) * self._buckets.sum_at(now_s)


def coefficient(window_s: int) -> float:
    """Return the weight of the newest bucket: all weights sum to 99.99 %, but it is at least 0.2 (long windows)."""
    return max(_COEFFICIENT_MIN, 1 - math.pow(1 - _WEIGHT_COVERED, 1 / window_s))


class WindowedMax:
    """The maximum of a time window, in buckets of `granularity_s`: Knative's scale-down delay window.

    A value followed by an equal or greater one can never be the maximum again, so the stored values strictly decrease
    from front to back, and the front is the maximum.
    """

    __slots__ = ("_buckets", "_falling", "_granularity_s")

    def __init__(self, window_s: float, granularity_s: float = 2.0) -> None:
        assert window_s > 0, window_s
        assert granularity_s > 0, granularity_s
        self._buckets = math.ceil(window_s / granularity_s)
        self._granularity_s = granularity_s
        self._falling: deque[tuple[int, int]] = deque()  # (bucket, value)

    def record(self, now_s: float, value: int) -> int:
        """Record `value` and return the maximum of the window, including `value`. Times must not decrease.

        Of several values in one bucket the greatest counts, until the bucket leaves the window.
        """
        bucket = math.floor(now_s / self._granularity_s)
        falling = self._falling
        while falling and falling[-1][1] <= value:
            falling.pop()
        if not falling or falling[-1][0] < bucket:
            falling.append((bucket, value))
        while bucket - falling[0][0] >= self._buckets:
            falling.popleft()
        return falling[0][1]

    def clear(self) -> None:
        self._falling.clear()


class FadingMax:
    """The maximum of past values, whose excess over the current value decreases with their age.

    The excess counts in full until the age reaches `window_s x (1 - spread)`; then it decreases linearly to 0 at
    `window_s`. `spread` 0: it ends at once after `window_s`, 1: it decreases evenly over the whole time.
    """

    __slots__ = ("_falling", "_spread_s", "_window_s")

    def __init__(self, window_s: float, spread: float) -> None:
        assert window_s > 0, window_s
        assert 0 <= spread <= 1, spread
        self._window_s = window_s
        self._spread_s = window_s * spread
        self._falling: deque[tuple[float, int]] = deque()  # (time, value), values strictly decreasing

    def record(self, now_s: float, value: int) -> tuple[int, int, float]:
        """Record `value`; return (the maximum now, the original value behind it, the age of that value in seconds)."""
        falling = self._falling
        while falling and falling[-1][1] <= value:
            falling.pop()
        falling.append((now_s, value))
        while falling[0][0] <= now_s - self._window_s:
            falling.popleft()
        return max((self._left(then, value, now_s - at_s), then, now_s - at_s) for at_s, then in falling)

    def _left(self, then: int, value: int, age_s: float) -> int:
        share = 1.0 if age_s <= self._window_s - self._spread_s else (self._window_s - age_s) / self._spread_s
        return value + math.ceil((then - value) * share - 1e-9)


class SlidingSum:
    """The sum over the last `window_s` closed seconds. Seconds never written are zero, also those before the first."""

    __slots__ = ("_buckets",)

    def __init__(self, window_s: int) -> None:
        self._buckets = _Buckets(window_s, decay=1.0)

    def record(self, second: int, value: float) -> None:
        self._buckets.add(second, value)

    @property
    def total(self) -> float:
        """The sum over the window that ends with the newest second written."""
        return self._buckets.newest_sum

    @property
    def mean(self) -> float:
        """The mean per second, always over the whole window: after a step from no traffic it increases linearly."""
        return self.total / self._buckets.window_s
