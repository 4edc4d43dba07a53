"""HAR archives: the requests of a browser, or of a proxy.

Format: HAR 1.2: `log.entries[]` with startedDateTime, time in milliseconds, request and response.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from simulator.ingest.blocks import Block, Reading, Requests
from simulator.ingest.format import Format
from simulator.ingest.formats.instant import instant
from simulator.ingest.formats.json_document import document, items, starts_with
from simulator.ingest.input_file import InputFile


def _is_har(file: InputFile) -> bool:
    return starts_with(file, "log") and (b'"entries"' in file.head or b'"creator"' in file.head)


def _requests(file: InputFile, reading: Reading) -> Iterator[Block]:
    archive = document(file)
    entries = items(archive.get("log"), "entries")
    if not entries:
        raise file.problem(1, "entries", "none", "at least one request")
    requests = [each.get("request") or {} for each in entries]
    responses = [each.get("response") or {} for each in entries]
    milliseconds = [_number(each.get("time")) for each in entries]
    yield Requests(
        np.array([instant(file, 1, each.get("startedDateTime")) for each in entries], dtype=np.float64),
        None,
        np.array(milliseconds) / 1000,
        reading.routes.numbers([f"{one.get('method', 'GET')} {one.get('url', '/')}".encode() for one in requests]),
        np.array([int(np.nan_to_num(_number(one.get("status")))) for one in responses], dtype=np.int64),
        np.array([_number(one.get("bodySize")) for one in responses]),
    )


def _number(value: object) -> float:
    """Return a number; NaN for none, and for -1, which HAR writes for an unknown value."""
    known = isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
    return float(value) if known else float("nan")  # type: ignore[arg-type] # a number


HAR: Final = Format(
    "har",
    "HAR archive of a browser or a proxy",
    _is_har,
    _requests,
    has_functions=False,
    kept=("startedDateTime as the start of a request, time as its duration",),
    guessed=("requests to all hosts of the archive are taken as those of one service",),
    dropped=("headers, cookies, queries, bodies; the order of requests of a page",),
)
