"""Writes the rows of a sweep or of a comparison as one file: Parquet or CSV."""

from __future__ import annotations

import csv
import importlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

FORMATS: Final = (".parquet", ".csv")


def write_table(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Write the rows in order; a column that only some rows have is empty in the others.

    Raises:
        ImportError: for Parquet, if pyarrow is not installed.
        OSError: if the file cannot be written.
    """
    columns = list(dict.fromkeys(name for row in rows for name in row))
    if path.suffix == ".parquet":
        _write_parquet(rows, columns, path)
        return
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)


def _write_parquet(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], path: Path) -> None:
    arrow: Any = importlib.import_module("pyarrow")
    parquet: Any = importlib.import_module("pyarrow.parquet")
    table = arrow.table({name: arrow.array(_one_type([row.get(name) for row in rows])) for name in columns})
    parquet.write_table(table, path)


def _one_type(values: list[Any]) -> list[Any]:
    """Convert a column to one type: integers mixed with floats become floats, any other mixture becomes text."""
    kinds = {type(value) for value in values if value is not None}
    if len(kinds) <= 1:
        return values
    if kinds == {int, float}:
        return [None if value is None else float(value) for value in values]
    return [None if value is None else str(value) for value in values]
