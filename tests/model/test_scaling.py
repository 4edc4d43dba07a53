from __future__ import annotations

import dataclasses

import pytest

from simulator.model.scaling import AutoScalingConfiguration


def test_the_defaults_are_those_of_app_runner() -> None:
    assert dataclasses.astuple(AutoScalingConfiguration()) == (100, 1, 25)


@pytest.mark.parametrize("numbers", [(1, 1, 1), (200, 25, 25), (200, 25, 1000), (1, 0, 1)])
def test_numbers_at_the_ends_of_their_ranges_are_accepted(numbers: tuple[int, int, int]) -> None:
    assert dataclasses.astuple(AutoScalingConfiguration(*numbers)) == numbers


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ((0, 1, 1), r"max_concurrency = 0, must be 1 to 200"),
        ((201, 1, 1), r"max_concurrency = 201, must be 1 to 200"),
        ((1, -1, 1), r"min_size = -1, must be 1 to 25"),
        ((1, 26, 30), r"min_size = 26, must be 1 to 25"),
        ((1, 0, 0), r"max_size = 0, must be at least 1"),
        ((1, 5, 4), r"min_size = 5, must not exceed max_size = 4"),
    ],
)
def test_a_number_out_of_range_is_rejected(numbers: tuple[int, int, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        AutoScalingConfiguration(*numbers)
