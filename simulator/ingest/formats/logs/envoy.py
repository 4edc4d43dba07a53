"""Envoy's default format of its text access log, of Istio's proxies, and of this simulator (`--log-format envoy`).

Format: Envoy's documentation, "Access logging": START_TIME is the start of the request, DURATION is in milliseconds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from simulator.ingest.blocks import Block, Reading, Requests
from simulator.ingest.format import Format
from simulator.ingest.formats.logs.log_columns import (
    QUOTED,
    UNREAD,
    columns_of,
    instants,
    most_match,
    numbers,
    only_requests,
    statuses,
)
from simulator.ingest.input_file import InputFile

# Istio has three further fields before the sizes: details, reason of termination, and a text in quotes.
_LINE: Final = re.compile(
    rb"^\[(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)\] "
    + QUOTED
    + rb" (\d{1,3}) \S+(?: \S+ \S+ "
    + UNREAD
    + rb")? (?:\d+|-) (\d+|-) (\d+|-) ",
    re.MULTILINE,
)


def _is_envoy(file: InputFile) -> bool:
    return most_match(file, _LINE)


def _requests(file: InputFile, reading: Reading) -> Iterator[Block]:
    for first, _, columns in columns_of(file, _LINE, reading):
        starts, requests, status, sent, durations = columns
        block = Requests(
            instants(file, first, starts),
            None,
            numbers(durations) / 1000,
            reading.routes.numbers(requests),
            statuses(status),
            numbers(sent),
        )
        yield only_requests(block, reading)


ENVOY: Final = Format(
    "envoy",
    "text access log of Envoy, in its default format",
    _is_envoy,
    _requests,
    has_functions=False,
    kept=("the start of each request and its duration, to the millisecond",),
    dropped=("addresses, queries, agents, request ids, upstreams",),
)
