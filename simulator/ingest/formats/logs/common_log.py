"""The Common Log Format of web servers (NASA-HTTP), and Combined of nginx and Apache, with a duration or without.

Formats: httpd's documentation of mod_log_config, and nginx's of ngx_http_log_module: host, identity, user, [time],
"request", status, bytes, "referer", "agent", and what the operator adds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np

from simulator.ingest.blocks import Block, Floats, Reading, Requests
from simulator.ingest.format import Format
from simulator.ingest.formats.logs.log_columns import (
    QUOTED,
    UNREAD,
    columns_of,
    most_match,
    numbers,
    only_requests,
    statuses,
)
from simulator.ingest.input_file import InputFile
from simulator.scenario.problems import ScenarioError

_TIME: Final = rb"\[(\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:[0-5]\d:[0-6]\d [+-]\d{4})\]"
_LINE: Final = re.compile(
    rb"^[^\n\[]*+" + _TIME + rb" " + QUOTED + rb" (\d{3}|-) (\d++|-)(?: " + UNREAD + rb"){0,2}([^\n\r]*+)",
    re.MULTILINE,
)
_SAMPLE: Final = 50
_MOST: Final = 0.8


class _Duration(NamedTuple):
    """A duration behind the fields of Combined: its pattern, that of lines with nothing else, its unit in seconds.

    `is_end`: the time of a line is that of the end of its request.
    """

    pattern: re.Pattern[bytes]
    only: re.Pattern[bytes]
    unit_s: float
    is_end: bool


# nginx's $request_time and its relatives have decimals, Apache's %D has none. nginx writes the time at which it writes
# the line, when a request ends; Apache's %t is the time at which it received the request (mod_log_config).
_DURATIONS: Final = (
    _Duration(
        re.compile(rb"(?:^|[\s=\"])(\d+\.\d{3,6})(?:[\s,\"]|$)"), re.compile(rb"(?: \d+\.\d{3,6}\n)*"), 1.0, is_end=True
    ),
    _Duration(re.compile(rb"(?:^|[\s=\"])(\d+)(?:[\s\"]|$)"), re.compile(rb"(?: \d+\n)*"), 1e-6, is_end=False),
)


def _is_common_log(file: InputFile) -> bool:
    return most_match(file, _LINE)


def _seconds(stamp: bytes) -> float:
    """Return a time such as `01/Jul/1995:00:00:01 -0400` as seconds since 1970."""
    return _hour_s(stamp[:14], stamp[20:]) + int(stamp[15:17]) * 60 + int(stamp[18:20])


@lru_cache(maxsize=256)  # strptime takes as long as all other steps of a line
def _hour_s(hour: bytes, offset: bytes) -> float:
    return datetime.strptime((hour + offset).decode(), "%d/%b/%Y:%H %z").timestamp()


def _requests(file: InputFile, reading: Reading) -> Iterator[Block]:
    duration = _duration_of(file)
    for first, text, columns in columns_of(file, _LINE, reading):
        stamps, requests, status, sent, tails = columns
        try:
            known = {stamp: _seconds(stamp) for stamp in dict.fromkeys(stamps)}  # many lines have the same second
        except ValueError:  # such as 31 February
            raise _wrong_time(file, first, text.split(b"\n")) from None
        times_s = np.fromiter(map(known.__getitem__, stamps), dtype=np.float64, count=len(stamps))
        duration_s = _durations(duration, tails)
        starts_s = times_s
        if duration is not None and duration.is_end and duration_s is not None:
            starts_s = times_s - np.nan_to_num(duration_s)
        route = reading.routes.numbers(requests)
        yield only_requests(Requests(starts_s, None, duration_s, route, statuses(status), numbers(sent)), reading)


def _duration_of(file: InputFile) -> _Duration | None:
    """Return the duration that most of the first lines have; None if they have none."""
    tails = [found[5] for line in file.first_lines[:_SAMPLE] if (found := _LINE.match(line.encode())) is not None]
    for each in _DURATIONS:
        if sum(each.pattern.search(tail) is not None for tail in tails) > _MOST * len(tails):
            return each
    return None


def _durations(duration: _Duration | None, tails: tuple[bytes, ...]) -> Floats | None:
    if duration is None:
        return None
    if duration.only.fullmatch(b"\n".join(tails) + b"\n") is not None:
        return np.asarray(np.array(tails, dtype=np.float64) * duration.unit_s)
    found = [duration.pattern.search(tail) for tail in tails]
    seconds: Floats = numbers([b"-" if each is None else each[1] for each in found]) * duration.unit_s
    return seconds


def _wrong_time(file: InputFile, first: int, lines: list[bytes]) -> ScenarioError:
    """Return the problem of the first line whose time does not exist."""
    stamps = ((at, found[1]) for at, line in enumerate(lines) if (found := _LINE.match(line)) is not None)
    at, stamp = next((at, stamp) for at, stamp in stamps if not _is_time(stamp))
    return file.problem(first + at, "time", stamp.decode(), "a time that exists")


def _is_time(stamp: bytes) -> bool:
    try:
        _seconds(stamp)
    except ValueError:
        return False
    return True


COMMON_LOG: Final = Format(
    "common-log",
    "Common or Combined Log Format, as of nginx, Apache and NASA-HTTP",
    _is_common_log,
    _requests,
    stamps_s=1.0,
    has_functions=False,
    kept=("the second of each line, by its offset from UTC; a duration at the end of the lines ($request_time, %D)",),
    guessed=(
        "with $request_time the time of a line is the end of its request, as of nginx; with %D its start, as of Apache",
        "without a duration the times are taken as they are; those of nginx are later by the duration of the request",
    ),
    dropped=("addresses, users, queries, referers, agents",),
)
