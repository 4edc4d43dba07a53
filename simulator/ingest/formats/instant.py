"""Parses one time of a file: ISO 8601 with an offset or in UTC, or seconds since 1970."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from simulator.ingest.input_file import InputFile

_LATEST_S: Final = 253_402_300_800.0  # the end of the year 9999, the last that dates have


def instant(file: InputFile, line: int, value: Any) -> float:
    """Return a time as seconds since 1970. `line`: its line in the file.

    Raises:
        ScenarioError: if it is none.
    """
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < _LATEST_S:
        return float(value)
    try:
        return _seconds(value)
    except (TypeError, ValueError, AttributeError):
        raise file.problem(line, "time", repr(value), "a time such as 2026-11-30T10:15:00.250Z") from None


@lru_cache(maxsize=4096)
def _seconds(text: str) -> float:
    """Parse a time; without an offset it is UTC, and nanoseconds are cut to microseconds."""
    whole, point, rest = text.strip().partition(".")
    if point:
        digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
        text = f"{whole}.{digits[:6]:0<6}{rest[len(digits) :]}"
    moment = datetime.fromisoformat(text.strip())
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp()
