"""Data files: CSV files whose rows are assigned to sessions."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

DATA_BYTES_MAX: Final = 64 * 1024**2


def data_columns(file: Path) -> list[str]:
    """Return the header of a data file.

    Raises:
        ValueError: if the file has no rows, or is not CSV in UTF-8.
    """
    if file.stat().st_size > DATA_BYTES_MAX:
        msg = f"data = {file.name}, must be at most {DATA_BYTES_MAX // 1024**2} MB"
        raise ValueError(msg)
    try:
        rows = data_table(file)
    except (UnicodeDecodeError, csv.Error) as error:
        msg = f"data = {file.name}, must be a CSV file in UTF-8: {error}"
        raise ValueError(msg) from error
    if not rows:
        msg = f"data = {file.name}, must have a header and at least one row"
        raise ValueError(msg)
    if twice := repetition(_header(file)):
        msg = f"data = {file.name}, must have each column once: {twice}"
        raise ValueError(msg)
    return list(rows[0])


def data_rows(file: Path) -> Iterator[Mapping[str, str]]:
    """Yield the rows of a data file in order, endlessly."""
    return itertools.cycle(data_table(file))


def _header(file: Path) -> list[str]:
    with file.open(encoding="utf-8-sig", newline="") as stream:
        return next(csv.reader(stream), [])


def data_table(file: Path) -> Sequence[dict[str, str]]:
    """Return the rows of a data file."""
    with file.open(encoding="utf-8-sig", newline="") as stream:
        return [{name: value or "" for name, value in row.items() if name} for row in csv.DictReader(stream)]


def repetition(names: Sequence[str]) -> str:
    """Describe a repeated name and its columns: `n is column 2 and column 3`; empty if no name repeats.

    Names must be unique, because a repeated name makes the column of a value ambiguous. Empty names, and names that
    begin like a number or a time, are ignored, because a first line of values is no header.
    """
    for second, name in enumerate(names):
        first = names.index(name)
        if first < second and name and not (name[0].isdigit() or name[0] in "+-."):
            return f"{name} is column {first + 1} and column {second + 1}"
    return ""
