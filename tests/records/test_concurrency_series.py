from __future__ import annotations

import pytest

from simulator.records.concurrency_series import ConcurrencySeries


def concurrency_series(*seconds: tuple[float, float]) -> ConcurrencySeries:
    made = ConcurrencySeries()
    for second, (in_flight, waiting) in enumerate(seconds):
        made.add(second, in_flight, waiting)
    return made


def test_a_bin_is_the_mean_of_its_seconds() -> None:
    assert concurrency_series((1, 0), (3, 1), (5, 2), (7, 4)).binned(2.0, 2) == ([2.0, 6.0], [0.5, 3.0])


def test_a_bin_that_has_just_begun_is_the_mean_of_its_seconds_so_far() -> None:
    assert concurrency_series((1, 0), (3, 0), (5, 0)).binned(2.0, 2) == ([2.0, 5.0], [0.0, 0.0])


@pytest.mark.case("X4")
def test_bins_not_reached_yet_are_gaps_and_not_zero() -> None:
    assert concurrency_series((4, 1)).binned(1.0, 3) == ([4.0, None, None], [1.0, None, None])
    assert concurrency_series((0, 0)).binned(2.0, 2) == ([0.0, None], [0.0, None])


@pytest.mark.case("X4")
def test_seconds_before_a_service_existed_are_gaps_and_shift_nothing() -> None:
    made = ConcurrencySeries()
    made.add(3, 6.0, 2.0)
    made.add(4, 8.0, 4.0)
    assert made.binned(1.0, 6) == ([None, None, None, 6.0, 8.0, None], [None, None, None, 2.0, 4.0, None])
    assert made.binned(2.0, 3) == ([None, 6.0, 8.0], [None, 2.0, 4.0])


def test_bins_shorter_than_a_second_have_the_value_of_their_second() -> None:
    assert concurrency_series((4, 1), (8, 2)).binned(0.5, 5) == ([4.0, 4.0, 8.0, 8.0, None], [1.0, 1.0, 2.0, 2.0, None])


def test_seconds_after_the_last_bin_are_left_out() -> None:
    assert concurrency_series((4, 0), (8, 0), (9, 0)).binned(1.0, 2) == ([4.0, 8.0], [0.0, 0.0])
