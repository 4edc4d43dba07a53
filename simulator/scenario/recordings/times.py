"""The times of a recording: converts written times to seconds since the first row of the file.

Accepted: ISO 8601 dates and times with or without a zone (`Z`, `UTC`, an offset such as +02:00), and numbers. If the
scenario gives the unit, numbers are counted in that unit from any instant; otherwise they are since 1970, in the unit
that their size implies. The precision is a nanosecond: seconds since 1970 as a float would be a quarter of a
microsecond off.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.scenario.recordings.text import Recording, is_number

Floats = NDArray[np.float64]
Instants = NDArray[np.int64]  # nanoseconds since 1970

UNITS_NS: Final = {"seconds": 10**9, "milliseconds": 10**6, "microseconds": 10**3, "nanoseconds": 1}
TIMESTAMP: Final = "timestamp"
EXAMPLE: Final = "a time such as 2023-11-16 18:17:03.97 or 2023-11-16T18:17:03+01:00"

# Numbers from this value on are nanoseconds (microseconds, and so on) since 1970, for days from March 1973 to the year
# 5138.
_EPOCHS: Final = (
    ("nanoseconds", 1e17, 1e20),
    ("microseconds", 1e14, 1e17),
    ("milliseconds", 1e11, 1e14),
    ("seconds", 1e8, 1e11),
)
_ISO: Final = r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)?"
_ISO_LINES: Final = re.compile(rf"(?:{_ISO}\n)*", re.ASCII)
_ZONED: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(?:[.,](\d+))?)?\s*(Z|z|UTC|GMT|[+-]\d\d(?::?\d\d)?)?", re.ASCII
)
_UTC: Final = frozenset({"", "Z", "z", "UTC", "GMT"})
_COMMAS: Final = re.compile(r"[+-]?\d[\d.]*,[\d,.]*", re.ASCII)  # written by spreadsheets in some locales
_INT64_DIGITS: Final = 18


class Times:
    """Parses the times of one file, block by block. The form of the first row applies to all rows."""

    def __init__(self, recording: Recording, form: str) -> None:
        self._recording = recording
        self._form = form
        self._unit_ns = UNITS_NS.get(form, 0)  # 0: text
        self._zone: str | None = None
        self._first: int | float | None = None

    @property
    def first_s(self) -> float:
        """The time of the first row in seconds since the origin of its numbers, which is 1970 for dates."""
        assert self._first is not None, "no row has been read"
        return self._first * ((self._unit_ns or 1) / 1e9)

    def seconds(self, row: int, texts: list[str]) -> Floats:
        """Return the seconds since the first row of the file, for rows from number `row` on.

        Raises:
            ScenarioError: for a text that is no time.
        """
        if self._first is None:
            self._detect_form(row, texts[0])
        if not self._unit_ns:
            return self._since_first(self._instants(row, texts)) / 1e9
        numbers = self._numbers(row, texts)
        return self._since_first(numbers) * (self._unit_ns / 1e9)

    def _since_first(self, values: NDArray[np.int64] | Floats) -> Floats:
        if self._first is None:
            self._first = values[0].item()
        return (values - self._first).astype(np.float64)

    def _detect_form(self, row: int, text: str) -> None:
        """Determine from the first row what applies to all rows: the unit of numbers, the zone of texts."""
        if not is_number(text):
            if self._form == TIMESTAMP:
                found = _ZONED.fullmatch(text.strip())
                self._zone = "" if found is None else found[4] or ""
            return
        size = abs(float(text))
        unit = next((name for name, low, high in _EPOCHS if low <= size < high), "")
        if self._form == TIMESTAMP:
            if not unit:
                expected = f"{EXAMPLE}; or format say what it counts: {', '.join(UNITS_NS)}"
                raise self._recording.problem(row, "time", text, expected)
            self._unit_ns = UNITS_NS[unit]
        elif unit and UNITS_NS[unit] < UNITS_NS[self._form]:
            expected = f"in {self._form}; it looks like {unit} since 1970: format: {unit}"
            raise self._recording.problem(row, "time", text, expected)

    def _numbers(self, row: int, texts: list[str]) -> NDArray[np.int64] | Floats:
        """Parse numbers. Whole numbers stay integers, because a float cannot hold the nanoseconds since 1970."""
        if "".join(texts).isascii() and all(map(str.isdigit, texts)) and max(map(len, texts)) <= _INT64_DIGITS + 1:
            return np.array(list(map(int, texts)), dtype=np.int64)
        return numbers(self._recording, row, texts)

    def _instants(self, row: int, texts: list[str]) -> Instants:
        zone = self._zone or ""
        bare = [text.removesuffix(zone) for text in texts] if zone else texts
        alike = zone in _UTC or all(text.endswith(zone) for text in texts)
        if alike and _ISO_LINES.fullmatch("\n".join(bare) + "\n"):
            try:
                instants = np.array(bare, dtype="datetime64[ns]").astype(np.int64)
            except ValueError:
                pass  # an invalid date such as 31 February: parsing row by row below reports its line
            else:
                return instants - int(_offset(zone).total_seconds()) * 10**9
        return np.array([self._instant(row + at, text) for at, text in enumerate(texts)], dtype=np.int64)

    def _instant(self, row: int, text: str) -> int:
        found = _ZONED.fullmatch(text.strip())
        if found is None:
            raise self._recording.problem(row, "time", repr(text), EXAMPLE)
        date, time, fraction, zone = found.groups()
        alone = {zone or "", self._zone or ""}
        if "" in alone and not alone <= _UTC:  # in a file in which other times have Z, a time without a zone is UTC
            expected = f"{'with' if self._zone else 'without'} an offset, as the first row's"
            raise self._recording.problem(row, "time", repr(text), expected)
        try:
            moment = datetime.fromisoformat(f"{date}T{time or '00:00'}").replace(tzinfo=timezone(_offset(zone or "")))
        except ValueError:
            raise self._recording.problem(row, "time", repr(text), EXAMPLE) from None
        whole = (moment - _EPOCH) // timedelta(seconds=1)
        return whole * 10**9 + int(((fraction or "") + "0" * 9)[:9])


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def numbers(recording: Recording, row: int, texts: list[str], hint: str = "") -> Floats:
    """Parse finite numbers.

    Raises:
        ScenarioError: for the first row without a finite number; the message ends with `hint`.
    """
    try:
        _require_digits(texts)
        values = np.array(texts, dtype=np.float64)
    except ValueError:
        at = next(n for n, text in enumerate(texts) if not is_number(text))
        found = repr(texts[at]) if texts[at].strip() else "nothing"
        if _COMMAS.fullmatch(texts[at].strip()):
            hint = " with a decimal point, and no comma between thousands"
        raise recording.problem(row + at, "value", found, f"a number{hint}") from None
    if not np.isfinite(values).all():
        at = int(np.flatnonzero(~np.isfinite(values))[0])
        raise recording.problem(row + at, "value", texts[at].strip(), "a finite number")
    return values


def _require_digits(texts: list[str]) -> None:
    """Raise ValueError for texts that float() accepts but people do not write as numbers (units.parse_number)."""
    joined = "".join(texts)
    if ("_" in joined or not joined.isascii()) and not all(map(is_number, texts)):
        msg = "not in ASCII digits"
        raise ValueError(msg)


def _offset(zone: str) -> timedelta:
    """Return the offset of a zone.

    Raises:
        ValueError: for more than a day.
    """
    if zone in _UTC:
        return timedelta()
    digits = zone[1:].replace(":", "").ljust(4, "0")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return -offset if zone[0] == "-" else offset


def header_is_a_row(name: str, form: str | None) -> bool:
    """Return True if the name of a column is a value, so that the file has no header line.

    `form`: the form of the times; None for a column of counts.
    """
    return is_number(name) or (form == TIMESTAMP and _ZONED.fullmatch(name) is not None)
