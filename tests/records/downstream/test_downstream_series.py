from __future__ import annotations

import pytest

from simulator.records.downstream.downstream_series import DownstreamSeries


def test_an_interval_counts_in_each_bin_that_it_covers() -> None:
    series = DownstreamSeries(60.0)
    assert (series.width_s, series.bins) == (0.1, 600)
    series.add(0.05, 0.25, 4, 2, 1)
    series.add(59.95, 70.0, 8, 0, 0)
    assert series.means(series.opened_s, 60.0)[:4] == pytest.approx([2.0, 4.0, 2.0, 0.0])
    assert series.means(series.busy_s, 60.0)[:4] == pytest.approx([1.0, 2.0, 1.0, 0.0])
    assert series.means(series.waiting_s, 60.0)[:4] == pytest.approx([0.5, 1.0, 0.5, 0.0])
    assert series.means(series.opened_s, 60.0)[-1] == pytest.approx(4.0)
    assert sum(series.opened_s) == pytest.approx(0.2 * 4 + 0.05 * 8)


def test_the_last_bin_ends_with_the_run() -> None:
    series = DownstreamSeries(60.0)
    series.add(0.0, 0.25, 4, 4, 4)
    assert series.means(series.opened_s, 0.25) == pytest.approx([4.0, 4.0, 4.0])
    assert (series.reached(0.25), series.reached(0.0), series.reached(99.0)) == (3, 1, 600)


def test_failed_calls_after_the_run_are_not_counted() -> None:
    series = DownstreamSeries(60.0)
    for at_s in (0.0, 0.05, 0.1, 59.99, 60.0, 61.0):
        series.failed(at_s)
    assert (series.errors[:2], series.errors[-1], sum(series.errors)) == ([2, 1], 1, 4)
