"""Capacity files: CSV with the throughput that was measured at each load, one row a measurement.

The columns are `concurrency` and `throughput`, or `N` and `X`; `load`, `users` and `processors` are other names of the
first. Further columns are not read. A load may have several rows.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np

from simulator.ingest.input_file import InputFile
from simulator.lab.scalability.law import Floats
from simulator.model.text.problems import nearest

LOAD_NAMES: Final = ("concurrency", "n", "load", "users", "vus", "clients", "threads", "processors")
THROUGHPUT_NAMES: Final = ("throughput", "x", "rps", "throughput_rps")
_LOADS_MIN: Final = 4


class MeasuredCapacity(NamedTuple):
    """Throughputs by load, in the order of the file. `load_name`, `throughput_name`: of the columns in the file."""

    name: str
    load_name: str
    loads: Floats
    throughputs: Floats
    throughput_name: str = "throughput"


class _Columns(NamedTuple):
    load: int
    throughput: int


def is_capacity(file: InputFile) -> bool:
    """Return True if the first line has the columns of a capacity file."""
    return _columns(_header(file)) is not None


def read_capacity(file: InputFile) -> MeasuredCapacity:
    """Read a capacity file.

    Raises:
        ScenarioError: for a missing column, a value that is no load or no throughput, or too few loads.
    """
    header = _header(file)
    columns = _columns(header)
    if columns is None:
        near = next(filter(None, (nearest(name, (*LOAD_NAMES, *THROUGHPUT_NAMES)) for name in header)), "")
        raise file.problem(1, "columns", ", ".join(header), "concurrency and throughput, or N and X", near)
    pairs = np.array(list(_pairs(file, columns)), dtype=np.float64).reshape(-1, 2)
    loads, throughputs = pairs[:, 0], pairs[:, 1]
    different = len(np.unique(loads))
    if different < _LOADS_MIN:
        wanted = f"at least {_LOADS_MIN}: a law with three coefficients passes through the points of three loads"
        raise file.problem(1, "loads", f"{different} different", wanted)
    return MeasuredCapacity(file.path.name, header[columns.load], loads, throughputs, header[columns.throughput])


def _header(file: InputFile) -> list[str]:
    return [name.strip() for name in next(csv.reader(file.first_lines[:1], skipinitialspace=True), [])]


def _columns(header: list[str]) -> _Columns | None:
    lower = [name.lower() for name in header]
    load, throughput = (
        next((lower.index(name) for name in names if name in lower), None) for names in (LOAD_NAMES, THROUGHPUT_NAMES)
    )
    return None if load is None or throughput is None else _Columns(load, throughput)


def _pairs(file: InputFile, columns: _Columns) -> Iterator[tuple[float, float]]:
    lines = (line.decode("utf-8-sig", errors="replace") for _, block in file.lines() for line in block)
    rows = csv.reader(lines, skipinitialspace=True)
    next(rows)
    for row in rows:
        if any(cell.strip() for cell in row):
            load = _number(file, rows.line_num, "load", _cell(row, columns.load), least=1.0)
            throughput = _number(file, rows.line_num, "throughput", _cell(row, columns.throughput), least=0.0)
            if throughput == 0:
                raise file.problem(rows.line_num, "throughput", "0", "above 0")
            yield load, throughput


def _cell(row: list[str], column: int) -> str:
    return row[column] if column < len(row) else ""


def _number(file: InputFile, line: int, what: str, text: str, least: float) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not least <= value < math.inf:
        raise file.problem(line, what, repr(text), f"a number, at least {least:g}")
    return value
