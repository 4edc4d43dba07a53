"""Reads the text of a recording: detects CSV and its separator, and yields its columns in bounded blocks.

Accepted: CSV with a header line, UTF-8, fields separated by comma, semicolon, tab or bar, plain or compressed with
gzip. Other content (another compression, JSON, a spreadsheet, binary data) is rejected with an error that names the
kind and how to convert it. A table that is certainly a mistake is rejected as well: without rows, without a header, or
with a column for every bin.
"""

from __future__ import annotations

import csv
import gzip
import itertools
import json
import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from operator import methodcaller
from pathlib import Path
from typing import Final, TextIO

from simulator.model.text.units import parse_number
from simulator.scenario.files.data_file import repetition
from simulator.scenario.problems import Problem, ScenarioError, nearest

# Rows in memory at a time: a few megabytes of Python text at most, and enough for efficient use of numpy.
BLOCK_ROWS: Final = 16_384
# Bytes that are read to detect the kind of a file. A longer line of text cannot be a row of a recording.
HEAD_BYTES: Final = 64 * 1024
# If the column of counts is not named, the last one is used; with more columns than this, that choice would be a guess.
COLUMNS_UNNAMED_MAX: Final = 8
# A line longer than this cannot be a row of a recording, and may be endless.
LINE_MAX: Final = 128 * 1024

_PART_CHARACTERS: Final = 256 * 1024

_GZIP: Final = b"\x1f\x8b"
_CSV: Final = "CSV text with a header line"
_KINDS: Final = {
    b"PAR1": ("a Parquet file", f"{_CSV}: pandas.read_parquet(F).to_csv(G, index=False)"),
    b"PK\x03\x04": ("a zip archive or spreadsheet", f"{_CSV}: unpack it, or save the sheet as CSV"),
    b"\x28\xb5\x2f\xfd": ("Zstandard data", f"{_CSV}, plain or gzip: zstd -d F"),
    b"BZh": ("bzip2 data", f"{_CSV}, plain or gzip: bunzip2 F"),
    b"\xfd7zXZ\x00": ("xz data", f"{_CSV}, plain or gzip: unxz F"),
    b"SQLite format 3": ("an SQLite database", f"{_CSV}: sqlite3 -csv -header F 'SELECT ...'"),
    b"ARROW1": ("an Arrow file", f"{_CSV}: pandas.read_feather(F).to_csv(G, index=False)"),
    b"\xff\xfe": ("UTF-16 text", f"{_CSV} in UTF-8: iconv -f UTF-16 -t UTF-8 F"),
    b"\xfe\xff": ("UTF-16 text", f"{_CSV} in UTF-8: iconv -f UTF-16 -t UTF-8 F"),
}
_SEPARATORS: Final = ",;\t|"
_JSON: Final = re.compile(r'\{|\[\s*[\[{"\d\]-]')
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0e-\x1f]")
_QUOTED: Final = re.compile(r'"[^"]*"')

_NOT_FINITE: Final = frozenset({"nan", "inf", "+inf", "-inf", "infinity", "-infinity"})

Row = list[str]


