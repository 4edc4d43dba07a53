"""Recorded traffic from CSV files: counts per bin, or one row per request. Rows are read in bounded blocks.

An error in a file or one of its rows is a problem with its file and line, like a problem of a scenario. Where the
content is not used literally (rows out of order, bins without a row, fractions), a note is added.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.model.text.units import duration_text
from simulator.scenario.files.named_file import named_file
from simulator.scenario.problems import ScenarioError
from simulator.scenario.recordings.text import BLOCK_ROWS, Recording, is_number
from simulator.scenario.recordings.times import TIMESTAMP, Times, header_is_a_row, numbers
from simulator.scenario.sections.base_model import RATE_MAX_RPS
from simulator.scenario.sections.shape_spec import BinsSpec, TraceSpec

__all__ = ["BLOCK_ROWS", "are_whole", "bin_counts", "bin_notes", "header_of_named", "request_times", "trace_survey"]

Floats = NDArray[np.float64]

# Maximum length of a recording that is kept in memory, so that the runs of a comparison or a sweep read it once; the
# numbers take less memory than the text.
KEPT_BYTES: Final = 4 * 1024**2
# Logs have a row when a request ends, so a time is out of order by as many rows as end during one long request. 2 MB.
WINDOW_ROWS: Final = 262_144
# A row with a wrong date would otherwise create an almost endless number of empty bins. Two years of seconds are fewer
# than this.
BINS_MAX: Final = 100_000_000


def header_of_named(folder: Path, file: str) -> list[str] | None:
    """Return the names of the columns of the file that a scenario in `folder` names; empty if it is no recording.

    None if it does not exist or must not be read, which the section of the source reports.
    """
    try:
        path = named_file(folder, file, "file")
        return Recording(path).names if path.is_file() else None
    except ValueError:
        return None
    except ScenarioError:
        return []


# --- counts per bin ----------------------------------------------------------------------------------------


class _Bins(NamedTuple):
    counts: Floats
    notes: tuple[str, ...]


def bin_counts(spec: BinsSpec) -> Floats:
    """Return the count of each bin that is played, in order.

    Raises:
        ScenarioError: for a row without a count >= 0.
    """
    return _bins(spec).counts


def bin_notes(spec: BinsSpec) -> tuple[str, ...]:
    """Return notes on how the bins were read. Raises the errors of `bin_counts`."""
    return _bins(spec).notes


def are_whole(counts: Floats) -> bool:
    """Return True if all values are whole numbers. Means, rates and samples have fractions."""
    return bool(np.all(np.abs(counts - np.rint(counts)) <= 1e-9 * np.maximum(counts, 1)))


def _bins(spec: BinsSpec) -> _Bins:
    stamp = _stamp(spec.file)
    return _read_bins(spec) if stamp is None else _known_bins(spec, stamp)


def _stamp(path: Path) -> tuple[int, int] | None:
    """Return a value that changes when the file's content changes; None if the file is too long to be kept."""
    try:
        stat = path.stat()
    except OSError:
        return None  # the reader reports why the file cannot be read
    return (stat.st_mtime_ns, stat.st_size) if stat.st_size <= KEPT_BYTES else None


@lru_cache(maxsize=16)
def _known_bins(spec: BinsSpec, _stamp: tuple[int, int]) -> _Bins:
    return _read_bins(spec)


def _read_bins(spec: BinsSpec) -> _Bins:
    recording = Recording(spec.file)
    index = recording.column(spec.column, last=True)
    if header_is_a_row(recording.names[index], None):
        raise _no_header(recording)
    time = None if spec.time_column is None else recording.column(spec.time_column, last=False)
    if time is not None and header_is_a_row(recording.names[time], spec.format):
        raise _no_header(recording)
    clock = Times(recording, spec.format)
    hint = "" if spec.column is not None else f"; `column` names the one with counts: {', '.join(recording.names)}"
    parts, times_s = [], []
    for row, (texts, *rest) in recording.blocks([index] if time is None else [index, time]):
        counts = numbers(recording, row, texts, hint)
        _check_counts(recording, row, counts, spec.bin_s)
        parts.append(counts)
        if rest:
            times_s.append(clock.seconds(row, rest[0]))
    notes = [] if spec.column is not None else _guess(recording, index)
    counts = np.concatenate(parts)
    if time is not None:
        counts, found_notes = _on_grid(recording, spec.bin_s, counts, np.concatenate(times_s))
        notes += found_notes
    skipped = _whole_bins(spec.skip_s / spec.bin_s)
    if skipped and skipped >= len(counts):
        found = f"{len(counts) * spec.bin_s:g}s"
        raise recording.problem(sum(map(len, parts)) - 1, "end", found, f"more than {_skip(spec)}")
    counts = counts[skipped:]
    if time is None and (odd := _times_beside(recording, index, spec.bin_s, skipped)) is not None:
        notes.append(odd)
    if spec.arrivals == "poisson" and not are_whole(counts):
        notes.append("counts have fractions: they are taken as means, and each bin's count is drawn around its mean")
    counts.setflags(write=False)
    return _Bins(counts, tuple(notes))


