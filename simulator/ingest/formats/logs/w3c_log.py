"""The W3C Extended Log File Format, as CloudFront and IIS write it: a line with the fields, then lines with values.

Formats: W3C working draft WD-logfile-960323; CloudFront developer guide, "Log file fields"; IIS documentation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import numpy as np

from simulator.ingest.blocks import Block, Reading, Requests
from simulator.ingest.format import Format
from simulator.ingest.formats.logs.log_columns import instants, numbers, only_requests, statuses
from simulator.ingest.input_file import InputFile

_FIELDS: Final = re.compile(rb"#Fields:\s*(.*?)\r?$")
_NEEDED: Final = (b"date", b"time")
_EDGE: Final = b"x-edge-location"  # a field that only CloudFront has; its time-taken is in seconds, IIS's in ms


def _is_w3c(file: InputFile) -> bool:
    return any(set(_NEEDED) <= set(_names(line.encode()) or ()) for line in file.first_lines[:10])


def _names(line: bytes) -> tuple[bytes, ...] | None:
    found = _FIELDS.match(line)
    return None if found is None else tuple(found[1].split())


def _requests(file: InputFile, reading: Reading) -> Iterator[Block]:
    names: tuple[bytes, ...] = ()
    for first, lines in file.lines():
        rows: list[list[bytes]] = []
        start = first
        for at, line in enumerate(lines):
            if line.startswith(b"#"):
                if rows:
                    yield _block(file, reading, start, names, rows)
                    rows = []
                names, start = _names(line) or names, first + at + 1
                continue
            row = line.rstrip(b"\r").split(b"\t" if b"\t" in line else b" ")
            if len(row) == len(names):
                rows.append(row)
            elif line.strip():
                reading.skipped += 1
        if rows:
            yield _block(file, reading, start, names, rows)


def _block(file: InputFile, reading: Reading, first: int, names: tuple[bytes, ...], rows: list[list[bytes]]) -> Block:
    columns = dict(zip(names, zip(*rows, strict=True), strict=True))
    empty = (b"-",) * len(rows)
    texts = [b"%bT%b" % both for both in zip(columns[b"date"], columns[b"time"], strict=True)]
    taken = numbers(columns.get(b"time-taken", empty))
    duration_s = taken if _EDGE in columns else taken / 1000
    methods, stems = columns.get(b"cs-method", (b"GET",) * len(rows)), columns.get(b"cs-uri-stem", (b"/",) * len(rows))
    block = Requests(
        instants(file, first, texts) - np.nan_to_num(duration_s),
        None,
        duration_s,
        reading.routes.numbers([b"%b %b" % both for both in zip(methods, stems, strict=True)]),
        statuses(columns.get(b"sc-status", empty)),
        numbers(columns.get(b"sc-bytes", empty)),
    )
    return only_requests(block, reading)


W3C_LOG: Final = Format(
    "w3c-log",
    "W3C extended log, as of CloudFront and IIS",
    _is_w3c,
    _requests,
    stamps_s=1.0,
    has_functions=False,
    kept=("the second of each line, in UTC, minus time-taken (seconds of CloudFront, milliseconds of IIS)",),
    guessed=("for CloudFront: answers from its cache would not reach your service; filter x-edge-result-type first",),
    dropped=("addresses, queries, agents, edge locations",),
)
