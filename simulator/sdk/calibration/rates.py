"""Rates in Python: numbers, texts, arrays, or a data frame with a column of rates."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, cast

import numpy as np

from simulator.calibration.prediction.predict import require_rate
from simulator.calibration.prediction.settings import parse_rates
from simulator.model.text.units import parse_duration
from simulator.sdk.plain import is_frame, plain

_COLUMN: Final = "rate_rps"


def rates_of(given: Any) -> tuple[float, ...]:
    """Return rates in requests/s: of a number, a text such as `60,100`, several of these, or a frame.

    A frame has them in its column `rate_rps`, or in its only column.

    Raises:
        ValueError: for anything else, or a rate out of range.
    """
    if isinstance(given, str):
        return parse_rates(given)
    values = np.ravel(np.asarray(_column(given) if is_frame(given) else given, dtype=object)).tolist()
    rates: list[float] = []
    for value in values:
        if isinstance(value, str):
            rates += parse_rates(value)
        elif isinstance(value, int | float | np.number) and not isinstance(value, bool):
            require_rate(float(value))
            rates.append(float(value))
        else:
            msg = f"rate = {value!r}, must be a number of requests/s, or a text such as '6000/min'"
            raise ValueError(msg)  # noqa: TRY004 one type of error for all values
    if not rates:
        msg = "rates = none, must be at least one"
        raise ValueError(msg)
    return tuple(rates)


def seconds_of(given: Any) -> float:
    """Return seconds: of a number, of a text such as `60s`, or of a timedelta. Raises ValueError for anything else."""
    value = plain(given)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else parse_duration(value)


def _column(frame: Any) -> Iterable[Any]:
    if type(frame).__module__.startswith("pyarrow"):
        frame = frame.to_pandas()
    if not hasattr(frame, "columns"):  # a series
        return cast("Iterable[Any]", frame.to_numpy())
    names = [str(name) for name in frame.columns]
    if _COLUMN in names or len(names) == 1:
        return cast("Iterable[Any]", frame[_COLUMN if _COLUMN in names else frame.columns[0]].to_numpy())
    msg = f"rates = a frame with the columns {', '.join(names)}, must have a column {_COLUMN}"
    raise ValueError(msg)
