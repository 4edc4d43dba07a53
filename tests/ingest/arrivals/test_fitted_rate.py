from __future__ import annotations

import numpy as np
import pytest

from simulator.ingest.arrivals.fitted_rate import FittedRate, constant_rate, fitted_rate
from simulator.ingest.arrivals.season import season_of
from tests.ingest.arrivals.processes import day_curve, poisson

pytest.importorskip("ruptures")


def test_steps_are_found_at_their_places_and_heights() -> None:
    rate = fitted_rate(poisson(1, np.repeat([5.0, 9.0, 20.0], [1000, 700, 900]), 2600), None)

    assert rate.edges_s == pytest.approx((0, 1000, 1700, 2600), abs=20)
    assert rate.rates_rps == pytest.approx((5.0, 9.0, 20.0), rel=0.05)


@pytest.mark.parametrize("rate_rps", [0.3, 5.0, 200.0])
def test_a_constant_rate_has_no_change_points(rate_rps: float) -> None:
    # of 300 such recordings with other seeds none had a change point
    assert all(fitted_rate(poisson(seed, rate_rps, 1800), None).is_constant for seed in range(15))


def test_a_step_of_a_rate_with_a_season_is_found_beside_the_season() -> None:
    bins = 6 * 1440
    rate_rps = day_curve(bins, 60.0, 20.0, 10.0) * np.where(np.arange(bins) < 4 * 1440, 1.0, 1.5)
    series = poisson(3, rate_rps, bins, 60.0)
    rate = fitted_rate(series, season_of(series))

    assert len(rate.rates_rps) == 2
    assert rate.edges_s[1] == pytest.approx(4 * 86_400, abs=1800)
    assert rate.rates_rps[1] / rate.rates_rps[0] == pytest.approx(1.5, rel=0.03)


def test_expected_counts_are_the_integral_of_the_rate() -> None:
    rate = FittedRate((0.0, 15.0, 40.0), (2.0, 6.0))

    assert rate.expected(4, 10.0).tolist() == [20.0, 40.0, 60.0, 60.0]


def test_the_mean_rate_is_requests_over_time() -> None:
    series = poisson(4, 7.0, 500, 2.0)
    rate = constant_rate(series)

    assert rate.is_constant
    assert rate.rates_rps[0] == pytest.approx(series.counts.sum() / 1000)
    assert rate.parameters == 1
