"""Metric points as monitoring systems publish them: one mean per period, visible some time after the period has ended.

Most of the difference between autoscalers is not in their formulas but in this pipeline: what is measured, how often,
and with which delay. CloudWatch publishes a point per minute, Kubernetes' metrics-server one every 15 s.
"""

from __future__ import annotations

from collections import deque


class PublishedMetric:
    """Publishes the mean of each closed period of `period_s` whole seconds, aligned to the start of the run.

    Each point is visible `late_s` after the end of its period; the newest `kept` points are stored. The point of a
    period without a measurement (weight 0) is None, i.e. missing data.
    """

    __slots__ = (
        "_amount",
        "_coming",
        "_kept",
        "_late_s",
        "_period",
        "_period_s",
        "_published",
        "_weight",
        "count",
        "ended_s",
    )

    def __init__(self, period_s: float, late_s: float = 0.0, kept: int = 1) -> None:
        assert period_s >= 1, period_s
        assert late_s >= 0, late_s
        assert kept >= 1, kept
        self.count = 0  # points published since the start
        self.ended_s = 0.0  # end of the period of the newest published point
        self._period_s = int(period_s)
        self._late_s = late_s
        self._kept = kept
        self._period: int | None = None  # number of the current period
        self._amount = self._weight = 0.0
        self._coming: deque[tuple[float, float | None]] = deque()  # (end, value)
        self._published: list[float | None] = []

    def record(self, second: int, amount: float, weight: float = 1.0) -> None:
        """Record a closed second, in order. The point's value is the sum of the amounts / the sum of the weights."""
        period = second // self._period_s
        if self._period is not None and period != self._period:
            self._close()
        self._period = period
        self._amount += amount
        self._weight += weight
        if (second + 1) % self._period_s == 0:
            self._close()

    def published(self, now_s: float) -> list[float | None]:
        """Return the points visible at `now_s`, oldest first, at most `kept`. The caller must not modify the list."""
        coming, published = self._coming, self._published
        while coming and coming[0][0] + self._late_s <= now_s:
            self.ended_s, value = coming.popleft()
            published.append(value)
            self.count += 1
            if len(published) > self._kept:
                del published[0]
        return published

    def newest(self, now_s: float) -> float | None:
        """Return the newest visible point; None if there is none, or if nothing was measured in its period."""
        published = self.published(now_s)
        return published[-1] if published else None

    def _close(self) -> None:
        if self._period is None:
            return
        value = self._amount / self._weight if self._weight > 0 else None
        self._coming.append((float((self._period + 1) * self._period_s), value))
        self._period = None
        self._amount = self._weight = 0.0
