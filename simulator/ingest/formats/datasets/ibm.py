"""IBM Cloud traces: Code Engine (a serverless platform on Knative) and Object Store.

Schemas: README.md of ubc-cirrus-lab/ibm-cloud-code-engine-traces, and of the IBM Object Store traces at SNIA.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import numpy as np

from simulator.ingest.blocks import Block, Reading, Requests
from simulator.ingest.format import Format
from simulator.ingest.formats.table_of_requests import RequestTable, has_header
from simulator.ingest.input_file import InputFile

_CODE_ENGINE: Final = ("NamespaceHash", "AppHash", "InvocationTimes", "AppExecTimes")
_PICKLE: Final = b"\x80"
CONVERSION: Final = (
    "CSV with a row for each invocation, because a pickle can run any code; for a file that you trust: "
    f"pandas.read_pickle(F)[{list(_CODE_ENGINE)}].explode({list(_CODE_ENGINE[2:])}).to_csv(G, index=False)"
)
_OBJECT: Final = re.compile(rb"(\d+) (REST\.[A-Z]+\.[A-Z]+) [0-9A-Za-z]+(?: \d+)*\r?")


def _is_code_engine(file: InputFile) -> bool:
    return file.head[:1] == _PICKLE or has_header(file, _CODE_ENGINE)


def _code_engine(file: InputFile, reading: Reading) -> Iterator[Block]:
    if file.head[:1] == _PICKLE:
        raise file.problem(1, "file", "a Python pickle", CONVERSION)
    table = RequestTable(file)
    for row, (namespaces, apps, times, durations) in table.columns(_CODE_ENGINE):
        number = reading.functions.numbers(f"{name}/{app}" for name, app in zip(namespaces, apps, strict=True))
        yield Requests(table.seconds(row, times), number, table.seconds(row, durations))


def _is_object_store(file: InputFile) -> bool:
    return all(_OBJECT.fullmatch(line.encode()) for line in file.first_lines[:20])


def _object_store(file: InputFile, reading: Reading) -> Iterator[Block]:
    for first, lines in file.lines():
        found = [_OBJECT.fullmatch(line) for line in lines]
        wrong = next((at for at, match in enumerate(found) if match is None and lines[at].strip()), None)
        if wrong is not None:
            text = lines[wrong].decode(errors="replace")
            raise file.problem(
                first + wrong, "row", text, "milliseconds, operation, object: 1219008 REST.GET.OBJECT id"
            )
        matches = [match for match in found if match is not None]
        times_s = np.array([int(match[1]) for match in matches], dtype=np.float64) / 1000
        yield Requests(times_s, reading.functions.numbers(match[2].decode() for match in matches))


IBM_CODE_ENGINE: Final = Format(
    "ibm-code-engine",
    "IBM Cloud Code Engine traces: invocations of each application",
    _is_code_engine,
    _code_engine,
    terms="Nasiri et al., In-Production Characterization of an Open Source Serverless Platform, EuroSys 2026",
    kept=("the time of each invocation, and AppExecTimes as its duration",),
    dropped=("delays of the platform",),
)
IBM_OBJECT_STORE: Final = Format(
    "ibm-object-store",
    "IBM Object Store traces: one line for each request",
    _is_object_store,
    _object_store,
    terms="SNIA Trace Data Files Download License; Eytan et al., It's Time to Revisit LRU vs. FIFO, HotStorage 2020",
    stamps_s=0.001,
    kept=("the time of each request; its operation, such as REST.GET.OBJECT, is the function",),
    dropped=("objects, sizes and ranges",),
)