def _check_counts(recording: Recording, row: int, counts: Floats, bin_s: float) -> None:
    wrong = np.flatnonzero(counts < 0)
    if len(wrong):
        raise recording.problem(row + int(wrong[0]), "count", f"{counts[wrong[0]]:g}", "a count, at least 0")
    most = RATE_MAX_RPS * bin_s
    wrong = np.flatnonzero(counts > most)
    if len(wrong):
        expected = f"at most {most:g} in {duration_text(bin_s)}: {RATE_MAX_RPS:,.0f} a second"
        raise recording.problem(row + int(wrong[0]), "count", f"{counts[wrong[0]]:g}", expected)


def _guess(recording: Recording, index: int) -> list[str]:
    """Return a note that names the chosen column, if the file has several candidates."""
    _, columns = next(recording.blocks(range(len(recording.names))))
    others = [
        name
        for at, (name, texts) in enumerate(zip(recording.names, columns, strict=True))
        if at not in {0, index} and name and is_number(texts[0])
    ]
    if not others:
        return []
    taken = f"counts are taken from the last column, {recording.names[index]}"
    return [f"{taken}; `column` names another: {', '.join(others)}"]


def _on_grid(recording: Recording, bin_s: float, counts: Floats, times_s: Floats) -> tuple[Floats, list[str]]:
    """Return the counts of every bin from the first row's time to the last's, and notes on the rows."""
    since = times_s - times_s.min()
    bins = np.floor(since / bin_s + 1e-6)
    if bins.max() >= BINS_MAX:
        at, found = int(bins.argmax()), f"{bins.max():g} bins after the first"
        raise recording.problem(at, "time", found, f"less than {BINS_MAX} bins after it")
    places = bins.astype(np.int64)
    whole: Floats = np.bincount(places, weights=counts).astype(np.float64)
    rows = np.bincount(places)
    notes = []
    if (np.diff(times_s) < 0).any():
        notes.append("rows are out of order: they are sorted by time")
    if empty := int((rows == 0).sum()):
        first = duration_text(float(np.flatnonzero(rows == 0)[0]) * bin_s)
        where = f"{empty} of {len(rows)} bins have no row, the first {first} after the start"
        notes.append(f"{where}: no request comes in them")
    if shared := int((rows > 1).sum()):
        notes.append(f"{shared} of {len(rows)} bins have several rows: their counts are added up")
    return whole, notes


def _times_beside(recording: Recording, index: int, bin_s: float, skipped: int) -> str | None:
    """Return why the times beside the counts contradict one row per bin in order; None if they do not."""
    if index == 0:
        return None
    clock, name = Times(recording, TIMESTAMP), recording.names[0]
    try:
        times_s = np.concatenate([clock.seconds(row, texts) for row, (texts,) in recording.blocks([0])])
    except ScenarioError:
        return None  # the first column is not a time
    steps = np.diff(times_s[skipped:])
    odd = np.flatnonzero(np.abs(steps - bin_s) > 1e-3 * bin_s)
    if not len(odd):
        return None
    step = "back" if steps[odd[0]] < 0 else f"{duration_text(float(steps[odd[0]]))} on"
    line = recording.line(skipped + int(odd[0]) + 1)
    return (
        f"rows are played one after the other, a bin of {duration_text(bin_s)} each, but by their {name} {len(odd)} of "
        f"them are not so far from the row above: the first is line {line}, {step}; `time_column: {name}` puts each "
        "where it belongs"
    )


# --- one row per request -----------------------------------------------------------------------------------


class TraceSurvey(NamedTuple):
    """A summary of the part of a recording that a run plays.

    `length_s`: seconds from the first request to the last. `goes_on`: the recording continues after that part.
    """

    length_s: float
    out_of_order: int
    goes_on: bool


