"""Conversion of a notebook's values to the plain data of a scenario: numbers of numpy, durations, paths, frames."""

from __future__ import annotations

import atexit
import datetime as dt
import hashlib
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np


def plain(value: Any) -> Any:  # noqa: PLR0911 one return per kind is the table
    """Convert `value` to what a YAML parser would return. A data frame becomes the path of a CSV file with its rows.

    Raises:
        ValueError: if a scenario file cannot contain the value.
    """
    if isinstance(value, np.generic):
        return _duration(value) if isinstance(value, np.timedelta64) else value.item()
    if value is None or type(value) in {str, int, float, bool}:
        return value
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset | np.ndarray):
        return [plain(inner) for inner in value]
    if isinstance(value, dt.timedelta | np.timedelta64):
        return _duration(value)
    if isinstance(value, Path):
        return str(value.resolve())
    if is_frame(value):
        return str(recording_of(value))
    if isinstance(value, str | int | float):  # a subclass, such as a member of an enumeration
        return next(kind(value) for kind in (str, int, float) if isinstance(value, kind))
    msg = f"value = {value!r}, must be a number, text, a list, a mapping, a duration, a path or a data frame"
    raise ValueError(msg)


def is_frame(value: object) -> bool:
    """Return True for a pandas data frame or series, or an Arrow table, without importing either library."""
    return any(f"{kind.__module__.partition('.')[0]}.{kind.__name__}" in _FRAMES for kind in type(value).__mro__)


_FRAMES = frozenset({"pandas.DataFrame", "pandas.Series", "pyarrow.Table"})


def recording_of(value: Any) -> Path:
    """Write a data frame's rows to a CSV file, which is kept until the interpreter ends. Equal rows give the same file.

    An index that has a name or contains times becomes the first column; any other index is omitted.
    """
    if type(value).__module__.startswith("pyarrow"):
        value = value.to_pandas(date_as_object=False)
    elif hasattr(value, "to_frame") and not hasattr(value, "columns"):
        value = value.to_frame(name=value.name if value.name is not None else "count")
    index = value.index
    is_time = index.dtype.kind in "mM" or type(index).__name__ in {"DatetimeIndex", "PeriodIndex"}
    keeps_index = is_time or index.name is not None
    text = value.to_csv(index=keeps_index, index_label=(index.name or "time") if keeps_index else None)
    file = _folder() / f"frame-{hashlib.sha256(text.encode()).hexdigest()[:16]}.csv"
    file.write_text(text, encoding="utf-8")
    return file


@cache
def _folder() -> Path:
    made = tempfile.TemporaryDirectory(prefix="simulator-frames-")
    atexit.register(made.cleanup)
    return Path(made.name)


def _duration(value: Any) -> str:
    return f"{value / np.timedelta64(1, 's') if isinstance(value, np.timedelta64) else value.total_seconds():.9f}s"
