"""A file that keeps the results of finished units, so that an interrupted batch resumes and plays only what is missing.

Each line is a JSON object, written before the result is reported:

    digest     of the other members: a line that was truncated or changed is recognised
    simulator  the version of the code (code_version.py)
    unit       what was played, in full: scenario, digest of its files, settings, seed
    result     what it gave

A line is used for a unit with the same description, played by the same code; so the settings, seeds and candidates of a
batch may change between two starts. Lines of another version, and damaged ones, stay in the file and are named.
"""

from __future__ import annotations

import dataclasses
import fcntl
import hashlib
import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Generic, Self, TextIO

from pydantic import TypeAdapter, ValidationError

from simulator.lab.workers.code_version import code_version
from simulator.lab.workers.worker_pool import Result, Unit

Description = Mapping[str, Any]
"""What a unit is, as JSON: everything that its result depends on, except the code."""

_BEGINNING: Final = '{"digest": "'
_DIGEST_LENGTH: Final = 16


class ResultsConflict(Exception):
    """The file is in use by another process, or is not a file of results."""


class KeptResults(Generic[Unit, Result]):
    """The file, open and locked within its context manager, which creates it if it does not exist."""

    def __init__(
        self,
        path: Path,
        result_type: type[Result],
        describe: Callable[[Unit], Description],
        is_final: Callable[[Result], bool] = lambda _: True,
    ) -> None:
        """Keep results of `result_type`, for pydantic. Those that are not final, such as errors, are not kept."""
        self.path = path
        self.notes: list[str] = []  # about lines that are not used
        self.foreign = 0  # lines of another version
        self._adapter: TypeAdapter[Result] = TypeAdapter(result_type)
        self._describe = describe
        self._is_final = is_final
        self._found: dict[str, Result] = {}
        self._file: TextIO | None = None

    def found(self, unit: Unit) -> Result | None:
        """Return the result of a unit that an earlier start has played; None if there is none."""
        return self._found.get(_text(self._describe(unit)))

    def keep(self, unit: Unit, result: Result) -> None:
        """Write the result of a unit, if it is final."""
        if not self._is_final(result):
            return
        assert self._file is not None, "the file is open"
        line = {"simulator": code_version(), "unit": self._describe(unit), "result": _readable(result)}
        line = json.loads(json.dumps(line, default=_plain))
        self._file.write(json.dumps({"digest": _digest(line), **line}) + "\n")
        self._file.flush()
        self._found[_text(line["unit"])] = result

    def others(self, units: Iterable[Unit]) -> int:
        """Return the number of kept results that are of none of these units."""
        return len(self._found.keys() - {_text(self._describe(unit)) for unit in units})

    def __enter__(self) -> Self:
        """Open, lock and read the file.

        Raises:
            ResultsConflict: if another process uses the file, or it has other content.
            OSError: if the file cannot be opened.
        """
        self._file = self.path.open("a+", encoding="utf-8")
        try:
            self._lock(self._file)
            self._read(self._file)
        except BaseException:
            self._file.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._file is not None, "the file is open"
        self._file.close()

    def _lock(self, file: TextIO) -> None:
        """Two processes with one file would play every unit twice."""
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            msg = f"{self.path} is in use by another process; wait for it, or choose another file"
            raise ResultsConflict(msg) from error

    def _read(self, file: TextIO) -> None:
        """Read the results; remove a last line that a crash has truncated."""
        lines = self._lines(file)
        damaged: list[int] = []
        foreign: dict[str, list[int]] = {}
        for number, line in enumerate(lines, 1):
            entry = _entry(line)
            if entry is None:
                damaged.append(number)
            elif entry["simulator"] != code_version():
                foreign.setdefault(str(entry["simulator"]), []).append(number)
            else:
                try:
                    self._found[_text(entry["unit"])] = self._adapter.validate_python(entry["result"])
                except ValidationError:
                    damaged.append(number)
        if lines and len(damaged) == len(lines):
            msg = f"{self.path} has no results in it (line 1 is {lines[0].strip()[:40]!r}); choose another file"
            raise ResultsConflict(msg)
        if damaged:
            self.notes.append(f"{self.path}: {_numbers(damaged)} damaged; the results are not used")
        for version, numbers in foreign.items():
            self.foreign += len(numbers)
            self.notes.append(
                f"{self.path}: {_numbers(numbers)} of another simulator, {version}, and this is {code_version()}; "
                "the results are not used"
            )

    def _lines(self, file: TextIO) -> list[str]:
        file.seek(0)
        try:
            lines = list(file)
        except UnicodeDecodeError:
            lines = ["\ufffd\n"]
        if lines and not lines[-1].endswith("\n"):
            last = lines.pop()
            if not (last.startswith(_BEGINNING) or _BEGINNING.startswith(last)):
                msg = f"{self.path} has no results in it (it ends with {last.strip()[:40]!r}); choose another file"
                raise ResultsConflict(msg)
            os.truncate(file.fileno(), sum(len(line.encode()) for line in lines))
        file.seek(0, os.SEEK_END)
        return lines


def _entry(line: str) -> dict[str, Any] | None:
    """Return the members of a line; None if it is damaged."""
    try:
        entry = json.loads(line)
        digest = entry.pop("digest")
    except (ValueError, TypeError, AttributeError, KeyError):
        return None
    if list(entry) != ["simulator", "unit", "result"] or digest != _digest(entry):
        return None
    return entry  # type: ignore[no-any-return]


def _digest(entry: Mapping[str, Any]) -> str:
    return hashlib.sha256(_text(entry).encode()).hexdigest()[:_DIGEST_LENGTH]


def _text(value: Any) -> str:
    """Return the text that is equal for equal values."""
    return json.dumps(value, sort_keys=True, default=_plain)


def _readable(value: Any) -> Any:
    """Return a value in which all that has named fields is a mapping, which pydantic reads as well."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {each.name: _readable(getattr(value, each.name)) for each in dataclasses.fields(value)}
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return {name: _readable(each) for name, each in value._asdict().items()}
    if isinstance(value, Mapping):
        return {name: _readable(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_readable(each) for each in value]
    return value


def _plain(value: Any) -> Any:
    """Return a value of numpy as one that JSON has."""
    return value.item()


def _numbers(numbers: Sequence[int]) -> str:
    """Return `line 3 is`, or `lines 1 to 4 and 7 are`."""
    ranges: list[list[int]] = []
    for number in numbers:
        if ranges and number == ranges[-1][-1] + 1:
            ranges[-1] = [ranges[-1][0], number]
        else:
            ranges.append([number, number])
    texts = [str(first) if first == last else f"{first} to {last}" for first, last in ranges]
    text = ", ".join(texts[:-1]) + " and " * (len(texts) > 1) + texts[-1]
    return f"line {text} is" if len(numbers) == 1 else f"lines {text} are"
