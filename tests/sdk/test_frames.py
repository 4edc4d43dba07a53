"""Columns as a data frame of the chosen library."""

from __future__ import annotations

from typing import Any, cast

import pytest

from simulator.sdk.frames import frame, frame_of_rows


def test_columns_keep_their_order_and_gaps() -> None:
    pytest.importorskip("pandas")
    made = frame({"b": [1, None], "a": ["x", "y"]})
    assert list(made.columns) == ["b", "a"]
    assert made["b"].isna().tolist() == [False, True]


def test_an_arrow_table_has_the_same_values() -> None:
    pytest.importorskip("pyarrow")
    assert frame({"a": [1, None]}, "arrow").to_pydict() == {"a": [1, None]}


def test_rows_have_the_named_columns_even_without_any_row() -> None:
    pytest.importorskip("pyarrow")
    assert frame_of_rows([], ["a", "b"], "arrow").column_names == ["a", "b"]
    made = frame_of_rows([{"a": 1}, {"b": 2, "c": 3}], ["a", "b"], "arrow")
    assert made.to_pydict() == {"a": [1, None], "b": [None, 2]}


def test_another_library_is_rejected_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"library = 'polars', must be .*pandas"):
        frame({}, cast("Any", "polars"))
