from __future__ import annotations

import numpy as np

from simulator.ingest.blocks import Percentiles
from simulator.ingest.duration_histogram import DurationHistogram
from simulator.world.random_streams import RandomStreams

_SHARES = np.array([0.01, 0.25, 0.5, 0.9, 0.99])


def test_quantiles_are_within_half_a_percent_of_the_sorted_values() -> None:
    values = RandomStreams(5).stream("durations").lognormal(-2.0, 1.5, 100_000)
    durations = DurationHistogram()
    for part in np.array_split(values, 7):
        durations.add(part)

    exact = np.quantile(values, _SHARES, method="inverted_cdf")

    np.testing.assert_allclose(durations.quantiles(_SHARES), exact, rtol=0.006)


def test_the_mean_of_percentiles_of_several_files_is_used() -> None:
    durations = DurationHistogram()
    durations.add_percentiles(Percentiles(0, (0.0, 0.5, 1.0), (1.0, 2.0, 3.0)))
    durations.add_percentiles(Percentiles(0, (0.0, 0.5, 1.0), (2.0, 4.0, 6.0)))

    assert durations.quantiles(np.array([0.5, 0.75])).tolist() == [3.0, 3.75]


def test_zero_and_enormous_durations_are_in_the_outer_buckets() -> None:
    durations = DurationHistogram()
    durations.add(np.array([0.0, 1e12]))

    low, high = durations.quantiles(np.array([0.0, 1.0]))

    assert low < 2e-6
    assert high > 9e5


def test_without_durations_nothing_is_known() -> None:
    assert not DurationHistogram().are_known
