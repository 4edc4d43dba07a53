"""Reads CSV files with a row for each request: named columns as texts, numbers or times."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from simulator.ingest.blocks import Floats
from simulator.ingest.input_file import InputFile
from simulator.scenario.recordings.text import Recording
from simulator.scenario.recordings.times import TIMESTAMP, Times, numbers

_SECONDS: Final = "seconds"


def has_header(file: InputFile, names: Sequence[str]) -> bool:
    """Return True if the first line has all these columns."""
    header = [name.strip().strip('"') for name in file.first_lines[0].split(",")]
    return set(names) <= set(header)


class RequestTable:
    """A CSV file with a row for each request.

    Raises:
        ScenarioError: if the file is no CSV, or a row is invalid; from every method.
    """

    def __init__(self, file: InputFile) -> None:
        self._recording = Recording(file.path)
        self._clock = Times(self._recording, TIMESTAMP)

    def columns(self, names: Sequence[str]) -> Iterator[tuple[int, list[list[str]]]]:
        """Yield these columns in blocks of rows, each with the number of its first row."""
        indices = [self._recording.column(name, last=False) for name in names]
        return self._recording.blocks(indices)

    def seconds(self, row: int, texts: list[str]) -> Floats:
        """Return numbers of seconds, at least 0."""
        values = numbers(self._recording, row, texts)
        if values.min(initial=0.0) < 0:
            at = int(values.argmin())
            raise self._recording.problem(row + at, _SECONDS, texts[at], "a number of seconds, at least 0")
        return values

    def dates(self, row: int, texts: list[str]) -> Floats:
        """Return dates and times as seconds since 1970."""
        since_first = self._clock.seconds(row, texts)
        return since_first + self._clock.first_s
