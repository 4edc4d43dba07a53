"""A file to import: its first bytes, and its content as a stream, decompressed if it is gzip, bzip2 or xz."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import lzma
import zlib
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO, Final

from simulator.scenario.problems import Problem, ScenarioError

HEAD_BYTES: Final = 64 * 1024
PART_BYTES: Final = 4 * 1024**2
# A longer line is no row of any format; a file of such lines would otherwise be read into memory as a whole.
LINE_BYTES_MAX: Final = 1024**2

_GZIP: Final = b"\x1f\x8b"
_BZIP2: Final = b"BZh"
_XZ: Final = b"\xfd7zXZ\x00"
# Containers whose members are not read: kind, and how to unpack them.
_PACKED: Final = MappingProxyType(
    {
        b"PK\x03\x04": ("a zip archive", "one of its files: unzip it first"),
        b"Rar!": ("a RAR archive", "one of its files: unar or bsdtar -x unpacks it"),
        b"7z\xbc\xaf\x27\x1c": ("a 7-Zip archive", "one of its files: 7z x unpacks it"),
        b"\x28\xb5\x2f\xfd": ("Zstandard data", "plain, or compressed by gzip, bzip2 or xz: zstd -d F"),
        b"PAR1": ("a Parquet file", "CSV: pandas.read_parquet(F).to_csv(G, index=False)"),
    }
)
_TAR_AT: Final = 257
_READ_ERRORS: Final = (OSError, EOFError, zlib.error, lzma.LZMAError)


class InputFile:
    """One file of the user.

    Raises:
        ScenarioError: from every method, if the file cannot be read or is an archive.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @cached_property
    def head(self) -> bytes:
        """The first bytes of the content, at most `HEAD_BYTES`."""
        try:
            with self._open() as stream:
                head = stream.read(HEAD_BYTES)
        except _READ_ERRORS as error:
            raise self._unreadable(error) from error
        for magic, (found, expected) in _PACKED.items():
            if head.startswith(magic):
                raise self.problem(1, "file", found, expected)
        if head[_TAR_AT : _TAR_AT + 5] == b"ustar":
            raise self.problem(1, "file", "a tar archive", "one of its files: tar -xf F unpacks it")
        if not head:
            raise self.problem(1, "file", "empty", "a recording with rows")
        return head

    @cached_property
    def first_lines(self) -> list[str]:
        """The complete lines among the first bytes, without line ends; the only line of a file that has one."""
        lines = self.head.decode("utf-8-sig", errors="replace").splitlines(keepends=True)
        whole = [line for line in lines if line.endswith(("\n", "\r"))] or lines[:1]
        return [line.rstrip("\r\n") for line in whole]

    def parts(self, unit: int = 1) -> Iterator[bytes]:
        """Yield the content in parts of whole units of `unit` bytes; only the last may be shorter."""
        rest = b""
        for part in self._read():
            part = rest + part
            whole = len(part) - len(part) % unit
            rest = part[whole:]
            yield part[:whole]
        if rest:
            yield rest

    def lines(self) -> Iterator[tuple[int, list[bytes]]]:
        """Yield whole lines in blocks, each with the number of its first line, counted from 1."""
        for number, text in self.texts():
            yield number, text.split(b"\n")

    def texts(self) -> Iterator[tuple[int, bytes]]:
        """Yield the content in blocks of whole lines, without the last line end, each with its first line's number."""
        rest, number = b"", 1
        for part in self._read():
            whole, separator, rest = (rest + part).rpartition(b"\n")
            if len(rest) > LINE_BYTES_MAX:
                raise self.problem(number, "row", f"a line of more than {LINE_BYTES_MAX} bytes", "a text of lines")
            if separator:
                yield number, whole
                number += whole.count(b"\n") + 1
        if rest:
            yield number, rest

    @contextlib.contextmanager
    def read_as(self, what: str) -> Iterator[None]:
        """Convert the errors of a reader that meets a value of another type or form than `what` has.

        Readers name the line of what is usually wrong; this is for everything else, such as an object in the place of a
        number, which must not look like a fault of the simulator.
        """
        try:
            yield
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            found = f"an entry that cannot be read ({type(error).__name__}: {error})"
            raise self.problem(1, "file", found, f"in the form of {what}") from error

    def problem(self, line: int, what: str, found: str, expected: str, near: str = "") -> ScenarioError:
        """Return the problem of a line of this file."""
        found = found if len(found) <= 120 else found[:117] + "..."
        return ScenarioError([Problem(line, 1, what, found, expected, near, str(self.path))])

    def _read(self) -> Iterator[bytes]:
        try:
            with self._open() as stream:
                while part := stream.read(PART_BYTES):
                    yield part
        except _READ_ERRORS as error:
            raise self._unreadable(error) from error

    def _open(self) -> BinaryIO | gzip.GzipFile | bz2.BZ2File | lzma.LZMAFile:
        with self.path.open("rb") as stream:
            magic = stream.read(8)
        if magic.startswith(_GZIP):
            return gzip.GzipFile(self.path)
        if magic.startswith(_BZIP2):
            return bz2.BZ2File(self.path)
        return lzma.LZMAFile(self.path) if magic.startswith(_XZ) else self.path.open("rb")

    def _unreadable(self, error: Exception) -> ScenarioError:
        text = getattr(error, "strerror", None) or str(error) or type(error).__name__
        return self.problem(1, "file", text, "a file that can be read to its end")
