"""Results of Locust (`--csv`), Gatling (text log) and GoReplay (.gor files).

Formats: Locust's documentation, "Retrieve test statistics in CSV format"; Gatling's simulation.log up to 3.11;
GoReplay's documentation, "Saving and replaying from file".
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Final

import numpy as np

from simulator.ingest.blocks import Block, Counts, Reading, Requests, bins_between
from simulator.ingest.format import Format
from simulator.ingest.formats.table_of_requests import has_header
from simulator.ingest.input_file import InputFile

# --- Locust ------------------------------------------------------------------------------------------------

_HISTORY: Final = ("Timestamp", "User Count", "Name", "Total Request Count")
_ALL: Final = "Aggregated"


def _is_locust(file: InputFile) -> bool:
    return has_header(file, _HISTORY)


def _locust(file: InputFile, reading: Reading) -> Iterator[Block]:
    """Yield the growth of each name's total between two rows, in the seconds of the second row."""
    names = [name.strip().strip('"') for name in file.first_lines[0].split(",")]
    rows = csv.reader(line.decode() for _, block in file.lines() for line in block)
    next(rows)
    totals: dict[str, list[tuple[int, int]]] = {}
    for row in rows:
        if not row:
            continue
        fields = dict(zip(names, row, strict=False))
        try:
            point = int(fields["Timestamp"]), int(fields["Total Request Count"])
        except (KeyError, ValueError):
            found = ",".join(row)
            raise file.problem(rows.line_num, "row", found, "a row with Timestamp and Total Request Count") from None
        totals.setdefault(fields["Name"], []).append(point)
    single = [name for name in totals if name != _ALL]
    for name in single or totals:
        yield _growth(reading, name, totals[name])


def _growth(reading: Reading, name: str, points: list[tuple[int, int]]) -> Counts:
    first_s, last_s = points[0][0], points[-1][0]
    counts = np.zeros(bins_between(first_s, last_s, 1.0))
    before = 0
    for time_s, total in points:
        counts[time_s - first_s] += max(0, total - before)
        before = max(before, total)
    return Counts(reading.functions.number(name), float(first_s), 1.0, counts)


# --- Gatling -----------------------------------------------------------------------------------------------

_RUN: Final = "RUN\t"
_REQUEST: Final = b"REQUEST"


def _is_gatling(file: InputFile) -> bool:
    return file.first_lines[0].startswith(_RUN)


def _gatling(file: InputFile, reading: Reading) -> Iterator[Block]:
    """Yield requests: type, groups, name, start and end in milliseconds, OK or KO; 3.0 to 3.3 have a user before."""
    for first, lines in file.lines():
        found = []
        for at, line in enumerate(lines):
            fields = line.rstrip(b"\r").split(b"\t")
            if fields[0] != _REQUEST:
                continue
            times = [at for at in range(2, len(fields) - 1) if fields[at].isdigit() and fields[at + 1].isdigit()]
            if not times:
                raise file.problem(first + at, "row", line.decode(errors="replace"), "REQUEST with start and end in ms")
            place = times[-1]
            ok = len(fields) <= place + 2 or fields[place + 2] == b"OK"
            found.append((int(fields[place]), int(fields[place + 1]), fields[place - 1], ok))
        if found:
            starts, ends, names, passed = zip(*found, strict=True)
            lengths_ms = np.maximum(0, np.array(ends) - np.array(starts))
            routes = reading.routes.numbers([b"GET /" + b"-".join(name.split()) for name in names])
            status = np.where(np.array(passed), 200, 0).astype(np.int64)
            yield Requests(np.array(starts) / 1000, None, lengths_ms / 1000, routes, status)


# --- GoReplay ----------------------------------------------------------------------------------------------

_SEPARATOR: Final = "🐵🙈🙉".encode()


def _is_goreplay(file: InputFile) -> bool:
    words = file.first_lines[0].split(" ")
    return words[0] in {"1", "2", "3"} and len(words) >= 3 and words[2].isdigit() and _SEPARATOR in file.head


def _goreplay(file: InputFile, reading: Reading) -> Iterator[Block]:
    """Yield requests: a line `1 ID NANOSECONDS LATENCY`, the request line, headers, body, then the separator."""
    is_head, times, requests = True, [], []
    time_ns: int | None = None
    for first, lines in file.lines():
        for at, line in enumerate(lines):
            if line.rstrip(b"\r") == _SEPARATOR:
                is_head = True
            elif is_head and line.strip():
                words = line.split()
                if len(words) < 3 or not words[2].isdigit():
                    raise file.problem(first + at, "row", line.decode(errors="replace"), "type, id and nanoseconds")
                is_head, time_ns = False, int(words[2]) if words[0] == b"1" else None
            elif time_ns is not None and not is_head:
                times.append(time_ns / 1e9)
                requests.append(line.rstrip(b"\r"))
                time_ns = None
        if times:
            yield Requests(np.array(times), None, None, reading.routes.numbers(requests))
            times, requests = [], []


LOCUST_HISTORY: Final = Format(
    "locust-history",
    "history of Locust (`locust --csv F --csv-full-history`: F_stats_history.csv)",
    _is_locust,
    _locust,
    kept=("the growth of Total Request Count each second; a name of Locust is a function",),
    dropped=("users, percentiles, failures",),
)
GATLING_LOG: Final = Format(
    "gatling-log",
    "simulation.log of Gatling, in its text form (up to 3.11)",
    _is_gatling,
    _gatling,
    has_functions=False,
    kept=("start and end of each request; its name as a path",),
    dropped=("users, groups, errors",),
)
GOREPLAY: Final = Format(
    "goreplay",
    "recording of GoReplay (.gor)",
    _is_goreplay,
    _goreplay,
    has_functions=False,
    kept=("the time of each request, its method and path",),
    dropped=("headers, bodies, responses",),
)
