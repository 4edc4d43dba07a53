"""Load forecasts from past values: linear regression, and additive Holt-Winters (policies 3.11)."""

from __future__ import annotations

from collections.abc import Sequence


def straight_line(times_s: Sequence[float], values: Sequence[float], at_s: float) -> float:
    """Return the least-squares line through the points at `at_s`; the mean if all points have the same time."""
    count = len(values)
    assert count >= 1
    assert count == len(times_s)
    mean_s, mean = sum(times_s) / count, sum(values) / count
    spread = sum((time_s - mean_s) ** 2 for time_s in times_s)
    if spread <= 0:
        return mean
    covered = sum((time_s - mean_s) * (value - mean) for time_s, value in zip(times_s, values, strict=True))
    return mean + covered / spread * (at_s - mean_s)


class HoltWinters:
    """Additive Holt-Winters: a level, a trend per bin, and a pattern that repeats every `season` bins.

    The gains, 0 to 1, determine how fast each follows new values. The first season only initialises the pattern;
    after it the level is its mean and the trend is 0.
    """

    __slots__ = ("_count", "_gains", "_level", "_pattern", "_trend")

    def __init__(self, season: int, level_gain: float, trend_gain: float, season_gain: float) -> None:
        assert season >= 1, season
        self._gains = (level_gain, trend_gain, season_gain)
        self._pattern = [0.0] * season
        self._level = self._trend = 0.0
        self._count = 0

    @property
    def ready(self) -> bool:
        """True after the first whole season."""
        return self._count >= len(self._pattern)

    def learn(self, value: float) -> None:
        """Add the value of the next bin."""
        season = len(self._pattern)
        at = self._count % season
        self._count += 1
        if self._count <= season:
            self._pattern[at] = value
            if self._count == season:
                self._level = sum(self._pattern) / season
                self._pattern = [value - self._level for value in self._pattern]
            return
        level_gain, trend_gain, season_gain = self._gains
        before, old = self._level, self._pattern[at]
        self._level = level_gain * (value - old) + (1 - level_gain) * (before + self._trend)
        self._trend = trend_gain * (self._level - before) + (1 - trend_gain) * self._trend
        self._pattern[at] = season_gain * (value - self._level) + (1 - season_gain) * old

    def ahead(self, bins: int) -> float:
        """Return the forecast for `bins` (at least 1) bins after the newest one, at least 0. Requires `ready`."""
        assert self.ready
        pattern = self._pattern[(self._count + bins - 1) % len(self._pattern)]
        return max(0.0, self._level + bins * self._trend + pattern)