def request_times(spec: TraceSpec) -> Iterator[Floats]:
    """Yield the seconds since the first request (or since the end of the skipped part), ascending, in blocks.

    Raises:
        ScenarioError: for a time that is invalid or too far out of order.
    """
    stamp = _stamp(spec.file)
    return _read_times(spec) if stamp is None else iter(_known_times(spec, stamp))


def trace_survey(spec: TraceSpec, until_s: float) -> TraceSurvey:
    """Read the part of the recording that a run of `until_s` seconds of it plays, once. Raises like `request_times`."""
    stat = spec.file.stat()
    return _surveyed(spec, until_s, (stat.st_mtime_ns, stat.st_size))


@lru_cache(maxsize=64)
def _surveyed(spec: TraceSpec, until_s: float, _stamp: tuple[int, int]) -> TraceSurvey:
    order = _Order(Recording(spec.file))
    length_s = 0.0
    for block in _played(spec, order):
        if block[-1] >= until_s:
            return TraceSurvey(until_s, order.misplaced, goes_on=True)
        length_s = float(block[-1])
    return TraceSurvey(length_s, order.misplaced, goes_on=False)


@lru_cache(maxsize=16)
def _known_times(spec: TraceSpec, _stamp: tuple[int, int]) -> tuple[Floats, ...]:
    blocks = tuple(_read_times(spec))
    for block in blocks:
        block.setflags(write=False)
    return blocks


def _read_times(spec: TraceSpec) -> Iterator[Floats]:
    return _played(spec, _Order(Recording(spec.file)))


def _played(spec: TraceSpec, order: _Order) -> Iterator[Floats]:
    recording = order.recording
    index = recording.column(spec.time_column, last=False)
    if header_is_a_row(recording.names[index], spec.format):
        raise _no_header(recording)
    clock = Times(recording, spec.format)
    blocks = ((row, clock.seconds(row, texts)) for row, (texts,) in recording.blocks([index]))
    first: float | None = None
    latest = 0.0
    for block in order.ascending(blocks):
        first = float(block[0]) if first is None else first
        times = block - first
        latest = float(times[-1])
        played = times[times >= spec.skip_s] - spec.skip_s
        if len(played):
            yield played
    if latest < spec.skip_s:
        raise recording.problem(order.rows - 1, "end", f"{latest:g}s", f"more than {_skip(spec)}")


class _Order:
    """Sorts rows that are out of order by less than `WINDOW_ROWS`, in memory for that many rows."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self.rows = 0
        self.misplaced = 0

    def ascending(self, blocks: Iterable[tuple[int, Floats]]) -> Iterator[Floats]:
        """Yield the times in ascending order.

        Raises:
            ScenarioError: for a row that comes too late.
        """
        held: deque[Floats] = deque()
        count, given, top = 0, -math.inf, -math.inf
        for row, block in blocks:
            back = int((np.diff(block, prepend=top) < 0).sum())
            self.rows, count = row + len(block), count + len(block)
            if back:
                self.misplaced += back
                if block.min() < given:
                    found = f"{block.min() - given:g}s after the row that was read before"
                    expected = f"within {WINDOW_ROWS} rows of its place: sort the file by its times first"
                    raise self.recording.problem(row + int(block.argmin()), "time", found, expected)
                block = np.sort(np.concatenate([*held, block]), kind="stable")
                held.clear()
            held.append(block)
            top = float(block[-1])
            if count > WINDOW_ROWS and len(held) == 1:
                held.extendleft([block[: count - WINDOW_ROWS]])
                held[-1] = block[count - WINDOW_ROWS :]
            while count - len(held[0]) >= WINDOW_ROWS:
                ready = held.popleft()
                count, given = count - len(ready), float(ready[-1])
                yield ready
        yield from held


# --- both ----------------------------------------------------------------------------------------------------


def _no_header(recording: Recording) -> ScenarioError:
    found = ", ".join(recording.names[:8])
    expected = "a line with the names of the columns, such as time,count: the first line is a row already"
    return recording.problem(-1, "header", found, expected)


def _skip(spec: BinsSpec | TraceSpec) -> str:
    return f"the {spec.skip_s:g}s that are skipped"


def _whole_bins(bins: float) -> int:
    """Return the number of whole bins: 3 x 0.1 s are three bins of 0.1 s, despite rounding of binary fractions."""
    return math.floor(bins + 1e-9)
