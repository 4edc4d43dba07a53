from __future__ import annotations

import numpy as np
import pytest

from simulator.ingest.arrivals.count_series import CountSeries
from simulator.ingest.arrivals.dispersion import bounds, indices
from tests.ingest.arrivals.processes import poisson


def test_the_index_is_the_variance_over_the_mean_of_windows() -> None:
    series = poisson(1, 4.0, 3600)
    found = indices(series, np.full(3600, series.counts.mean()))

    assert [each.scale_s for each in found] == [1, 2, 5, 10, 20, 50, 100]
    for each in found:
        windows = series.counts[: 3600 // int(each.scale_s) * int(each.scale_s)].reshape(-1, int(each.scale_s)).sum(1)
        assert each.ratio == pytest.approx(windows.var() / windows.mean(), rel=0.01)


@pytest.mark.parametrize("rate_rps", [0.05, 1.0, 60.0])
def test_99_of_100_poisson_recordings_are_within_the_interval_at_all_scales(rate_rps: float) -> None:
    inside = 0
    for seed in range(200):
        found = indices(poisson(seed, rate_rps, 1200), np.full(1200, rate_rps))
        inside += all(each.low <= each.ratio <= each.high for each in found)

    # 198 expected; below 193 has a chance of 0.3 %, and the seeds are fixed
    assert inside >= 193


@pytest.mark.parametrize("freedom", [30, 300, 30_000])
def test_the_interval_is_that_of_chi_squared(freedom: float) -> None:
    special = pytest.importorskip("scipy.special")
    low, high = bounds(freedom, 2.576)

    assert low == pytest.approx(special.chdtri(freedom, 0.995) / freedom, rel=0.01)
    assert high == pytest.approx(special.chdtri(freedom, 0.005) / freedom, rel=0.01)


def test_bursts_of_ten_seconds_show_from_ten_seconds_on() -> None:
    rate = np.repeat(np.tile([1.0, 9.0], 60), 10)
    found = {each.scale_s: each for each in indices(poisson(2, rate, 1200), np.full(1200, 5.0))}

    assert found[10].ratio == pytest.approx(1 + 10 * 16 / 5, rel=0.2)  # 1 + variance of the rate x window / mean
    assert found[20].ratio < 2  # each window of 20 s has one burst


def test_many_fitted_values_need_many_windows() -> None:
    series = CountSeries(1.0, np.ones(1000))

    assert len(indices(series, np.ones(1000), parameters=100)) == 2
    assert indices(CountSeries(1.0, np.ones(20)), np.ones(20)) == ()


def test_the_error_is_the_spread_between_recordings() -> None:
    found = [indices(poisson(seed, 5.0, 1000), np.full(1000, 5.0))[0] for seed in range(200)]

    spread = np.std([each.ratio for each in found])
    assert np.mean([each.error for each in found]) == pytest.approx(spread, rel=0.2)
