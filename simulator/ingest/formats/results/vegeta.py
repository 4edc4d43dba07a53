"""Results of Vegeta in its two encodings beside JSON: gob, the output of `vegeta attack`, and CSV.

Format: Vegeta's manual, "encode": CSV has no header. Gob: the fields of its type Result; a time is the version of its
encoding, seconds since the year 1, nanoseconds and the offset of the zone.
"""

from __future__ import annotations

import csv
import itertools
import re
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from simulator.ingest.blocks import Block, Reading, Requests
from simulator.ingest.format import Format
from simulator.ingest.formats.logs.log_columns import only_requests
from simulator.ingest.formats.results.gob import GobReader
from simulator.ingest.input_file import InputFile

_FIELDS: Final = frozenset({"Code", "Timestamp", "Latency", "BytesIn"})
_ROW: Final = re.compile(r"\d{18,19},\d{1,3},\d+,\d+,\d+,")
_COLUMNS_MIN: Final = 6
_COLUMNS: Final = "nanoseconds, status, latency, bytes out, bytes in, error, ..."
_METHOD, _URL = 9, 10
_BLOCK: Final = 20_000
_TIME: Final = range(1, 3)  # versions of the encoding of a time
_YEAR_1_S: Final = -62_135_596_800


class _Result(NamedTuple):
    start_s: float
    latency_s: float
    status: int
    received_bytes: int
    request: bytes


def _requests(results: Iterator[_Result], reading: Reading) -> Iterator[Block]:
    while block := list(itertools.islice(results, _BLOCK)):
        starts, latencies, statuses, received, requests = zip(*block, strict=True)
        yield only_requests(
            Requests(
                np.array(starts),
                None,
                np.array(latencies),
                reading.routes.numbers(requests),
                np.array(statuses, dtype=np.int64),
                np.array(received, dtype=np.float64),
            ),
            reading,
        )


# --- gob ---------------------------------------------------------------------------------------------------


def _is_gob(file: InputFile) -> bool:
    return set(GobReader().fields(file.head)) >= _FIELDS


def _gob(file: InputFile, reading: Reading) -> Iterator[Block]:
    return _requests(map(_of_structure, GobReader().structures(file.parts())), reading)


def _of_structure(found: dict[str, Any]) -> _Result:
    return _Result(
        _instant(found["Timestamp"]),
        found.get("Latency", 0) / 1e9,
        found.get("Code", 0),
        found.get("BytesIn", 0),
        f"{found.get('Method') or 'GET'} {found.get('URL') or '/'}".encode(),
    )


def _instant(data: bytes) -> float:
    if len(data) < 15 or data[0] not in _TIME:
        raise ValueError(f"a time of {len(data)} bytes")
    seconds = int.from_bytes(data[1:9], "big", signed=True) + _YEAR_1_S
    return seconds + int.from_bytes(data[9:13], "big", signed=True) / 1e9


# --- CSV ---------------------------------------------------------------------------------------------------


def _is_csv(file: InputFile) -> bool:
    return _ROW.match(file.first_lines[0]) is not None


def _csv(file: InputFile, reading: Reading) -> Iterator[Block]:
    return _requests(_rows(file), reading)


def _rows(file: InputFile) -> Iterator[_Result]:
    rows = csv.reader(line.decode(errors="replace") for _, block in file.lines() for line in block)
    for row in rows:
        if row:
            try:
                yield _of_row(row)
            except (ValueError, OverflowError):
                raise file.problem(rows.line_num, "row", ",".join(row), _COLUMNS) from None


def _of_row(row: Sequence[str]) -> _Result:
    if len(row) < _COLUMNS_MIN:
        raise ValueError("too few columns")
    nanoseconds, status, latency, _, received = map(int, row[:5])
    method, url = (row[_METHOD], row[_URL]) if len(row) > _URL else ("", "")
    if min(nanoseconds, status, latency, received) < 0:
        raise ValueError("a negative number")
    return _Result(nanoseconds / 1e9, latency / 1e9, status, received, f"{method or 'GET'} {url or '/'}".encode())


_KEPT: Final = ("the time at which each request was sent, its latency, status and size, its method and path",)
_DROPPED: Final = ("names of attacks, queries, headers, bodies, texts of errors",)

VEGETA_GOB: Final = Format(
    "vegeta-gob",
    "results of Vegeta (`vegeta attack`)",
    _is_gob,
    _gob,
    has_functions=False,
    kept=_KEPT,
    dropped=_DROPPED,
)
VEGETA_CSV: Final = Format(
    "vegeta-csv",
    "results of Vegeta as CSV (`vegeta encode -to csv`)",
    _is_csv,
    _csv,
    has_functions=False,
    kept=_KEPT,
    dropped=_DROPPED,
)
