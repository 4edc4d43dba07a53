"""Describes recorded arrivals: their rate, a daily and a weekly season, and whether they are more bursty than Poisson.

The test: counts of a second within a minute are compared with their mean in that minute. For a Poisson process whose
rate changes little within a minute, the sum of the squared deviations over the means is chi-squared distributed, with
59 degrees of freedom for each minute (Cochran's dispersion test; Cox and Lewis, The Statistical Analysis of Series of
Events, 1966, chapter 6). Its ratio to the degrees of freedom is the index of dispersion, 1 for Poisson.
"""

from __future__ import annotations

import math
from enum import StrEnum
from typing import Final, NamedTuple

import numpy as np

from simulator.ingest.arrivals.dispersion import bounds
from simulator.ingest.blocks import Floats

_MINUTE: Final = 60
_DAY_MINUTES: Final = 1440
# The normal quantile of a two-sided test at 1 %, and the least deviation from 1 that matters for queueing.
_LEVEL: Final = 2.576
_RELEVANT: Final = 0.15
# Minutes with fewer requests say nothing about their seconds.
_LEAST_A_MINUTE: Final = 5.0
_MINUTES_MIN: Final = 5
# A season explains this share of the variance between minutes, or it is not named.
_SEASON_MIN: Final = 0.3


class ArrivalKind(StrEnum):
    """How the arrivals of a recording vary within a minute."""

    POISSON = "poisson"
    BURSTY = "bursty"
    REGULAR = "regular"
    UNKNOWN = "unknown"


class Arrivals(NamedTuple):
    """What a recording says about its arrivals.

    `mean_rps`, `peak_rps`: over the recording, and in its busiest minute. `dispersion`: the index of dispersion of the
    counts of a second, with its 99 % interval under the Poisson hypothesis `low` to `high`; NaN if too few requests.
    `daily_share`: the share of the variance between minutes that the time of day explains, NaN for less than two days.
    """

    kind: ArrivalKind
    mean_rps: float
    peak_rps: float
    dispersion: float
    low: float
    high: float
    daily_share: float


def arrivals_of(times_s: Floats | None, counts: Floats | None, bin_s: float, length_s: float) -> Arrivals:
    """Describe requests: their times in seconds from the start, ascending, or counts per bin of `bin_s` seconds."""
    if counts is None:
        assert times_s is not None
        seconds = np.bincount(times_s.astype(np.int64), minlength=max(1, math.ceil(length_s))).astype(np.float64)
        bin_s = 1.0
    else:
        seconds = counts
    per_minute = _per_minute(seconds, bin_s)
    mean_rps = float(seconds.sum()) / max(length_s, bin_s)
    peak_rps = float(per_minute.max(initial=0.0)) / max(min(_MINUTE, length_s), bin_s)
    dispersion, low, high = _dispersion(seconds) if bin_s == 1.0 else (math.nan, math.nan, math.nan)
    return Arrivals(_kind(dispersion, low, high), mean_rps, peak_rps, dispersion, low, high, _daily_share(per_minute))


def describe(arrivals: Arrivals) -> str:
    """Return a sentence about the arrivals, for the summary of an import."""
    rate = f"{arrivals.mean_rps:.3g}/s on average, {arrivals.peak_rps:.3g}/s in the busiest minute"
    season = ""
    if arrivals.daily_share >= _SEASON_MIN:
        season = f"; the time of day explains {arrivals.daily_share:.0%} of the variance between minutes"
    index = f"index of dispersion {arrivals.dispersion:.3g}, {arrivals.low:.3g} to {arrivals.high:.3g} for Poisson"
    within = {
        ArrivalKind.POISSON: f"like a Poisson process in each minute ({index})",
        ArrivalKind.BURSTY: f"in bursts ({index}): `poisson` with the same rate would queue less",
        ArrivalKind.REGULAR: f"more regular than a Poisson process ({index}): `poisson` would queue more",
        ArrivalKind.UNKNOWN: "too few per minute, or too wide bins, to tell bursts from chance",
    }[arrivals.kind]
    return f"arrivals: {rate}{season}; {within}"


def _per_minute(counts: Floats, bin_s: float) -> Floats:
    """Return the sums of whole minutes; wider bins stay as they are."""
    each = max(1, round(_MINUTE / bin_s))
    padded = np.concatenate([counts, np.zeros(-len(counts) % each)])
    return np.asarray(padded.reshape(-1, each).sum(axis=1), dtype=np.float64)


def _dispersion(seconds: Floats) -> tuple[float, float, float]:
    """Return the index of dispersion of whole minutes, and its bounds for a Poisson process."""
    minutes = seconds[: len(seconds) // _MINUTE * _MINUTE].reshape(-1, _MINUTE)
    used = minutes[minutes.sum(axis=1) >= _LEAST_A_MINUTE]
    if len(used) < _MINUTES_MIN:
        return math.nan, math.nan, math.nan
    means = used.mean(axis=1, keepdims=True)
    freedom = len(used) * (_MINUTE - 1)
    index = float((np.square(used - means) / means).sum()) / freedom
    return index, *bounds(freedom, _LEVEL)


def _kind(dispersion: float, low: float, high: float) -> ArrivalKind:
    if math.isnan(dispersion):
        return ArrivalKind.UNKNOWN
    if dispersion > max(high, 1 + _RELEVANT):
        return ArrivalKind.BURSTY
    return ArrivalKind.REGULAR if dispersion < min(low, 1 - _RELEVANT) else ArrivalKind.POISSON


def _daily_share(per_minute: Floats) -> float:
    """Return the share of the variance that the mean of each minute of the day explains; NaN for less than two days.

    The share that chance would explain, one part for each day, is subtracted (adjusted R squared).
    """
    days = len(per_minute) // _DAY_MINUTES
    if days < 2:
        return math.nan
    table = per_minute[: days * _DAY_MINUTES].reshape(days, _DAY_MINUTES)
    total = float(table.var())
    if total == 0:
        return math.nan
    within = float(np.square(table - table.mean(axis=0)).mean()) * days / (days - 1)
    return max(0.0, 1 - within / total)
