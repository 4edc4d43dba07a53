"""Formats quantities for users: with three significant digits and a unit, in the same way in every text, table and
page.

Trailing zeros are kept, so that a column compares values of one precision: `15.0 ms` beside `7.87 ms`. Exact values
have none: a whole count, a zero, 100 %, a time on the run's clock. Money has cents from one dollar on. Ties are rounded
up. The pages of the console have the same rules in JavaScript (web/assets/format.js); a test compares them. JSON
output has all digits.
"""

from __future__ import annotations

import decimal
import math
from typing import Final, Literal, assert_never

Unit = Literal["s", "ratio", "percent", "count", "mean", "hours", "usd", "rps", "factor"]

NOTHING: Final = "-"
# Sums of floats differ in their last digits; an amount below this is formatted as zero, in any unit.
EPSILON: Final = 1e-9
_PERCENT: Final = 100.0
_MS: Final = 1e3
_US: Final = 1e6
# The unit changes where three digits would be rounded up to the next unit: 999.9 ms is formatted as a second.
_MS_FROM_S: Final = 0.9995e-3
_S_FROM_S: Final = 0.9995
# A latency is formatted in minutes from here on; a time of the run from a minute on.
_MINUTES_FROM_S: Final = 99.95
_MINUTE_S: Final = 59.95
_CENTS: Final = 2
_MEGABYTE: Final = 1024**2  # a megabyte as in units.py


def quantity_text(value: float | None, unit: Unit, *, signed: bool = False) -> str:
    """Format a value in its unit; None is `-`. `signed` formats a difference: with its sign, and percentages in points
    (pp).
    """
    if value is None:
        return NOTHING
    sign = "-" if value <= -EPSILON else "+" if signed and value >= EPSILON else ""
    text = _size_text(abs(value), unit)
    return sign + (text.replace("%", "pp") if signed else text)


def _size_text(size: float, unit: Unit) -> str:
    match unit:
        case "s":
            text = latency_text(size)
        case "ratio":
            text = ratio_text(size)
        case "percent":
            text = f"{digits_text(size)} %"
        case "usd":
            text = usd_text(size)
        case "rps":
            text = rate_text(size)
        case "count":
            text = count_text(size)
        case "mean" | "hours" | "factor":
            text = digits_text(size)
        case _:
            assert_never(unit)
    return text


def spread_factor(mean: float, unit: Unit) -> float:
    """Return the factor that converts a spread into the unit in which `quantity_text` formats `mean`."""
    if unit == "s":
        return _US if 0 < abs(mean) < _MS_FROM_S else _MS if abs(mean) < _S_FROM_S else 1.0
    return _PERCENT if unit == "ratio" else 1.0


def latency_text(seconds: float | None) -> str:
    """Format a latency with three digits in the unit that fits: `85.2 ms`, `1.25 s`, `3m05s`."""
    if seconds is None:
        return NOTHING
    if seconds < EPSILON:
        return "0 ms"
    if seconds < _MS_FROM_S:
        return f"{digits_text(seconds * _US)} µs"
    if seconds < _S_FROM_S:
        return f"{digits_text(seconds * _MS)} ms"
    return f"{digits_text(seconds)} s" if seconds < _MINUTES_FROM_S else _minutes_text(seconds)


def time_text(seconds: float | None) -> str:
    """Format a time on the run's clock, or a duration, without trailing zeros: `0 s`, `12.5 s`, `1h02m03s`."""
    if seconds is None:
        return NOTHING
    if EPSILON <= seconds < _S_FROM_S:
        return f"{_without_zeros(digits_text(seconds * _MS))} ms"
    return f"{_without_zeros(digits_text(seconds))} s" if seconds < _MINUTE_S else _minutes_text(seconds)


def rate_text(rate_rps: float | None) -> str:
    """Format a rate: `1,240/s`, `12.5/s`."""
    return NOTHING if rate_rps is None else f"{digits_text(rate_rps)}/s"


def ratio_text(ratio: float | None) -> str:
    """Format a percentage with enough digits to distinguish a small value from zero: `12.3 %`, `0.00410 %`, `0 %`."""
    return NOTHING if ratio is None else f"{digits_text(ratio * _PERCENT)} %"


def bytes_text(size: float) -> str:
    """Format a size: `48.3 MB`; below a tenth of a MB in bytes: `7 bytes`."""
    return f"{digits_text(size / _MEGABYTE)} MB" if size >= _MEGABYTE / 10 else f"{count_text(size)} bytes"


def usd_text(usd: float | None) -> str:
    """Format US dollars with cents from one dollar on, below it with three digits: `$1,234.50`, `$0.250`,
    `$0.000123`.
    """
    if usd is None:
        return NOTHING
    return f"${_rounded(usd, _CENTS) if usd >= 1 and math.isfinite(usd) else digits_text(usd)}"


def count_text(count: float) -> str:
    """Format a count: `12,345`; a mean that is not whole has three digits."""
    return _rounded(count, 0) if math.isfinite(count) and count == round(count) else digits_text(count)


def digits_text(value: float, digits: int = 3) -> str:
    """Format with significant digits, but never fewer than the integer part has: `0.00120`, `12.0`, `12,346`."""
    if abs(value) < EPSILON:
        return "0"
    if not math.isfinite(value):
        return f"{value:g}"
    exact = decimal.Decimal(value)
    lead = decimal.Context(digits, decimal.ROUND_HALF_UP).plus(exact).adjusted()
    return _rounded(value, max(0, digits - 1 - lead))


def _rounded(value: float, places: int) -> str:
    exact = decimal.Decimal(value)
    unit = decimal.Decimal(1).scaleb(-places)
    # Precision enough for every digit of the largest float.
    context = decimal.Context(400, decimal.ROUND_HALF_UP)
    return f"{exact.quantize(unit, context=context):,f}"


def _without_zeros(digits: str) -> str:
    return digits.rstrip("0").rstrip(".") if "." in digits else digits


def _minutes_text(seconds: float) -> str:
    minutes, rest = divmod(math.floor(seconds + 0.5), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes:02d}m{rest:02d}s" if hours else f"{minutes}m{rest:02d}s"
