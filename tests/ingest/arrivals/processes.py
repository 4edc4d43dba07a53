"""Arrival processes of known kinds, made without the code under test."""

from __future__ import annotations

import numpy as np

from simulator.ingest.arrivals.count_series import CountSeries
from simulator.world.random_streams import RandomStreams

DAY_S = 86_400


def poisson(seed: int, rate_rps: np.ndarray | float, bins: int, width_s: float = 1.0) -> CountSeries:
    stream = RandomStreams(seed).stream("poisson")
    return CountSeries(width_s, stream.poisson(np.broadcast_to(rate_rps, bins) * width_s).astype(np.float64))


def two_states(
    seed: int, rates_rps: tuple[float, float], stays_s: tuple[float, float], bins: int, width_s: float = 1.0
) -> CountSeries:
    """Place each request of an MMPP at its time, and count them per bin."""
    stream = RandomStreams(seed).stream("mmpp")
    at_s, state, times = 0.0, int(stream.random() < stays_s[1] / sum(stays_s)), []
    while at_s < bins * width_s:
        stay_s = stream.exponential(stays_s[state])
        times.append(at_s + stay_s * stream.random(stream.poisson(rates_rps[state] * stay_s)))
        at_s, state = at_s + stay_s, 1 - state
    counts = np.histogram(np.concatenate(times), bins=bins, range=(0.0, bins * width_s))[0]
    return CountSeries(width_s, counts.astype(np.float64))


def day_curve(bins: int, width_s: float, mean_rps: float, swing_rps: float) -> np.ndarray:
    return mean_rps + swing_rps * np.sin((np.arange(bins) + 0.5) * width_s / DAY_S * 2 * np.pi)
