"""Reads rows of many numbers: tables with a column for each minute or for each function."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from simulator.ingest.blocks import Floats
from simulator.ingest.input_file import InputFile
from simulator.scenario.recordings.text import is_number


def rows_of(file: InputFile, texts: int) -> Iterator[tuple[int, list[str], Floats]]:
    """Yield line number, the first `texts` fields and the numbers of each row below the header.

    An empty field is 0: these tables leave out a function that was not called.

    Raises:
        ScenarioError: for a row of another width than the header's, or a field that is no count.
    """
    width = len(file.first_lines[0].split(","))
    for first, lines in file.lines():
        for at, line in enumerate(lines):
            if first + at == 1 or not line.strip():
                continue
            fields = line.decode(errors="replace").rstrip("\r").split(",")
            if len(fields) != width:
                raise file.problem(first + at, "row", f"{len(fields)} fields", f"{width} fields, as the header has")
            yield first + at, fields[:texts], _counts(file, first + at, fields[texts:])


def _counts(file: InputFile, line: int, texts: list[str]) -> Floats:
    try:
        counts = np.array([text or "0" for text in texts], dtype=np.float64)
    except ValueError:
        wrong = next(text for text in texts if text and not is_number(text))
        raise file.problem(line, "count", repr(wrong), "a count, at least 0") from None
    counts = np.nan_to_num(counts, nan=0.0)
    if not np.isfinite(counts).all() or counts.min(initial=0.0) < 0:
        wrong = next(f"{count:g}" for count in counts if not np.isfinite(count) or count < 0)
        raise file.problem(line, "count", wrong, "a count, at least 0")
    return counts
