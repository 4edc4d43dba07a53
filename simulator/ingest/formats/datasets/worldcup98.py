"""The binary logs of the web site of the 1998 FIFA World Cup: 20 bytes for each request.

Schema: worldcup-readme.txt of the Internet Traffic Archive: four unsigned integers of 32 bits (time, client, object,
size) and four of 8 bits (method, status, type, server), big endian.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from simulator.ingest.blocks import Block, Reading, Requests
from simulator.ingest.format import Format
from simulator.ingest.input_file import InputFile

RECORD: Final = np.dtype(
    [
        *((name, ">u4") for name in ("time", "client", "object", "size")),
        *((name, "u1") for name in ("method", "status", "type", "server")),
    ]
)
# 26 April and 1 August 1998, around the days of the logs: the times of all records are between them.
_FIRST_S: Final = 893_548_800
_LAST_S: Final = 901_929_600


def _is_worldcup98(file: InputFile) -> bool:
    records = np.frombuffer(file.head[: len(file.head) // RECORD.itemsize * RECORD.itemsize], dtype=RECORD)
    return len(records) > 0 and bool(((records["time"] >= _FIRST_S) & (records["time"] < _LAST_S)).all())


def _requests(file: InputFile, _reading: Reading) -> Iterator[Block]:
    number = 0
    for part in file.parts(RECORD.itemsize):
        if len(part) % RECORD.itemsize:
            raise file.problem(1, "file", f"{len(part) % RECORD.itemsize} bytes at its end", "records of 20 bytes")
        times_s = np.frombuffer(part, dtype=RECORD)["time"].astype(np.float64)
        wrong = np.flatnonzero((times_s < _FIRST_S) | (times_s >= _LAST_S))
        if len(wrong):
            found = f"{times_s[wrong[0]]:.0f} s since 1970"
            raise file.problem(1, f"record {number + int(wrong[0]) + 1}", found, "a time from May to July 1998")
        number += len(times_s)
        yield Requests(times_s)


WORLDCUP98: Final = Format(
    "worldcup98",
    "1998 World Cup web site access logs: a binary record for each request",
    _is_worldcup98,
    _requests,
    terms="free use and redistribution with the notice of the Internet Traffic Archive; Arlitt and Jin, 1998",
    stamps_s=1.0,
    has_functions=False,
    kept=("the second of each request, in UTC",),
    dropped=("clients, objects, sizes, methods and statuses",),
)
