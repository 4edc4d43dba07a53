"""The Common Log Format of web servers, as in the NASA-HTTP traces, and its extension Combined.

Format: httpd's documentation of mod_log_config: host, identity, user, [time], "request", status, bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from typing import Final

import numpy as np

from simulator.ingest.blocks import Block, Functions, Requests
from simulator.ingest.format import Format
from simulator.ingest.input_file import InputFile
from simulator.scenario.problems import ScenarioError

_LINE: Final = re.compile(rb'[^\n]*? \[(\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})\] "')
_STAMP: Final = re.compile(rb'^[^\n]*? \[(\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})\] "', re.MULTILINE)
_SAMPLE: Final = 20


def _is_common_log(file: InputFile) -> bool:
    lines = [line.encode() for line in file.first_lines[:_SAMPLE]]
    return sum(_LINE.match(line) is not None for line in lines) > len(lines) / 2


@lru_cache(maxsize=4096)  # a server writes the same second many times
def _seconds(stamp: bytes) -> float:
    return datetime.strptime(stamp.decode(), "%d/%b/%Y:%H:%M:%S %z").timestamp()


def _requests(file: InputFile, functions: Functions) -> Iterator[Block]:
    for first, lines in file.lines():
        try:
            times_s = [_seconds(stamp) for stamp in _STAMP.findall(b"\n".join(lines))]
        except ValueError:  # such as 31 February
            raise _wrong_time(file, first, lines) from None
        functions.skipped += sum(bool(line.strip()) for line in lines) - len(times_s)
        yield Requests(np.array(times_s, dtype=np.float64))


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
    "Common or Combined Log Format of web servers, as in NASA-HTTP",
    _is_common_log,
    _requests,
    stamps_s=1.0,
    has_functions=False,
    kept=("the second of each line, by its offset from UTC",),
    guessed=("a server writes a line when a request ends, so requests are later by their duration",),
    dropped=("addresses, users, paths, statuses, sizes",),
)
