from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.ingest import collector
from simulator.ingest.blocks import Counts, Requests
from simulator.ingest.collector import BinCounts, Collector, TooLong


@given(parts=st.lists(st.lists(st.integers(-500, 500), max_size=20), max_size=8), width=st.sampled_from([1, 7, 60]))
def test_counts_do_not_depend_on_the_order_of_times(parts: list[list[int]], width: int) -> None:
    bins = BinCounts(width)
    for part in parts:
        bins.add(np.array(part, dtype=np.float64))

    expected: dict[int, int] = {}
    for time in (time for part in parts for time in part):
        expected[time // width] = expected.get(time // width, 0) + 1

    assert {bins.first + at: count for at, count in enumerate(bins.counts) if count} == expected


def test_a_long_trace_is_counted_per_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collector, "TIMES_MAX", 5)
    requests = Collector(None)
    for start in (100.0, 101.0, 102.0):
        requests.add(Requests(np.array([start + 0.25, start + 0.75])))

    assert requests.bins is not None
    assert (requests.bins.width_s, requests.bins.first) == (1.0, 100)
    assert requests.bins.counts.tolist() == [2, 2, 2]


def test_counts_cannot_be_cut_into_narrower_bins() -> None:
    with pytest.raises(ValueError, match="--bin = 1s, must be at least 60s"):
        Collector(1.0).add(Counts(0, 0.0, 60.0, np.array([3.0])))


def test_a_wrong_date_is_reported_before_memory_is_used() -> None:
    bins = BinCounts(1.0)
    bins.add(np.array([0.0]))

    with pytest.raises(TooLong):
        bins.add(np.array([1e9]))


def test_durations_are_kept_only_if_all_are_known() -> None:
    requests = Collector(None)
    requests.add(Requests(np.array([2.0]), None, np.array([0.5])))
    requests.add(Requests(np.array([1.0])))

    times_s, durations_s = requests.times()

    assert times_s.tolist() == [1.0, 2.0]
    assert durations_s is None
