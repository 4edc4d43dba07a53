"""CSV files with a row for each request: results of JMeter (JTL) and of hey, and the request log of this simulator.

Formats: JMeter's manual, "Listeners"; the documentation of hey, "-o csv"; `simulator run --requests`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import numpy as np

from simulator.ingest.blocks import Block, Reading, Requests
from simulator.ingest.format import Format
from simulator.ingest.formats.local_times import LocalTimes
from simulator.ingest.formats.table_of_requests import RequestTable, has_header
from simulator.ingest.input_file import InputFile

_JTL: Final = ("timeStamp", "elapsed", "label", "responseCode")
# jmeter.save.saveservice.timestamp_format = yyyy/MM/dd HH:mm:ss.SSS, in place of milliseconds since 1970
_SLASHED: Final = re.compile(r"^(\d{4})/(\d\d)/")
_LOCAL: Final = re.compile(r"\d{4}[-/]\d\d[-/]\d\d[ T][\d:.,]+$")
_HEY: Final = ("response-time", "status-code", "offset")
_OWN: Final = ("source", "intended_s", "latency_s", "status")


def _is_jtl(file: InputFile) -> bool:
    return has_header(file, _JTL)


def _jtl(file: InputFile, reading: Reading) -> Iterator[Block]:
    table = RequestTable(file)
    local: LocalTimes | None = None
    for row, (times, elapsed, labels, codes) in table.columns(_JTL):
        starts_s = table.dates(row, [_SLASHED.sub(r"\1-\2-", time) for time in times])
        if local is None and _LOCAL.match(times[0]):
            local = LocalTimes(reading)
        yield Requests(
            starts_s if local is None else local.seconds(starts_s),
            None,
            table.seconds(row, elapsed) / 1000,
            reading.routes.numbers([_label(label) for label in labels]),
            np.array([int(code) if code.isdigit() else 0 for code in codes], dtype=np.int64),
        )


def _label(label: str) -> bytes:
    """Return the name of a sampler as a request: its path if it is one, otherwise a path made of the name."""
    words = label.split()
    path = next((word for word in words if word.startswith(("/", "http://", "https://"))), "")
    method = words[0] if len(words) > 1 and words[0].isupper() and words[0].isalpha() else "GET"
    return f"{method} {path or '/' + '-'.join(words)}".encode()


def _is_hey(file: InputFile) -> bool:
    return has_header(file, _HEY)


def _hey(file: InputFile, _reading: Reading) -> Iterator[Block]:
    table = RequestTable(file)
    for row, (lengths, codes, starts) in table.columns(_HEY):
        status = np.array([int(code) if code.isdigit() else 0 for code in codes], dtype=np.int64)
        yield Requests(table.seconds(row, starts), None, table.seconds(row, lengths), None, status)


def _is_own(file: InputFile) -> bool:
    return has_header(file, _OWN)


def _own(file: InputFile, reading: Reading) -> Iterator[Block]:
    table = RequestTable(file)
    for row, (sources, times, latencies, codes) in table.columns(_OWN):
        number = reading.functions.numbers(sources)
        status = np.array([int(code) for code in codes], dtype=np.int64)
        yield Requests(table.seconds(row, times), number, table.seconds(row, latencies), status=status)


JMETER_JTL: Final = Format(
    "jmeter-jtl",
    "results of JMeter (JTL, CSV)",
    _is_jtl,
    _jtl,
    has_functions=False,
    kept=("timeStamp as the start of a request, elapsed as its duration; a label as its path",),
    dropped=("threads, sizes, messages; samplers that are no requests are taken as requests",),
)
HEY_CSV: Final = Format(
    "hey-csv",
    "results of hey (`hey -o csv`)",
    _is_hey,
    _hey,
    has_functions=False,
    kept=("offset as the start of a request, response-time as its duration",),
    guessed=("hey sends again as soon as an answer arrives: the times are those of that server",),
    dropped=("the parts of the response time",),
)
SIMULATOR_REQUESTS: Final = Format(
    "simulator-requests",
    "request log of this simulator (`run --requests F`)",
    _is_own,
    _own,
    kept=("intended_s as the start, latency_s as the duration; a source is a function",),
    guessed=("the latency includes queueing in the run that wrote the file",),
)
