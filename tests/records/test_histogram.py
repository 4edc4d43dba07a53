from __future__ import annotations

import numpy as np
import pytest
from hdrh.histogram import HdrHistogram
from hypothesis import given
from hypothesis import strategies as st

from simulator.records.histogram import (
    COARSE,
    FINE,
    HIGHEST_S,
    LOWEST_S,
    Buckets,
    BufferedHistogram,
    Histogram,
    quantile_rank,
)
from simulator.world.random_streams import RandomStreams

QUANTILES = (0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 0.9999)
durations = st.floats(LOWEST_S, HIGHEST_S, exclude_max=True)


def drawn(count: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return RandomStreams(5).stream("histogram").lognormal(-3, 1.5, count)


def recorded(*arrays: np.ndarray[tuple[int], np.dtype[np.float64]]) -> Histogram:
    histogram = Histogram()
    for array in arrays:
        histogram.record(array)
    return histogram


@pytest.mark.parametrize(("buckets", "error"), [(FINE, 1 / 256), (COARSE, 1 / 32)])
@given(duration=durations)
def test_the_middle_of_a_bucket_is_within_the_stated_error(buckets: Buckets, error: float, duration: float) -> None:
    middle = buckets.middles_s[buckets.index(np.array([duration]))[0]]
    assert abs(middle - duration) <= error * duration


@given(first=durations, second=durations)
def test_a_longer_duration_is_never_in_a_lower_bucket(first: float, second: float) -> None:
    low, high = FINE.index(np.array(sorted((first, second))))
    assert low <= high


def test_quantiles_agree_with_hdrhistogram_within_both_errors() -> None:
    values = drawn(20_000)
    # Three significant digits, in microseconds.
    reference = HdrHistogram(1, 3_600_000_000, 3)
    for value in values.tolist():
        reference.record_value(round(value * 1e6))
    ours = recorded(values).quantiles(QUANTILES)
    theirs = [reference.get_value_at_percentile(quantile * 100) / 1e6 for quantile in QUANTILES]
    assert ours == pytest.approx(theirs, rel=1 / 256 + 1e-3)


def test_quantiles_agree_with_the_sorted_values_within_the_stated_error() -> None:
    values = np.sort(drawn(5_000))
    exact = [values[quantile_rank(quantile, len(values)) - 1] for quantile in QUANTILES]
    assert recorded(values).quantiles(QUANTILES) == pytest.approx(exact, rel=1 / 256)


def test_mean_min_and_max_are_exact() -> None:
    histogram = recorded(np.array([0.0013, 0.5, 71.1]))
    assert histogram.mean_s == pytest.approx(71.6013 / 3, abs=1e-9)
    assert (histogram.min_s, histogram.max_s) == (0.0013, 71.1)


@given(st.lists(durations, min_size=1), st.lists(durations, min_size=1))
def test_merging_is_the_same_as_recording_all_in_one(first: list[float], second: list[float]) -> None:
    merged, other = recorded(np.array(first)), recorded(np.array(second))
    merged.merge(other)
    whole = recorded(np.array(second + first))
    assert (merged.count, merged.total_ns, merged.max_s, merged.min_s) == (
        whole.count,
        whole.total_ns,
        whole.max_s,
        whole.min_s,
    )
    assert (merged.counts == whole.counts).all()


def test_the_division_into_chunks_does_not_change_a_digit_of_the_mean() -> None:
    values = drawn(1_000)
    assert recorded(values).mean_s == recorded(*np.array_split(values, 7)).mean_s


def test_nothing_recorded_has_no_mean_and_no_quantile() -> None:
    histogram = recorded(np.array([]))
    assert (histogram.count, histogram.mean_s, histogram.quantile(0.5)) == (0, None, None)


def test_zeros_are_counted_as_zero() -> None:
    histogram = recorded(np.zeros(3), np.array([0.2]))
    assert (histogram.count, histogram.quantile(0.75), histogram.quantile(1)) == (4, 0.0, 0.2)


def test_a_duration_above_the_range_is_counted_and_its_max_kept() -> None:
    histogram = recorded(np.array([1.0, 3 * HIGHEST_S]))
    assert (histogram.count, histogram.quantile(1.0)) == (2, 3 * HIGHEST_S)


def test_a_quantile_stays_within_the_recorded_values() -> None:
    histogram = recorded(np.array([0.1001, 0.1002]))
    assert histogram.quantile(0.5) == pytest.approx(0.10015, abs=0.00005)


def test_rounding_noise_below_zero_counts_as_zero() -> None:
    assert recorded(np.array([-1e-16, 0.0])).min_s == 0.0


def test_a_negative_duration_is_a_bug() -> None:
    with pytest.raises(AssertionError, match="must not be negative"):
        recorded(np.array([-0.1]))


def test_rounding_does_not_raise_the_rank_of_a_quantile() -> None:
    # 0.07 x 100 is 7.000000000000001 in floating point.
    assert quantile_rank(0.07, 100) == 7


def test_memory_does_not_grow_with_the_number_of_values() -> None:
    histogram = recorded(drawn(10))
    before = histogram.counts.nbytes
    histogram.record(drawn(100_000))
    assert histogram.counts.nbytes == before < 40_000


def test_values_added_one_by_one_are_recorded_like_an_array() -> None:
    buffered, values_s = BufferedHistogram(), drawn(2500)
    for index, value_s in enumerate(values_s.tolist()):
        buffered.add(value_s)
        assert index % 700 or buffered.whole.count == index + 1  # complete whenever it is read
    whole = recorded(values_s)
    assert buffered.whole.counts.tolist() == whole.counts.tolist()
    assert (buffered.whole.count, buffered.whole.max_s) == (2500, whole.max_s)
