"""simulation.log of Gatling in its binary form, since 3.12.

Source: Gatling's LogFileDataWriter and RecordHeader (Apache License 2.0). Integers are big endian. A file begins with a
record of the run: version, class, start in milliseconds since 1970, description, names of scenarios, assertions. The
record of a request has groups, name, start and end in milliseconds since the start, success, message. Since 3.12.1 a
text ends with a byte for its coding, and names are numbered: a negative number stands for a text that came before.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from typing import Final

import numpy as np

from simulator.ingest.blocks import Block, Reading, Requests
from simulator.ingest.format import Format
from simulator.ingest.input_file import InputFile

_RUN, _REQUEST, _USER, _GROUP, _ERROR = range(5)
_VERSION: Final = re.compile(rb"\d+\.\d+[\w.+-]*")
# Longer texts, and more groups around a request, are no records of Gatling but other bytes.
TEXT_BYTES_MAX: Final = 1024**2
_GROUPS_MAX: Final = 1_000
_ROWS: Final = 50_000
# The end of a file whose writer was stopped within a record; what is longer is damage.
_CUT_OFF_MAX: Final = 64 * 1024
_INT: Final = struct.Struct(">i")
_LONG: Final = struct.Struct(">q")
_TIMES: Final = struct.Struct(">ii?")
_UTF16: Final = 1


class _Damaged(ValueError):
    """Bytes that are no record: what was found."""


class _CutOff(Exception):
    """The bytes end within a record."""


class _Bytes:
    """Reads values one after the other."""

    def __init__(self, content: bytes, *, is_coded: bool, texts: dict[int, bytes]) -> None:
        self._content = content
        self._is_coded = is_coded
        self._texts = texts
        self.at = 0

    def byte(self) -> int:
        return self._taken(1)[0]

    def whole(self) -> int:
        value: int = _INT.unpack(self._taken(_INT.size))[0]
        return value

    def long(self) -> int:
        value: int = _LONG.unpack(self._taken(_LONG.size))[0]
        return value

    def times(self) -> tuple[int, int, bool]:
        """Return start and end of a request, and whether it passed."""
        start_ms, end_ms, passed = _TIMES.unpack(self._taken(_TIMES.size))
        return start_ms, end_ms, passed

    def text(self) -> bytes:
        content = self._taken(self._size())
        if content and self._is_coded and self.byte() == _UTF16:
            content = content.decode("utf-16-le", errors="replace").encode()
        return content

    def name(self) -> bytes:
        """Return a text that may have come before."""
        if not self._is_coded:
            return self.text()
        number = self.whole()
        if number >= 0:
            self._texts[number] = self.text()
            return self._texts[number]
        if -number not in self._texts:
            raise _Damaged(f"a reference to text {-number}, which did not come before")
        return self._texts[-number]

    def skip_groups(self) -> None:
        count = self.whole()
        if not 0 <= count <= _GROUPS_MAX:
            raise _Damaged(f"{count} groups around a request")
        for _ in range(count):
            self.name()

    def skip_bytes(self) -> None:
        self._taken(self._size())

    def _size(self) -> int:
        size = self.whole()
        if not 0 <= size <= TEXT_BYTES_MAX:
            raise _Damaged(f"a text of {size} bytes")
        return size

    def _taken(self, size: int) -> bytes:
        end = self.at + size
        if end > len(self._content):
            raise _CutOff
        content = self._content[self.at : end]
        self.at = end
        return content


def _is_gatling_binary(file: InputFile) -> bool:
    return _version(file.head) is not None


def _version(head: bytes) -> bytes | None:
    """Return the version of Gatling at the start of a binary log; None for another file."""
    if len(head) < 9 or head[0] != _RUN:
        return None
    size: int = _INT.unpack_from(head, 1)[0]
    version = head[5 : 5 + size] if 3 <= size <= 40 else b""
    return version if _VERSION.fullmatch(version) else None


def _has_codes(head: bytes, version: bytes) -> bool:
    """Return True if texts end with their coding: then 0, and the length of the next text, follow the version."""
    behind = head[5 + len(version) : 9 + len(version)]
    return behind == b"\0\0\0\0"  # without codings this would be the length of the name of a class


def _requests(file: InputFile, reading: Reading) -> Iterator[Block]:
    version = _version(file.head)
    if version is None:
        raise file.problem(1, "file", "no record of a run", "a binary simulation.log of Gatling, since 3.12")
    is_coded, texts = _has_codes(file.head, version), dict[int, bytes]()
    rest, offset = b"", 0
    run_start_ms: int | None = None
    for part in file.parts():
        content = _Bytes(rest + part, is_coded=is_coded, texts=texts)
        rows: list[tuple[int, int, bool, bytes]] = []
        begin = 0
        try:
            while True:
                begin = content.at
                if run_start_ms is None:
                    run_start_ms = _run(content)
                elif (row := _record(content)) is not None:
                    rows.append(row)
        except _CutOff:
            pass
        except _Damaged as error:
            expected = "a record of Gatling"
            raise file.problem(1, f"byte {offset + begin}", str(error), expected) from error
        for at in range(0, len(rows), _ROWS):
            assert run_start_ms is not None
            yield _block(rows[at : at + _ROWS], run_start_ms, reading)
        rest, offset = (rest + part)[begin:], offset + begin
        if len(rest) > TEXT_BYTES_MAX * 2:
            raise file.problem(1, f"byte {offset}", "a record of more than 2 MB", "a record of Gatling")
    if len(rest) > _CUT_OFF_MAX:
        raise file.problem(1, f"byte {offset}", f"a record of more than {len(rest)} bytes", "a record of Gatling")
    reading.skipped += bool(rest)


def _run(content: _Bytes) -> int:
    """Read the record of the run; return its start in milliseconds since 1970."""
    content.byte()
    for _ in range(2):
        content.text()
    start_ms = content.long()
    content.text()
    for _ in range(_count(content)):
        content.text()
    for _ in range(_count(content)):
        content.skip_bytes()
    return start_ms


def _count(content: _Bytes) -> int:
    count = content.whole()
    if not 0 <= count <= TEXT_BYTES_MAX:
        raise _Damaged(f"a list of {count} texts")
    return count


def _record(content: _Bytes) -> tuple[int, int, bool, bytes] | None:
    """Read a record; return start, end, success and name of a request, None for another one."""
    kind = content.byte()
    if kind == _REQUEST:
        content.skip_groups()
        name = content.name()
        start_ms, end_ms, passed = content.times()
        content.name()
        return (start_ms, end_ms, passed, name) if end_ms >= start_ms else None
    if kind == _USER:
        content.whole()
        content.byte()
        content.whole()
    elif kind == _GROUP:
        content.skip_groups()
        for _ in range(3):
            content.whole()
        content.byte()
    elif kind == _ERROR:
        content.name()
        content.whole()
    else:
        raise _Damaged(f"a record of kind {kind}")
    return None


def _block(rows: list[tuple[int, int, bool, bytes]], run_start_ms: int, reading: Reading) -> Requests:
    starts, ends, passed, names = zip(*rows, strict=True)
    starts_ms = np.array(starts, dtype=np.float64)
    routes = reading.routes.numbers([b"GET /" + b"-".join(name.split()) for name in names])
    status = np.where(np.array(passed), 200, 0).astype(np.int64)
    lengths_s = (np.array(ends, dtype=np.float64) - starts_ms) / 1000
    return Requests((run_start_ms + starts_ms) / 1000, None, lengths_s, routes, status)


GATLING_BINARY: Final = Format(
    "gatling-binary",
    "simulation.log of Gatling, in its binary form (since 3.12)",
    _is_gatling_binary,
    _requests,
    has_functions=False,
    kept=("start and end of each request; its name as a path",),
    dropped=("users, groups, errors",),
)
