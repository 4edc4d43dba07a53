"""Huawei Cloud traces: 2023 (a column for each function) and 2025 (one row per request).

Schemas: README_data_release_2023.md and README_data_release_2025.md of sir-lab/data-release.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from simulator.ingest.blocks import Block, Counts, Floats, Reading, Requests
from simulator.ingest.format import Format
from simulator.ingest.formats.datasets.wide_table import rows_of
from simulator.ingest.formats.table_of_requests import RequestTable, has_header
from simulator.ingest.input_file import InputFile

_2023: Final = ("day", "time")
_2025: Final = ("time_worker", "funcName", "userID", "podID", "totalCost_worker")
_ROWS: Final = 1440


def _is_2023(file: InputFile) -> bool:
    names = [name.strip() for name in file.first_lines[0].split(",")]
    return tuple(names[:2]) == _2023 and len(names) > len(_2023) and all(name.isdigit() for name in names[2:])


def _counts_2023(file: InputFile, reading: Reading) -> Iterator[Block]:
    numbers = [reading.functions.number(name.strip()) for name in file.first_lines[0].split(",")[2:]]
    rows: list[Floats] = []
    start_s = width_s = 0.0
    for line, (_, time), counts in rows_of(file, len(_2023)):
        time_s = _time_s(file, line, time)
        if len(rows) == 1:
            width_s = time_s - start_s
        if len(rows) > 1 and not np.isclose(time_s, start_s + len(rows) * width_s):
            yield from _columns(numbers, start_s, width_s, rows)  # a gap: a row of counts begins after it
            rows = []
        if not rows:
            start_s = time_s
        rows.append(counts)
        if len(rows) == _ROWS and width_s > 0:
            yield from _columns(numbers, start_s, width_s, rows)
            rows = []
    if rows:
        yield from _columns(numbers, start_s, width_s or 60.0, rows)


def _columns(numbers: list[int], start_s: float, width_s: float, rows: list[Floats]) -> Iterator[Counts]:
    table = np.array(rows)
    for number, counts in zip(numbers, table.T, strict=True):
        if counts.any():
            yield Counts(number, start_s, width_s, counts)


def _time_s(file: InputFile, line: int, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise file.problem(line, "time", repr(text), "a number of seconds since the start of the dataset") from None


def _is_2025(file: InputFile) -> bool:
    return has_header(file, _2025)


def _requests_2025(file: InputFile, reading: Reading) -> Iterator[Block]:
    table = RequestTable(file)
    for row, (times, names, users, pods, durations) in table.columns(_2025):
        number = reading.functions.numbers(
            f"{name}---{user}---{pod.rpartition('-')[0]}" for name, user, pod in zip(names, users, pods, strict=True)
        )
        duration_s = table.seconds(row, durations)
        yield Requests(table.seconds(row, times) - duration_s, number, duration_s)


HUAWEI_2023: Final = Format(
    "huawei-2023",
    "Huawei Cloud trace 2023: requests of each function per minute or second",
    _is_2023,
    _counts_2023,
    terms="Joosen et al., How Does It Function?, SoCC 2023; the repository states no licence",
    kept=("requests per row of time, with the width that the first rows have",),
)
HUAWEI_2025: Final = Format(
    "huawei-2025",
    "Huawei Cloud trace 2025: one row for each request",
    _is_2025,
    _requests_2025,
    terms="Joosen et al., Serverless Cold Starts and Where to Find Them, EuroSys 2025; the repository states no "
    "licence",
    kept=("totalCost_worker as the duration of each request; functions by funcName, userID and pool",),
    guessed=("time_worker is taken as the end of the request, as its log entry is written then",),
    dropped=("cold starts, CPU and memory used, sizes of bodies",),
)