class Recording:
    """A CSV file: its column `names`, its separator, and access to its columns. The file is open only while it is read.

    Raises:
        ScenarioError: if the file cannot be read or is no recording.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            head, self._zipped = _head(path)
        except OSError as error:
            raise self._no_file(error) from error
        text = self._text(head)
        self._separator = _separator(text)
        self.names = self._header()
        if twice := repetition(self.names):
            raise self.problem(-1, "header", twice, "a name for each column")

    # --- columns -----------------------------------------------------------------------------------------------

    def column(self, name: str | None, *, last: bool) -> int:
        """Return the index of the column `name`; without a name, of the first or the last column.

        Raises:
            ScenarioError: if there is no such column, or several columns are possible.
        """
        numbers = [text for text in self.names if is_number(text)]
        if len(numbers) > COLUMNS_UNNAMED_MAX and 2 * len(numbers) > len(self.names):
            found = f"{len(self.names)} columns, of which {numbers[0]} to {numbers[-1]} are numbers"
            expected = "a row for each bin or request, not a column: add the rows up and turn the table"
            raise self.problem(-1, "header", found, expected)
        if name is not None:
            if self.names.count(name) != 1:
                near = nearest(name, self.names)
                expected = f"one with {name}" + (" once" if name in self.names else "")
                raise ScenarioError([Problem(1, 1, "header", self._columns(), expected, near, str(self.path))])
            return self.names.index(name)
        key = "column" if last else "time_column"
        if last and len(self.names) > COLUMNS_UNNAMED_MAX:
            expected = f"fewer, or {key} say which: {self._columns()}"
            raise self.problem(-1, "header", f"{len(self.names)} columns", expected)
        index = len(self.names) - 1 if last else 0
        if not self.names[index]:
            expected = f"named; a data frame saved with its index has such a column: {key} says which one is meant"
            raise self.problem(-1, "header", f"column {index + 1} without a name", expected)
        return index

    def blocks(self, columns: Sequence[int]) -> Iterator[tuple[int, list[list[str]]]]:
        """Yield these columns in blocks, each with the number of its first row. Blank lines do not count as rows."""
        number = 0
        for block in self._parts(columns):
            if block[0]:
                yield number, block
                number += len(block[0])
        if number == 0:
            raise self.problem(-1, "file", f"a header ({self._columns()}) and no row", "a recording with rows")

    def problem(self, row: int, what: str, found: str, expected: str) -> ScenarioError:
        """Return the problem of a row; rows are counted from 0, and -1 is the header."""
        found = found if len(found) <= 120 else found[:117] + "..."
        return ScenarioError([Problem(self.line(row), 1, what, found, expected, file=str(self.path))])

    def line(self, row: int) -> int:
        """Return the line of a row in the file, counted from 1.

        It reads the file again, so it is used in error messages only.
        """
        if row < 0:
            return 1
        with self._open() as stream:
            rows = csv.reader(stream, delimiter=self._separator, skipinitialspace=True)
            given = (rows.line_num for one in rows if not _is_blank(one))
            try:
                return next(itertools.islice(given, row + 1, None), row + 2)
            except (csv.Error, OSError, EOFError, zlib.error):  # the row itself cannot be read
                return rows.line_num + 1

    # --- the file ----------------------------------------------------------------------------------------------

    def _parts(self, columns: Sequence[int]) -> Iterator[list[list[str]]]:
        """Yield parts of the columns.

        Text without quotes needs no CSV parser: cutting the columns out of its lines takes a third of the time. From
        the first quote on, the csv module reads the rest.
        """
        rows = 0
        try:
            with self._open() as stream:
                self._skip_header(stream)
                rest = ""
                while text := stream.read(_PART_CHARACTERS):
                    text = rest + text
                    if '"' in text:
                        for part in self._quoted(
                            itertools.chain(text.splitlines(keepends=True), stream), columns, rows
                        ):
                            yield part
                        return
                    whole, _, rest = text.rpartition("\n")
                    self._check_line(rest, rows)
                    lines = whole.split("\n")
                    self._check_line(max(lines, key=len), rows)
                    part = self._plain(lines, columns, rows)
                    rows += len(part[0])
                    yield part
                self._check_line(rest, rows)
                yield self._plain([rest], columns, rows)
        except csv.Error as error:
            raise self.problem(rows, "row", str(error), "CSV") from error
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise self.problem(-1, "file", f"gzip data that breaks off: {error}", "whole") from error
        except OSError as error:
            raise self._no_file(error) from error

    def _plain(self, lines: list[str], columns: Sequence[int], first: int) -> list[list[str]]:
        """Return the rows of lines without quotes. `first` is the number of the first row."""
        separator, most = self._separator, len(self.names) - 1
        if not most or set(map(methodcaller("count", separator), lines)) != {most}:
            lines = [line for line in lines if line and not line.isspace()]
            at = next((n for n, line in enumerate(lines) if line.count(separator) != most), None)
            if at is not None:
                raise self.problem(first + at, "row", lines[at], f"{most + 1} fields")
        if not most:
            return [lines]
        return [
            [line.rsplit(separator, 1)[1] for line in lines]
            if column == most
            else [line.split(separator, column + 1)[column] for line in lines]
            for column in columns
        ]

    def _quoted(self, lines: Iterable[str], columns: Sequence[int], first: int) -> Iterator[list[list[str]]]:
        rows = csv.reader(lines, delimiter=self._separator, skipinitialspace=True)
        given = (row for row in rows if not _is_blank(row))
        while block := list(itertools.islice(given, BLOCK_ROWS)):
            width = len(self.names)
            at = next((n for n, row in enumerate(block) if len(row) != width), None)
            if at is not None:
                raise self.problem(first + at, "row", self._separator.join(block[at]), f"{width} fields")
            yield [[row[column] for row in block] for column in columns]
            first += len(block)

    def _check_line(self, line: str, row: int) -> None:
        if len(line) > LINE_MAX:
            raise self.problem(row, "row", f"a line of more than {LINE_MAX} characters", "CSV")

    def _skip_header(self, stream: TextIO) -> None:
        next((row for row in csv.reader(stream, delimiter=self._separator) if not _is_blank(row)), None)

    def _open(self) -> TextIO:
        """Open the file.

        Bytes that are not UTF-8 become replacement characters, which are rejected where a number is expected.
        """
        if self._zipped:
            return gzip.open(self.path, "rt", encoding="utf-8-sig", errors="replace")
        return self.path.open(encoding="utf-8-sig", errors="replace")

    def _header(self) -> list[str]:
        with self._open() as stream:
            rows = csv.reader(stream, delimiter=self._separator, skipinitialspace=True)
            return [name.strip() for name in next((row for row in rows if not _is_blank(row)), [])]

    def _text(self, head: bytes) -> str:
        """Return the head of the file as text.

        Raises:
            ScenarioError: if it is not text, or text other than CSV.
        """
        for magic, (found, expected) in _KINDS.items():
            if head.startswith(magic):
                raise self.problem(-1, "file", found, expected)
        text = head.decode("utf-8-sig", errors="replace")
        start = text.lstrip()
        if not start:
            raise self.problem(-1, "file", "empty", _CSV)
        if _CONTROLS.search(text) or text.count("\ufffd") > len(text) / 3:
            raise self.problem(-1, "file", "bytes that are not text", _CSV)
        if _JSON.match(start) and _is_json(start):
            raise self.problem(-1, "file", "JSON", f"{_CSV}: jq -r '... | @csv' writes it")
        if start.startswith("<"):
            raise self.problem(-1, "file", "HTML or XML", _CSV)
        if len(head) >= HEAD_BYTES and "\n" not in text and "\r" not in text:
            raise self.problem(-1, "file", f"a first line of more than {HEAD_BYTES} bytes", _CSV)
        return text

    def _columns(self) -> str:
        shown = ", ".join(self.names[:COLUMNS_UNNAMED_MAX])
        return shown + (", ..." if len(self.names) > COLUMNS_UNNAMED_MAX else "")

    def _no_file(self, error: OSError) -> ScenarioError:
        found = error.strerror or str(error) or type(error).__name__
        return ScenarioError([Problem(1, 1, "file", found, "a file that can be read", file=str(self.path))])


def is_number(text: str) -> bool:
    """Return True for a number, including `nan` and infinities, which programs write for unknown values.

    Such a text is not the name of a column.
    """
    if text.strip().lower() in _NOT_FINITE:
        return True
    try:
        parse_number(text)
    except ValueError:
        return False
    return True


def _head(path: Path) -> tuple[bytes, bool]:
    """Return the first bytes of the content, and whether the file is compressed."""
    with path.open("rb") as stream:
        head = stream.read(HEAD_BYTES)
    if not head.startswith(_GZIP):
        return head, False
    with gzip.open(path) as stream:
        try:
            return stream.read(HEAD_BYTES), True
        except (EOFError, zlib.error) as error:
            raise OSError(f"gzip data that breaks off: {error}") from error


def _separator(text: str) -> str:
    """Return the most frequent separator in the header; a comma if there is none, because the file has one column."""
    header = _QUOTED.sub("", next((line for line in text.splitlines() if line.strip()), ""))
    return max(_SEPARATORS, key=header.count)


def _is_json(start: str) -> bool:
    """Return True if JSON begins here: one document, truncated or complete, or one document per line."""
    line = start.partition("\n")[0]
    try:
        json.JSONDecoder().raw_decode(line)
    except json.JSONDecodeError as error:
        return error.pos > 1 or start.startswith(("{\n", "{\r", "[\n", "[\r", "{ ", "[ "))
    return True


def _is_blank(row: Row) -> bool:
    return not row or (len(row) == 1 and not row[0].strip())
