"""Compiled functions read and write the arrays of a tuple that they get by reference."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from simulator.lab.compiled.compiled import entry, kernel, passed_by_reference
from simulator.lab.compiled.state import with_attributes


class Inner(NamedTuple):
    """A tuple within another."""

    weights: Any
    nothing: Any


@passed_by_reference
class Outer(NamedTuple):
    """Arrays of several types and dimensions."""

    records: Any
    table: Any
    inner: Any


@kernel
def weighted(outer: Outer, row: int) -> float:
    total = 0.0
    for column in range(outer.table.shape[1]):
        total += outer.table[row, column] * outer.inner.weights[column]
    return total


@entry
def add_up(outer: Outer, times: int) -> float:
    total = 0.0
    for _ in range(times):
        for row in range(outer.table.shape[0]):
            outer.records[row].found += weighted(outer, row)
            total += outer.records[row].found
    return total


def made(rows: int) -> Outer:
    records = np.zeros(rows, np.dtype([("found", "f8"), ("number", "u4")], align=True))
    table = np.arange(rows * 3, dtype=np.float64).reshape(rows, 3)
    return Outer(with_attributes(records), table, Inner(np.ones(3), None))


def test_arrays_of_any_size_are_read_and_written() -> None:
    for rows in (2, 5):
        outer = made(rows)
        sums = outer.table.sum(axis=1)
        assert add_up(outer, 2) == (sums + 2 * sums).sum()
        assert outer.records["found"].tolist() == (2 * sums).tolist()
