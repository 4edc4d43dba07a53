"""Access logs of Application Load Balancers.

Format: Elastic Load Balancing user guide, "Access log entry syntax": the time is that of the response, the time of the
request is a later field, and three durations in seconds are -1 if a part did not happen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import numpy as np

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

_INSTANT: Final = rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)"
_LINE: Final = re.compile(
    rb"^(?:https?|h2|grpcs|wss?) "
    + _INSTANT
    + rb" \S+ \S+ \S+ (-?[\d.]+) (-?[\d.]+) (-?[\d.]+) (\d{3}|-) \S+ \d+ (\d+) "
    + QUOTED
    + rb"(?: "
    + UNREAD
    + rb" \S+ \S+ \S+ "
    + rb" ".join([UNREAD] * 3)
    + rb" \S+ "
    + _INSTANT
    + rb")?",
    re.MULTILINE,
)


def _is_alb(file: InputFile) -> bool:
    return most_match(file, _LINE)


def _requests(file: InputFile, reading: Reading) -> Iterator[Block]:
    for first, _, columns in columns_of(file, _LINE, reading):
        ends, before, target, after, status, sent, requests, created = columns
        parts_s = np.array([numbers(each) for each in (before, target, after)])
        total_s = np.nansum(parts_s, axis=0)
        ends_s = instants(file, first, ends)
        known = np.array([bool(each) for each in created])
        starts_s = ends_s - total_s
        if known.any():
            stated = instants(file, first, [each or ends[at] for at, each in enumerate(created)])
            starts_s = np.where(known, stated, starts_s)
        duration_s = parts_s[1] + np.nan_to_num(parts_s[2])
        route = reading.routes.numbers(requests)
        yield only_requests(Requests(starts_s, None, duration_s, route, statuses(status), numbers(sent)), reading)


ALB: Final = Format(
    "alb",
    "access log of an Application Load Balancer",
    _is_alb,
    _requests,
    has_functions=False,
    kept=("request_creation_time as the start; target and response processing time as the duration",),
    guessed=("the duration includes waiting inside the application, if it was overloaded",),
    dropped=("addresses, queries, agents, TLS, target groups, trace ids",),
)
