"""Data files: CSV files whose rows are assigned to sessions."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from simulator.scenario.csv_header import repetition

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
        rows = _rows(file)
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
    return itertools.cycle(_rows(file))


def _header(file: Path) -> list[str]:
    with file.open(encoding="utf-8-sig", newline="") as stream:
        return next(csv.reader(stream), [])


def _rows(file: Path) -> Sequence[dict[str, str]]:
    with file.open(encoding="utf-8-sig", newline="") as stream:
        return [{name: value or "" for name, value in row.items() if name} for row in csv.DictReader(stream)]
