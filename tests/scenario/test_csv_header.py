"""Repeated names of a CSV header."""

from __future__ import annotations

import pytest

from simulator.scenario.csv_header import repetition


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["a", "b", "c"], ""),
        (["a", "b", "a"], "a is column 1 and column 3"),
        (["x", "n", "n", "x"], "n is column 2 and column 3"),
        (["", "", "a"], ""),
        (["1", "1"], ""),
        (["-1.5", "-1.5", ".5", ".5"], ""),
        (["2026-01-01", "2026-01-01"], ""),
        ([], ""),
    ],
)
def test_the_first_repeated_name_is_described(names: list[str], found: str) -> None:
    assert repetition(names) == found
