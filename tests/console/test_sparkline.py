from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from simulator.console.sparkline import BLOCKS, PLAIN, sparkline


def test_values_are_shown_in_eighths_of_the_highest() -> None:
    assert sparkline([0, 1, 4, 8], 10, 8) == " ▂▅█"


def test_a_short_peak_is_not_lost_when_values_share_a_column() -> None:
    assert sparkline([0] * 50 + [9] + [0] * 49, 10, 9) == "     █    "


def test_a_terminal_without_blocks_gets_plain_characters() -> None:
    assert set(sparkline([1, 5, 8], 3, 8, PLAIN)) <= set(PLAIN)


@given(st.lists(st.floats(0, 1000), min_size=1, max_size=700), st.integers(1, 100))
def test_a_curve_fits_its_width_and_shows_every_peak(values: list[float], width: int) -> None:
    line = sparkline(values, width, max(values))
    assert len(line) == min(width, len(values))
    assert (BLOCKS[-1] in line) == (max(values) > 0)


def test_a_curve_without_values_is_empty() -> None:
    assert sparkline([], 10, 1) == ""
