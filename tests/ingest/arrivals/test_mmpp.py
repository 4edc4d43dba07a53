from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from simulator.ingest.arrivals.count_series import CountSeries, summed
from simulator.ingest.arrivals.dispersion import indices
from simulator.ingest.arrivals.mmpp import BurstHeights, MmppFit, fitted_mmpp
from simulator.world.random_streams import RandomStreams
from tests.ingest.arrivals.processes import poisson, two_states


def fit(series: CountSeries, rate_rps: np.ndarray | float | None = None) -> MmppFit | None:
    mean = series.counts.mean() if rate_rps is None else rate_rps * series.width_s
    expected = np.broadcast_to(mean, len(series.counts)).astype(np.float64)
    return fitted_mmpp(series, expected, expected, indices(series, expected))


@pytest.mark.parametrize(
    ("rates", "stays", "bins", "width_s"),
    [
        ((2.0, 40.0), (30.0, 10.0), 18_000, 0.1),
        ((5.0, 20.0), (60.0, 60.0), 7200, 2.0),
        ((1.0, 20.0), (6.0, 2.0), 9000, 0.1),
    ],
)
def test_known_states_are_found(
    rates: tuple[float, float], stays: tuple[float, float], bins: int, width_s: float
) -> None:
    found = [fit(two_states(seed, rates, stays, bins, width_s)) for seed in range(2)]

    # means over two recordings of 45 to 110 bursts: a mean stay has a spread of 7 to 11 %
    table = np.mean([(*each.rates_rps, *each.stays_s) for each in found if each is not None], axis=0)
    assert table[:2] == pytest.approx(rates, rel=0.06)
    assert table[2:] == pytest.approx(stays, rel=0.3)


def test_states_change_the_factor_of_a_rate_that_changes() -> None:
    one, two = two_states(5, (2.0, 20.0), (30.0, 10.0), 3600), two_states(6, (6.0, 60.0), (30.0, 10.0), 3600)
    series = CountSeries(1.0, np.concatenate([one.counts, two.counts]))
    mean = (2 * 30 + 20 * 10) / 40
    found = fit(series, np.repeat([mean, 3 * mean], 3600))

    assert found is not None
    low, high = found.rates_rps
    assert high / low == pytest.approx(10, rel=0.1)
    assert found.mean_rps == pytest.approx(2 * mean, rel=0.15)


def test_poisson_counts_have_no_states() -> None:
    found = [fit(poisson(seed, 5.0, 1800)) for seed in range(20)]

    assert found.count(None) >= 18


def test_the_index_in_closed_form_is_that_of_the_process() -> None:
    known = MmppFit((2.0, 20.0), (6.0, 3.0), 0.0, 1.0, 1, BurstHeights(0, 1.0, 0.0))
    counts = np.concatenate([two_states(seed, (2.0, 20.0), (6.0, 3.0), 20_000).counts for seed in range(4)])

    for scale in (1, 10, 30):
        windows = summed(counts, scale)
        assert known.index(scale) == pytest.approx(windows.var() / windows.mean(), rel=0.12)
    assert known.mean_rps == pytest.approx(8.0)


def test_the_gain_is_the_likelihood_of_the_states_over_poisson_computed_bin_by_bin() -> None:
    series = two_states(7, (1.0, 12.0), (30.0, 20.0), 300)
    found = fit(series)
    assert found is not None

    # the forward recursion of a hidden Markov model, written out for two states
    (low, high), (calm_s, burst_s) = found.rates_rps, found.stays_s
    total = 1 / calm_s + 1 / burst_s
    change = (1 - np.exp(-total)) / total
    chances, likelihood = np.array([calm_s, burst_s]) / (calm_s + burst_s), 0.0
    mean = series.counts.mean()
    for count in series.counts:
        chances = chances * np.array([low**count * np.exp(-low), high**count * np.exp(-high)])
        likelihood += np.log(chances.sum()) - (count * np.log(mean) - mean)
        to_high, to_low = chances * change / np.array([calm_s, burst_s])
        chances = (chances + np.array([to_low - to_high, to_high - to_low])) / chances.sum()
    assert found.bin_s == 1.0
    assert found.gain == pytest.approx(likelihood, abs=0.05)


def _heights(seed: int, levels: Sequence[float], expected: np.ndarray | float = 1.0) -> BurstHeights:
    """Return the heights that are found in an hour of bursts of these rates, by turns, over a calm of 2/s."""
    stream = RandomStreams(seed).stream("heights")
    stays = stream.exponential([30.0, 10.0], (200, 2))
    edges = np.cumsum(stays.ravel())
    rates = np.ravel([(2.0, levels[turn % len(levels)]) for turn in range(len(stays))])
    bins = np.arange(3601.0)
    means = np.diff(np.interp(bins, np.append(0.0, edges), np.append(0.0, np.cumsum(rates * stays.ravel())))) * expected
    series = CountSeries(1.0, stream.poisson(means).astype(np.float64))
    found = fit(series, np.asarray(expected) * series.total / 3600)
    assert found is not None
    return found.heights


@pytest.mark.parametrize("seed", range(4))
def test_bursts_of_one_rate_do_not_differ(seed: int) -> None:
    heights = _heights(seed, (40.0,))

    assert heights.bursts > 50
    assert heights.index == pytest.approx(1.0, abs=0.75)
    assert not heights.differ


@pytest.mark.parametrize(
    ("levels", "high"),
    [
        ((25.0, 40.0, 60.0), (25.0, 40.0, 60.0)),
        ((25.0, 25.0, 60.0), (25.0, 25.0, 60.0)),
        ((15.0, 40.0, 100.0), (40.0, 100.0)),  # the lowest is nearer to the low state
    ],
)
def test_bursts_of_several_rates_differ_by_their_standard_deviation(
    levels: tuple[float, ...], high: tuple[float, ...]
) -> None:
    heights = _heights(1, levels)

    assert heights.differ
    assert heights.variation == pytest.approx(np.std(high) / np.mean(high), rel=0.35)


def test_a_level_that_is_known_is_no_difference() -> None:
    assert not _heights(2, (40.0,), np.repeat([0.5, 1.5], 1800)).differ
