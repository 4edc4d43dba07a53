"""Recorded traffic from CSV files: counts per bin, or one row per request. Rows are read in bounded blocks.

Files have a header line. What is wrong with a row is a problem with its file and line, like a problem of a scenario.
"""

from __future__ import annotations

import csv
import itertools
import math
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Final, TextIO

import numpy as np
from numpy.typing import NDArray

from simulator.replay.problems import Problem, ScenarioError
from simulator.replay.traffic_spec import BinsSpec, TraceSpec

Floats = NDArray[np.float64]

# Rows in memory at a time: a few megabytes of Python text at most, and long enough for numpy to pay.
BLOCK_ROWS: Final = 16_384
_HEADER_LINES: Final = 1
# A recording up to this length is read once for the many runs of a comparison or a sweep; as numbers it is shorter.
KEPT_BYTES: Final = 4 * 1024**2


def header(path: Path) -> list[str]:
    """The names of the columns; empty for a file that is empty or cannot be read as CSV."""
    try:
        with _opened(path) as stream:
            return next(csv.reader(stream), [])
    except (OSError, csv.Error):
        return []


def bin_counts(spec: BinsSpec) -> Floats:
    """The count of each bin that is played, in order. Raises ScenarioError for a row without a count >= 0."""
    stamp = _stamp(spec.file)
    return _read_counts(spec) if stamp is None else _known_counts(spec, stamp)


def request_times(spec: TraceSpec) -> Iterator[Floats]:
    """Seconds since the first request or what is skipped of it, ascending, in blocks.

    Raises:
        ScenarioError: for a bad or misplaced time.
    """
    stamp = _stamp(spec.file)
    return _read_times(spec) if stamp is None else iter(_known_times(spec, stamp))


def _stamp(path: Path) -> tuple[int, int] | None:
    """What tells one content of a file from another; None when it is too long to be kept."""
    stat = path.stat()
    return (stat.st_mtime_ns, stat.st_size) if stat.st_size <= KEPT_BYTES else None


@lru_cache(maxsize=16)
def _known_counts(spec: BinsSpec, _stamp: tuple[int, int]) -> Floats:
    counts = _read_counts(spec)
    counts.setflags(write=False)
    return counts


@lru_cache(maxsize=16)
def _known_times(spec: TraceSpec, _stamp: tuple[int, int]) -> tuple[Floats, ...]:
    blocks = tuple(_read_times(spec))
    for block in blocks:
        block.setflags(write=False)
    return blocks


def _read_counts(spec: BinsSpec) -> Floats:
    blocks = [counts for _, counts in _numbers(spec.file, spec.column, last=True)]
    counts = np.concatenate(blocks) if blocks else np.empty(0)
    wrong = np.flatnonzero(~(counts >= 0) | np.isinf(counts))
    if len(wrong):
        raise _problem(spec.file, int(wrong[0]), "count", f"{counts[wrong[0]]:g}", "a count, at least 0")
    skipped = _whole_bins(spec.skip_s / spec.bin_s)
    if skipped and skipped >= len(counts):
        raise _problem(spec.file, len(counts) - 1, "end", f"{len(counts) * spec.bin_s:g}s", f"more than {_skip(spec)}")
    return counts[skipped:]


def _skip(spec: BinsSpec | TraceSpec) -> str:
    return f"the {spec.skip_s:g}s that are skipped"


def _whole_bins(bins: float) -> int:
    """3 x 0.1 s are three bins of 0.1 s, whatever binary fractions say."""
    return math.floor(bins + 1e-9)


def _read_times(spec: TraceSpec) -> Iterator[Floats]:
    first: float | None = None
    latest, rows = 0.0, 0
    for row, block in _clock_seconds(spec):
        first = float(block[0]) if first is None else first
        times = block - first
        steps = np.diff(times, prepend=latest)
        if not (steps >= 0).all():
            at = int(np.flatnonzero(~(steps >= 0))[0])
            raise _problem(spec.file, row + at, "time", f"{times[at]:g}s", "a time not before the row above")
        latest, rows = float(times[-1]), row + len(times)
        played = times[times >= spec.skip_s] - spec.skip_s
        if len(played):
            yield played
    if latest < spec.skip_s:
        raise _problem(spec.file, rows - 1, "end", f"{latest:g}s", f"more than {_skip(spec)}")


