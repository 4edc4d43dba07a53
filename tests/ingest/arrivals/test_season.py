from __future__ import annotations

import numpy as np
import pytest

from simulator.ingest.arrivals.count_series import CountSeries
from simulator.ingest.arrivals.season import season_of
from tests.ingest.arrivals.processes import day_curve, poisson

MINUTE_S = 60.0
DAY = 1440


def test_a_sine_over_the_day_is_found_with_its_height() -> None:
    rate = day_curve(4 * DAY, MINUTE_S, 20.0, 15.0)
    season = season_of(poisson(1, rate, 4 * DAY, MINUTE_S))

    assert season is not None
    assert season.daily >= 1
    assert season.weekly == 0
    # the factor of the sine itself, at each minute
    found = season.factors(CountSeries(MINUTE_S, rate).middles_s)
    assert found == pytest.approx(rate / rate.mean(), abs=0.03)
    assert season.title == "a daily season"


def test_quiet_weekends_are_a_weekly_season() -> None:
    weekend = np.repeat(np.tile([1.0, 1, 1, 1, 1, 0.4, 0.4], 3), 24)
    hours = poisson(2, 5 * weekend * np.tile(day_curve(24, 3600, 1, 0.6), 21), 21 * 24, 3600.0)
    season = season_of(hours)

    assert season is not None
    assert season.title == "a daily and a weekly season"
    factors = season.factors(hours.middles_s).reshape(3, 7, 24).mean(axis=(0, 2))
    assert factors[6] / factors[2] == pytest.approx(0.4, abs=0.08)


@pytest.mark.parametrize("days", [1, 2, 15])
def test_noise_has_no_season(days: int) -> None:
    assert all(season_of(poisson(seed, 0.5, days * 24, 3600.0)) is None for seed in range(20))


def test_bursts_of_minutes_have_no_season() -> None:
    stream_days = 3
    for seed in range(10):
        calm = poisson(seed, 1.0, stream_days * DAY, MINUTE_S)
        burst = poisson(seed + 100, 0.05, stream_days * DAY // 10, 1.0)
        counts = calm.counts + 600 * np.repeat(burst.counts, 10)
        assert season_of(CountSeries(MINUTE_S, counts)) is None
