"""Writes and reads the tables of an observation file: CSV with a header row, numbers only.

A number is written with the digits that give the same number when read, an unknown one as an empty field.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from simulator.calibration.observation.tables import Column, ColumnRule
from simulator.model.text.document import shown
from simulator.model.text.problems import FileProblems, Problem, nearest

_FIRST_ROW: Final = 2  # the header is line 1


def csv_text(columns: Mapping[str, NDArray[Any]]) -> str:
    """Return the text of the columns."""
    lines = [",".join(columns)]
    lines += map(",".join, zip(*(_fields(values) for values in columns.values()), strict=True))
    return "\n".join(lines) + "\n"


def _fields(values: NDArray[Any]) -> list[str]:
    if values.dtype.kind == "i":
        return list(map(str, values.tolist()))
    return ["" if value != value else _short(value) for value in values.tolist()]  # noqa: PLR0124 NaN alone


def _short(value: float) -> str:
    return repr(value).removesuffix(".0")


def read_columns(text: str, file: str, rules: Mapping[str, ColumnRule]) -> dict[str, Column]:
    """Return the columns of `text`, which must be those of `rules`, in that order.

    Raises:
        FileProblems: with the place, the value and what is expected; at most one problem a column.
    """
    lines = text.splitlines()
    names = list(rules)
    _require_header(lines[0] if lines else "", file, names)
    rows = [line.split(",") for line in lines[1:]]
    for number, row in enumerate(rows, _FIRST_ROW):
        if len(row) != len(names):
            found = f"{len(row)} field{'' if len(row) == 1 else 's'}"
            raise FileProblems([Problem(number, 1, "", found, f"{len(names)} fields: {', '.join(names)}", file=file)])
    problems: list[Problem] = []
    columns = {}
    for index, (name, rule) in enumerate(rules.items()):
        texts = [row[index] for row in rows]
        values = _numbers(texts)
        wrong = np.flatnonzero(rule.wrong(values) | _is_no_number(texts, values))
        if len(wrong):
            first = int(wrong[0])
            column = sum(len(field) + 1 for field in rows[first][:index]) + 1
            found = shown(texts[first]) or "nothing"
            problems.append(Problem(first + _FIRST_ROW, column, name, found, rule.expected, file=file))
        columns[name] = values
    if problems:
        raise FileProblems(problems)
    return columns


def _require_header(header: str, file: str, names: Sequence[str]) -> None:
    given = header.split(",")
    if given == list(names):
        return
    expected = f"the header {','.join(names)}"
    for index, name in enumerate(given):
        if name not in names:
            column = sum(len(field) + 1 for field in given[:index]) + 1
            near = nearest(name, names)
            raise FileProblems([Problem(1, column, "header", shown(name) or "nothing", expected, near, file)])
    raise FileProblems([Problem(1, 1, "header", shown(header), expected, file=file)])


def _numbers(texts: Sequence[str]) -> Column:
    """Convert the fields; NaN for an empty one and for one that is not a number."""
    try:
        return np.array([text or "nan" for text in texts], dtype=np.float64)
    except ValueError:
        return np.array([_number(text) for text in texts], dtype=np.float64)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return np.nan


def _is_no_number(texts: Sequence[str], values: Column) -> NDArray[np.bool_]:
    """Return True for fields that became NaN without being empty."""
    return np.isnan(values) & np.array([bool(text) for text in texts], dtype=np.bool_)
