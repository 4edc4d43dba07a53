from __future__ import annotations

import math

import numpy as np
import pytest

from simulator.ingest.arrivals.recorded_arrivals import ArrivalKind, Arrivals, arrivals_of, describe
from simulator.world.random_streams import RandomStreams

HOUR_S = 3600


def described(counts: np.ndarray) -> Arrivals:
    return arrivals_of(None, counts.astype(np.float64), 1.0, float(len(counts)))


@pytest.mark.parametrize("rate", [0.3, 5.0, 200.0])
def test_poisson_arrivals_are_found_in_99_of_100_recordings(rate: float) -> None:
    stream = RandomStreams(7).stream("poisson")
    kinds = [described(stream.poisson(rate, HOUR_S)).kind for _ in range(100)]

    assert kinds.count(ArrivalKind.POISSON) >= 97


def test_a_rate_that_changes_over_the_day_is_no_burst() -> None:
    stream = RandomStreams(8).stream("poisson")
    rate = 20 + 15 * np.sin(np.arange(2 * 86_400) / 86_400 * 2 * math.pi)
    found = described(stream.poisson(rate))

    assert found.kind is ArrivalKind.POISSON
    assert found.daily_share > 0.8


def test_two_states_that_alternate_within_a_minute_are_bursts() -> None:
    stream = RandomStreams(9).stream("bursts")
    rate = np.where(stream.random(HOUR_S) < 0.1, 40.0, 2.0)

    found = described(stream.poisson(rate))

    # the variance of a mixture of Poisson counts over its mean, by hand: 1 + var(rate) / mean(rate)
    assert found.kind is ArrivalKind.BURSTY
    assert found.dispersion == pytest.approx(1 + rate.var() / rate.mean(), rel=0.15)
    assert "in bursts" in describe(found)


def test_equal_intervals_are_regular() -> None:
    times_s = np.arange(0, HOUR_S, 0.1)

    found = arrivals_of(times_s, None, 0.0, HOUR_S)

    assert found.kind is ArrivalKind.REGULAR
    assert found.mean_rps == pytest.approx(10)
    assert found.peak_rps == pytest.approx(10, rel=0.01)


def test_few_requests_and_counts_per_minute_say_nothing_about_bursts() -> None:
    few = arrivals_of(np.array([1.0, 50.0]), None, 0.0, 100.0)
    wide = arrivals_of(None, np.full(1440, 60.0), 60.0, 86_400.0)

    assert (few.kind, wide.kind) == (ArrivalKind.UNKNOWN, ArrivalKind.UNKNOWN)
    assert wide.peak_rps == 1.0
    assert math.isnan(few.daily_share)


def test_noise_has_no_season() -> None:
    stream = RandomStreams(10).stream("noise")

    assert described(stream.poisson(5.0, 3 * 86_400)).daily_share < 0.05
