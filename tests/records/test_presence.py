from __future__ import annotations

from simulator.records.presence import Presence


def presence(*seconds: tuple[float, float]) -> Presence:
    made = Presence()
    for in_flight, waiting in seconds:
        made.add(in_flight, waiting)
    return made


def test_a_bin_is_the_mean_of_its_seconds() -> None:
    assert presence((1, 0), (3, 1), (5, 2), (7, 4)).binned(2.0, 2) == ([2.0, 6.0], [0.5, 3.0])


def test_a_bin_that_has_just_begun_is_the_mean_of_what_it_has() -> None:
    assert presence((1, 0), (3, 0), (5, 0)).binned(2.0, 2) == ([2.0, 5.0], [0.0, 0.0])


def test_bins_that_nobody_has_reached_are_empty() -> None:
    assert presence((4, 1)).binned(1.0, 3) == ([4.0, 0.0, 0.0], [1.0, 0.0, 0.0])


def test_bins_shorter_than_a_second_show_the_second_they_lie_in() -> None:
    assert presence((4, 1), (8, 2)).binned(0.5, 5) == ([4.0, 4.0, 8.0, 8.0, 0.0], [1.0, 1.0, 2.0, 2.0, 0.0])


def test_seconds_after_the_last_bin_are_left_out() -> None:
    assert presence((4, 0), (8, 0), (9, 0)).binned(1.0, 2) == ([4.0, 8.0], [0.0, 0.0])
