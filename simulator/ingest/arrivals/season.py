"""The season of a rate: how it depends on the time of the day and on the day of the week.

The logarithm of the rate is a sum of sines and cosines (harmonics) of the day and of the week, fitted by Poisson
regression (iteratively reweighted least squares). The number of harmonics is chosen by BIC, with the deviance divided
by the dispersion that the largest model leaves, so that bursts are not taken for a season. A season is looked for only
if the hours of a day, or the days of a week, differ by an F test in which each day, or week, is one observation.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from simulator.ingest.arrivals.count_series import CountSeries, summed
from simulator.ingest.blocks import Floats

DAY_S: Final = 86_400.0
WEEK_S: Final = 7 * DAY_S
_HOUR_S: Final = 3600.0
# Of the F test: recordings without a season have one found in 1 of 1,000.
_LEVEL: Final = 0.001
# A season that explains less of the variance between hours would not change a result.
_SHARE_MIN: Final = 0.1
_BIN_S: Final = 600.0
_DAILY: Final = (0, 1, 2, 3, 4, 6, 8)
_WEEKLY: Final = (0, 3)
_ROUNDS: Final = 12
# Bounds the logarithm of a rate while the regression converges.
_LOG_MAX: Final = 30.0


@dataclass(frozen=True, slots=True)
class Season:
    """A factor on the rate. `daily`, `weekly`: harmonics of the day and of the week; `weights`: of the sines and
    cosines; `scale` makes the mean over the recording 1.
    """

    daily: int
    weekly: int
    weights: tuple[float, ...]
    scale: float = 1.0

    def factors(self, times_s: Floats) -> Floats:
        """Return the factor at each time, in seconds from the start of the recording."""
        waves = _waves(times_s, self.daily, self.weekly)
        return np.asarray(self.scale * np.exp(waves @ np.asarray(self.weights)), dtype=np.float64)

    @property
    def title(self) -> str:
        """Its name in a sentence."""
        if self.daily and self.weekly:
            return "a daily and a weekly season"
        return "a daily season" if self.daily else "a weekly season"


def season_of(series: CountSeries) -> Season | None:
    """Return the season of a recording; None if it has none, or is shorter than two days."""
    hours = _per(series, _HOUR_S)
    if hours is None:
        return None
    is_daily, is_weekly = _differs(hours, 24), _differs(_per(series, DAY_S), 7)
    if not is_daily and not is_weekly:
        return None
    bins = _per(series, _BIN_S)
    width_s = _BIN_S
    if bins is None:
        bins, width_s = hours, _HOUR_S
    times_s = CountSeries(width_s, bins).middles_s
    sizes = [(daily, weekly) for daily in (_DAILY if is_daily else (0,)) for weekly in (_WEEKLY if is_weekly else (0,))]
    levels = _levels(bins, round((WEEK_S if is_weekly else DAY_S) / width_s))
    fits = [(size, *_regression(bins, levels, _waves(times_s, *size))) for size in sizes]
    _, largest, fitted = fits[-1]
    freedom = max(1, len(bins) - len(largest))
    dispersion = max(1.0, float((np.square(bins - fitted) / np.maximum(fitted, 1e-9)).sum()) / freedom)
    scored = [
        (_deviance(bins, means) / dispersion + len(weights) * math.log(len(bins)), size, weights)
        for size, weights, means in fits
    ]
    _, (daily, weekly), weights = min(scored, key=lambda each: each[0])
    if not daily and not weekly:
        return None
    season = Season(daily, weekly, tuple(weights[1:].tolist()))
    mean = float(season.factors(series.middles_s).mean())
    return Season(daily, weekly, season.weights, 1 / mean)


def _per(series: CountSeries, width_s: float) -> Floats | None:
    """Return the counts per `width_s`; None if the bins of the series are wider or do not fit into it."""
    each = round(width_s / series.width_s)
    if each < 1 or abs(each * series.width_s - width_s) > 1e-6 * width_s:
        return None
    return summed(series.counts, each)


def _differs(counts: Floats | None, period: int) -> bool:
    """Return whether the places of a period differ, such as the hours of a day. Each period is one observation of each
    place; the level of a period does not matter.
    """
    if counts is None or len(counts) // period < 2:
        return False
    from scipy import special  # noqa: PLC0415 in the extra `lab`

    table = np.sqrt(counts[: len(counts) // period * period].reshape(-1, period) + 0.375)
    table -= table.mean(axis=1, keepdims=True)
    between = len(table) * float(np.square(table.mean(axis=0)).sum())
    within = float(np.square(table - table.mean(axis=0)).sum())
    if between == 0 or between < _SHARE_MIN * (between + within):
        return False
    if within == 0:
        return True
    freedom = (period - 1, (len(table) - 1) * (period - 1))
    ratio = (between / freedom[0]) / (within / freedom[1])
    return float(special.fdtrc(*freedom, ratio)) < _LEVEL


def _levels(counts: Floats, period: int) -> Floats:
    """Return the mean of the period, a day or a week, of each bin: its level is no part of the season. An incomplete
    period at the end has the level of the one before.
    """
    means = summed(counts, period) / period
    places = np.minimum(np.arange(len(counts)) // period, len(means) - 1)
    return np.maximum(means[places], 1e-9)


def _waves(times_s: Floats, daily: int, weekly: int) -> Floats:
    """Return the harmonics at each time: shape (times, 2 (daily + weekly))."""
    periods = [DAY_S / (each + 1) for each in range(daily)] + [WEEK_S / (each + 1) for each in range(weekly)]
    if not periods:
        return np.zeros((len(times_s), 0))
    angles = 2 * math.pi * times_s[:, None] / np.asarray(periods)
    return np.concatenate([np.cos(angles), np.sin(angles)], axis=1)


def _regression(counts: Floats, levels: Floats, waves: Floats) -> tuple[Floats, Floats]:
    """Return the weights, that of a constant first, and the fitted means of a Poisson regression about the levels."""
    table = np.concatenate([np.ones((len(counts), 1)), waves], axis=1)
    weights: Floats = np.zeros(table.shape[1])
    means: Floats = levels
    for _ in range(_ROUNDS):
        working = table @ weights + (counts - means) / means
        weighted = table * means[:, None]
        step: Floats = np.linalg.lstsq(table.T @ weighted, weighted.T @ working, rcond=None)[0].astype(np.float64)
        change = float(np.abs(step - weights).max())
        weights = step
        means = np.asarray(levels * np.exp(np.clip(table @ weights, -_LOG_MAX, _LOG_MAX)), dtype=np.float64)
        if change < 1e-8:
            break
    return weights, means


def _deviance(counts: Floats, means: Floats) -> float:
    logs = np.where(counts > 0, counts * np.log(np.maximum(counts, 1e-12) / means), 0.0)
    return float(2 * (logs - (counts - means)).sum())
