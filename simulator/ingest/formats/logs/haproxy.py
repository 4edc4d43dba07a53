"""The HTTP log format of HAProxy (`option httplog`), with or without a syslog header.

Format: HAProxy configuration manual, "HTTP log format": the accept date is the start of the request in the machine's
zone; TR/Tw/Tc/Tr/Ta in milliseconds, -1 for a part that did not happen, Ta with `+` if it was logged before the end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

import numpy as np

from simulator.ingest.blocks import Block, Reading, Requests
from simulator.ingest.format import Format
from simulator.ingest.formats.local_times import LocalTimes
from simulator.ingest.formats.logs.log_columns import QUOTED, columns_of, most_match, numbers, only_requests, statuses
from simulator.ingest.input_file import InputFile

_LINE: Final = re.compile(
    rb"^[^\n\[]*(?:\[\d+\]: )?[^\n\[]*\[(\d\d/[A-Z][a-z]{2}/\d{4}:\d\d):([0-5]\d):([0-6]\d\.\d{3})\] "
    rb"\S+ \S+ -?\d+/-?\d+/-?\d+/(-?\d+)/\+?(\d+) (-?\d+) \+?(\d+) [^\n\"]*" + QUOTED,
    re.MULTILINE,
)


def _is_haproxy(file: InputFile) -> bool:
    return most_match(file, _LINE)


def _requests(file: InputFile, reading: Reading) -> Iterator[Block]:
    local = LocalTimes(reading)
    for _, _, columns in columns_of(file, _LINE, reading):
        hours, minutes, seconds, responses, totals, status, sent, requests = columns
        start_s = np.array([_hour_s(hour) for hour in hours], dtype=np.float64)
        start_s += np.array(minutes, dtype=np.float64) * 60 + np.array(seconds, dtype=np.float64)
        first_byte_s = numbers(responses) / 1000  # NaN: no server answered
        duration_s = np.where(np.isnan(first_byte_s), np.nan, numbers(totals) / 1000)
        yield only_requests(
            Requests(
                local.seconds(start_s),
                None,
                duration_s,
                reading.routes.numbers(requests),
                statuses(status),
                numbers(sent),
            ),
            reading,
        )


@lru_cache(maxsize=256)
def _hour_s(hour: bytes) -> float:
    return datetime.strptime(hour.decode(), "%d/%b/%Y:%H").replace(tzinfo=UTC).timestamp()


HAPROXY: Final = Format(
    "haproxy",
    "HTTP log of HAProxy (`option httplog`)",
    _is_haproxy,
    _requests,
    has_functions=False,
    kept=("the accept date as the start of a request, Ta as its duration",),
    dropped=("addresses, queries, captured headers, timers other than Ta",),
)
