"""Azure Functions traces of Microsoft: 2019 (counts per minute) and 2021 (one row per invocation).

Schemas: AzureFunctionsDataset2019.md and AzureFunctionsInvocationTrace2021.md of Azure/AzurePublicDataset.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from simulator.ingest.blocks import Block, Counts, Percentiles, Reading, Requests
from simulator.ingest.format import Format
from simulator.ingest.formats.datasets.wide_table import rows_of
from simulator.ingest.formats.table_of_requests import RequestTable, has_header
from simulator.ingest.input_file import InputFile

_MINUTE_S: Final = 60.0
_DAY_S: Final = 86_400.0
_DAY: Final = re.compile(r"\.d(\d\d)\.csv")
_2019: Final = ("HashOwner", "HashApp", "HashFunction", "Trigger")
_DURATIONS: Final = ("HashOwner", "HashApp", "HashFunction", "Average", "Count", "Minimum", "Maximum")
_SHARES: Final = (0, 1, 25, 50, 75, 99, 100)
_PERCENTILES: Final = tuple(f"percentile_Average_{share}" for share in _SHARES)
_2021: Final = ("app", "func", "end_timestamp", "duration")


def _is_2019(file: InputFile) -> bool:
    return file.first_lines[0].startswith(",".join((*_2019, "1", "2", "3")))


def _counts_2019(file: InputFile, reading: Reading) -> Iterator[Block]:
    day = _DAY.search(file.path.name)
    start_s = (int(day[1]) - 1) * _DAY_S if day else 0.0
    for _, (_, app, function, _), counts in rows_of(file, len(_2019)):
        yield Counts(reading.functions.number(f"{app}/{function}"), start_s, _MINUTE_S, counts)


def _is_durations(file: InputFile) -> bool:
    return has_header(file, (*_DURATIONS, *_PERCENTILES))


def _durations(file: InputFile, reading: Reading) -> Iterator[Block]:
    table = RequestTable(file)
    shares = tuple(share / 100 for share in _SHARES)
    for row, (apps, names, *texts) in table.columns((*_DURATIONS[1:3], *_PERCENTILES)):
        columns = [table.seconds(row, column) / 1000 for column in texts]
        for app, name, *seconds in zip(apps, names, *columns, strict=True):
            yield Percentiles(reading.functions.number(f"{app}/{name}"), shares, tuple(map(float, seconds)))


def _is_2021(file: InputFile) -> bool:
    return has_header(file, _2021)


def _requests_2021(file: InputFile, reading: Reading) -> Iterator[Block]:
    table = RequestTable(file)
    for row, (apps, names, ends, durations) in table.columns(_2021):
        number = reading.functions.numbers(f"{app}/{name}" for app, name in zip(apps, names, strict=True))
        duration_s = table.seconds(row, durations)
        yield Requests(table.seconds(row, ends) - duration_s, number, duration_s)


AZURE_FUNCTIONS_2019: Final = Format(
    "azure-functions-2019",
    "Azure Functions trace 2019: invocations of each function per minute",
    _is_2019,
    _counts_2019,
    terms="CC BY 4.0; Shahrad et al., Serverless in the Wild, USENIX ATC 2020",
    kept=("invocations per minute; the day is the dNN of the file's name",),
    guessed=("an invocation is counted in the minute in which it ended: counts are up to its duration late",),
    dropped=("triggers, owners, and the time within the minute",),
)
AZURE_FUNCTIONS_2019_DURATIONS: Final = Format(
    "azure-functions-2019-durations",
    "Azure Functions trace 2019: percentiles of the execution times of each function",
    _is_durations,
    _durations,
    terms="CC BY 4.0; Shahrad et al., Serverless in the Wild, USENIX ATC 2020",
    kept=("percentiles of the execution time, without cold starts",),
    guessed=("the percentiles are of means over 30 s, so single executions vary more",),
)
AZURE_FUNCTIONS_2021: Final = Format(
    "azure-functions-2021",
    "Azure Functions invocation trace 2021: end and duration of each invocation",
    _is_2021,
    _requests_2021,
    terms="CC BY 4.0; Zhang et al., Faster and Cheaper Serverless Computing on Harvested Resources, SOSP 2021",
    kept=("the start of each invocation, its end minus its duration, and its duration",),
)
