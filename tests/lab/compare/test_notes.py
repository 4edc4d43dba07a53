"""Rows of a comparison that are equal."""

from __future__ import annotations

from simulator.lab.compare.notes import equal_rows
from tests.lab.compare.comparisons import row_of


def test_equal_oracles_are_one_row_and_never_one_with_a_candidate() -> None:
    names = ["configured", "hpa", "oracle", "oracle on app-runner", "oracle as hpa"]
    rows = [row_of(name, {}).model_copy(update={"values": {"run_usd": [1.0, 2.0]}}) for name in names]
    assert equal_rows(rows) == [["configured", "hpa"], ["oracle", "oracle on app-runner"]]
