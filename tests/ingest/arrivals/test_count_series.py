from __future__ import annotations

import numpy as np
import pytest

from simulator.ingest.arrivals.count_series import count_series, summed


def test_times_are_counted_in_seconds_or_in_tenths_if_they_are_dense() -> None:
    sparse = count_series(np.array([0.0, 0.5, 2.0, 9.9]), None, 0.0, 10.0)
    assert (sparse.width_s, sparse.counts.tolist()) == (1.0, [2, 0, 1, 0, 0, 0, 0, 0, 0, 1])

    dense = count_series(np.arange(0, 10, 0.05), None, 0.0, 10.0)
    assert (dense.width_s, len(dense.counts), dense.total) == (0.1, 100, 200)
    assert set(dense.counts.tolist()) == {2.0}


def test_an_incomplete_bin_at_the_end_is_left_out() -> None:
    assert count_series(None, np.array([3.0, 4.0, 1.0]), 60.0, 130.0).counts.tolist() == [3, 4]
    assert count_series(None, np.array([3.0]), 60.0, 30.0).counts.tolist() == [3]


def test_sums_leave_out_the_rest() -> None:
    assert summed(np.arange(7.0), 3).tolist() == [3, 12]
    assert count_series(None, np.arange(7.0), 2.0, 14.0).coarser(3).length_s == pytest.approx(12)