def _clock_seconds(spec: TraceSpec) -> Iterator[tuple[int, Floats]]:
    """Blocks of times in seconds since some instant, each with the number of its first row."""
    if spec.format == "timestamp":
        yield from _timestamps(spec.file, spec.time_column)
        return
    unit_s = 1e-3 if spec.format == "milliseconds" else 1.0
    for row, block in _numbers(spec.file, spec.time_column, last=False):
        yield row, block * unit_s


def _timestamps(path: Path, column: str | None) -> Iterator[tuple[int, Floats]]:
    """Seconds since the file's first stamp, to the nanosecond: seconds since 1970 would leave a quarter microsecond."""
    first: np.datetime64 | None = None
    for row, texts in _columns(path, column, last=False):
        instants = _instants(path, row, texts)
        first = instants[0] if first is None else first
        yield row, (instants - first) / np.timedelta64(10**9, "ns")


def _numbers(path: Path, column: str | None, *, last: bool) -> Iterator[tuple[int, Floats]]:
    for row, texts in _columns(path, column, last=last):
        try:
            yield row, np.array(texts, dtype=np.float64)
        except ValueError:
            at = next(n for n, text in enumerate(texts) if not _is_number(text))
            raise _problem(path, row + at, "value", repr(texts[at]), "a number") from None


def _instants(path: Path, row: int, texts: list[str]) -> NDArray[np.datetime64]:
    """Nanoseconds precise. A final Z (UTC) says nothing that matters between rows of one file."""
    try:
        return np.array([text.removesuffix("Z") for text in texts], dtype="datetime64[ns]")
    except ValueError:
        at = next(n for n, text in enumerate(texts) if not _is_instant(text))
        expected = "a time such as 2023-11-16 18:17:03.97"
        raise _problem(path, row + at, "time", repr(texts[at]), expected) from None


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _is_instant(text: str) -> bool:
    try:
        np.datetime64(text.removesuffix("Z"), "ns")
    except ValueError:
        return False
    return True


def _columns(path: Path, column: str | None, *, last: bool) -> Iterator[tuple[int, list[str]]]:
    """One column in blocks, each with the number of its first row; without a name the first or the last column."""
    with _opened(path) as stream:
        rows = csv.reader(stream)
        number = 0
        try:
            names = next(rows, [])
            index = _index(path, names, column, last=last)
            while block := list(itertools.islice(rows, BLOCK_ROWS)):
                yield number, _fields(path, number, block, index, len(names))
                number += len(block)
        except csv.Error as error:
            raise _problem(path, rows.line_num - 1 - _HEADER_LINES, "row", str(error), "CSV") from error


def _opened(path: Path) -> TextIO:
    """Bytes that are not UTF-8 are let through as a mark: where they matter, what is read will not be a number."""
    return path.open(newline="", encoding="utf-8-sig", errors="replace")


def _index(path: Path, names: list[str], column: str | None, *, last: bool) -> int:
    if column is None:
        return len(names) - 1 if last else 0
    if column not in names:
        raise ScenarioError([Problem(1, 1, "header", ", ".join(names), f"one with {column}", file=str(path))])
    return names.index(column)


def _fields(path: Path, number: int, block: list[list[str]], index: int, width: int) -> list[str]:
    """The fields of one column of a block whose first row has this `number`."""
    try:
        return [row[index] for row in block]
    except IndexError:
        at = next(n for n, row in enumerate(block) if len(row) <= index)
        raise _problem(path, number + at, "row", ",".join(block[at]), f"{width} fields") from None


def _problem(path: Path, row: int, what: str, found: str, expected: str) -> ScenarioError:
    return ScenarioError([Problem(row + 1 + _HEADER_LINES, 1, what, found, expected, file=str(path))])
