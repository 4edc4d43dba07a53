"""Compiled functions that Python calls: the type of a number may differ between calls."""

from __future__ import annotations

import pytest

from simulator.lab.compiled.compiled import entry


@entry
def reciprocal(number: float) -> float:
    return 1.0 / number


@pytest.mark.case("L29", "L47")
def test_a_number_with_a_fraction_is_not_read_as_a_whole_one() -> None:
    """Bins of a second in one run and of a tenth in the next: the tenth was read as 0, and counts were wrong."""
    assert [reciprocal(number) for number in (2, 0.5, 4, 0.25)] == [0.5, 2.0, 0.25, 4.0]
