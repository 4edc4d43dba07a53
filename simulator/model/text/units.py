"""Parses and formats quantities with units: `90s`, `2 GB`, `100/s`, `5 %`."""

from __future__ import annotations

import math
import re
from typing import Final

_SECONDS: Final = {
    "us": 1e-6,
    "ms": 1e-3,
    "s": 1.0,
    "sec": 1.0,
    "second": 1.0,
    "seconds": 1.0,
    "m": 60.0,
    "min": 60.0,
    "minute": 60.0,
    "minutes": 60.0,
    "h": 3600.0,
    "hour": 3600.0,
    "hours": 3600.0,
    "d": 86400.0,
    "day": 86400.0,
    "days": 86400.0,
}
_BYTES: Final = {
    "b": 1,
    "byte": 1,
    "bytes": 1,
    "kb": 1024,
    "kib": 1024,
    "mb": 1024**2,
    "mib": 1024**2,
    "gb": 1024**3,
    "gib": 1024**3,
}
_NUMBER: Final = r"[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"
_PLAIN: Final = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_WHOLE: Final = re.compile(r"[+-]?[0-9]{1,18}")
_PART: Final = re.compile(rf"\s*({_NUMBER})\s*([a-zA-Z]+)\s*")
_RATE: Final = re.compile(rf"\s*({_NUMBER})\s*/\s*({_NUMBER})?\s*([a-zA-Z]+)\s*")


def parse_number(text: str) -> float:
    """Parse a finite number in ASCII digits, with or without blanks around it: `12`, `-0.5`, `1e6`.

    All numbers without a unit in users' texts are parsed here. Python's float() also accepts texts that users do not
    mean as numbers: `1_0` as 10, the digits of other scripts, `nan`, `infinity`.
    """
    if _PLAIN.fullmatch(text.strip()) is None or not math.isfinite(number := float(text)):
        msg = f"{text!r} is not a number; write a finite one in digits, such as 12 or 0.5"
        raise ValueError(msg)
    return number


def parse_whole(text: str) -> int:
    """Parse a whole number in ASCII digits. Raises ValueError like `parse_number`."""
    if _WHOLE.fullmatch(text.strip()) is None:
        msg = f"{text!r} is not a number; write a whole one in digits, such as 12"
        raise ValueError(msg)
    return int(text)


def parse_duration(value: object) -> float:
    """Parse seconds (>= 0) from `90s`, `1h30m`, `250 ms`, or `0`. ValueError for any other number without a unit."""
    if value == 0 and not isinstance(value, bool):
        return 0.0
    seconds = _sum_of_parts(str(value), _SECONDS)
    if seconds is None or not isinstance(value, str):
        msg = f"{value!r} is not a duration; write a number with a unit, such as 250ms, 90s, 5 min or 1h30m"
        raise ValueError(msg)
    return seconds


def parse_bytes(value: object) -> int:
    """Parse bytes (>= 0) from `512 B`, `10 KB`, `2 GB` (powers of 1024), or a whole number of bytes."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    size = _sum_of_parts(str(value), _BYTES)
    if size is None or not isinstance(value, str):
        msg = f"{value!r} is not a size; write a number with a unit, such as 512 B, 10 KB or 2 GB"
        raise ValueError(msg)
    return round(size)


def parse_rate(value: object) -> float:
    """Parse events per second (>= 0) from `100/s`, `6000/min`, `10/5min`, or `0`.

    Any other number without a unit raises ValueError.
    """
    if value == 0 and not isinstance(value, bool):
        return 0.0
    match = _RATE.fullmatch(value) if isinstance(value, str) else None
    per_s = _SECONDS.get(match[3].lower(), 0.0) * float(match[2] or 1) if match is not None else 0.0
    if match is None or per_s <= 0:
        msg = f"{value!r} is not a rate; write a number per unit of time, such as 100/s, 6000/min or 10/5min"
        raise ValueError(msg)
    return float(match[1]) / per_s


def parse_share(value: object) -> float:
    """Parse a share in [0, 1] from `5 %`, `0.05`, `1`."""
    text = str(value).strip()
    percent = text.endswith("%")
    try:
        share = parse_number(text.removesuffix("%")) / (100 if percent else 1)
    except ValueError:
        share = -1.0
    if isinstance(value, bool) or not 0 <= share <= 1:
        msg = f"{value!r} is not a share; write a number from 0 to 1 or a percentage, such as 0.05 or 5 %"
        raise ValueError(msg)
    return share


def duration_text(seconds: float) -> str:
    """Format seconds: `3723.4` as `1h02m03s`; below a minute with one to three digits, such as `250ms`."""
    if seconds < 0.9995:  # a value that rounds to one second is formatted as a second
        return f"{seconds * 1000:.3g}ms"
    if seconds < 59.95:
        return f"{seconds:.3g}s"
    whole = round(seconds)
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes:02d}m{rest:02d}s" if hours else f"{minutes}m{rest:02d}s"


def _sum_of_parts(text: str, factors: dict[str, float] | dict[str, int]) -> float | None:
    total, at = 0.0, 0
    while at < len(text):
        match = _PART.match(text, at)
        if match is None or match[2].lower() not in factors:
            return None
        total += float(match[1]) * factors[match[2].lower()]
        at = match.end()
    return total if at else None
