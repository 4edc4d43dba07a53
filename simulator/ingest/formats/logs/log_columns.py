"""Cuts lines of a log into columns by a pattern, and converts columns to numbers: times, durations, statuses, sizes."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Sequence
from operator import itemgetter
from typing import Final

import numpy as np

from simulator.ingest.blocks import Floats, Integers, Reading, Requests
from simulator.ingest.input_file import InputFile

QUOTED: Final = rb'"([^"\\\n]*+(?:\\.[^"\\\n]*+)*+)"'
"""A text in double quotes, in which a backslash escapes the next character."""

UNREAD: Final = rb'"[^"\\\n]*+(?:\\.[^"\\\n]*+)*+"'
"""A text in double quotes that is not captured."""

_ISO_CHARACTERS: Final = 29  # 2018-07-02T22:23:00.186641123
_SAMPLE: Final = 50
_COUNTED_LINE: Final = re.compile(rb"^[^\n]*\S", re.MULTILINE)


def most_match(file: InputFile, pattern: re.Pattern[bytes]) -> bool:
    """Return True if more than half of the first lines match; others may be cut or of another program."""
    lines = [line.encode() for line in file.first_lines[:_SAMPLE]]
    return sum(pattern.match(line) is not None for line in lines) > len(lines) / 2


def columns_of(
    file: InputFile, pattern: re.Pattern[bytes], reading: Reading
) -> Iterator[tuple[int, bytes, list[tuple[bytes, ...]]]]:
    """Yield number of the first line, text, and a column for each group of the pattern, block by block.

    `pattern` is a multi-line pattern from the start of a line on. Other lines are counted as skipped.
    """
    for first, text in file.texts():
        rows = pattern.findall(text)
        if len(rows) <= text.count(b"\n"):  # some lines do not match; empty ones are not counted
            reading.skipped += len(_COUNTED_LINE.findall(text)) - len(rows)
        if rows:
            yield first, text, [tuple(map(itemgetter(place), rows)) for place in range(pattern.groups)]


def only_requests(block: Requests, reading: Reading) -> Requests:
    """Return the requests that have a route, and count the others as skipped.

    Servers write a line for a connection that sent no request, or no HTTP, too; an application never gets it.
    """
    assert block.route is not None
    known = block.route >= 0
    if known.all():
        return block
    reading.skipped += int((~known).sum())
    return block.part(known)


def instants(file: InputFile, first: int, texts: Sequence[bytes]) -> Floats:
    """Return times in UTC such as `2018-07-02T22:23:00.186641Z` as seconds since 1970. `first`: the number of the line.

    Raises:
        ScenarioError: for a time that does not exist.
    """
    bare = np.array([text.rstrip(b"Z") for text in texts], dtype=f"S{_ISO_CHARACTERS}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # for an offset from UTC, which these logs do not have
            return np.asarray(bare.astype("datetime64[ns]").astype(np.int64) / 1e9, dtype=np.float64)
    except (ValueError, UserWarning):
        at = next(at for at, text in enumerate(texts) if not _is_instant(text))
        raise file.problem(
            first + at, "time", texts[at].decode(errors="replace"), "a time that exists, in UTC"
        ) from None


def _is_instant(text: bytes) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            np.datetime64(text.rstrip(b"Z").decode())
    except (ValueError, UserWarning):
        return False
    return True


def numbers(texts: Sequence[bytes], unknown: bytes = b"-") -> Floats:
    """Return numbers; NaN for `unknown` and for a negative value, which logs write if there is none."""
    try:
        values = np.array(texts, dtype=np.float64)
    except ValueError:
        values = np.array([b"nan" if text in (unknown, b"") else text for text in texts], dtype=np.float64)
    return np.where(values < 0, np.nan, values)


def statuses(texts: Sequence[bytes]) -> Integers:
    """Return the statuses of responses; 0 for a request without one."""
    found = {text: int(text) if text.isdigit() else 0 for text in dict.fromkeys(texts)}
    return np.fromiter(map(found.__getitem__, texts), dtype=np.int64, count=len(texts))
