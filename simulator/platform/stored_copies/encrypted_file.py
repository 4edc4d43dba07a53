"""A file encrypted with a data key: AES-256-GCM in pieces, so that it can be written and read as a stream.

The first line is JSON in plain text: a description of the file, and its data key, encrypted by KMS. Pieces of
ciphertext follow, each with its length. The nonce of a piece is its number, which is safe because every file has its
own data key. With each piece, the header and whether it is the last piece are authenticated: reading a file that was
changed, truncated or joined fails.
"""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from simulator.world.private_files import open_private

PIECE_BYTES: Final = 1024 * 1024
_LENGTH: Final = struct.Struct(">I")
_TAG_BYTES: Final = 16
_HEADER_BYTES_MAX: Final = 64 * 1024


class CopyDamaged(Exception):
    """The file has been changed, or is not complete."""


class EncryptedWriter:
    """Writes a new file at `path`, which is complete only after `close`."""

    def __init__(self, path: Path, key: bytes, header: Mapping[str, Any]) -> None:
        self._cipher = AESGCM(key)
        self._header = json.dumps(dict(header)).encode() + b"\n"
        self._file = os.fdopen(open_private(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), "wb")
        self._file.write(self._header)
        self._rest = bytearray()
        self._number = 0

    def write(self, data: bytes) -> int:
        self._rest += data
        while len(self._rest) > PIECE_BYTES:
            self._seal(bytes(self._rest[:PIECE_BYTES]), last=False)
            del self._rest[:PIECE_BYTES]
        return len(data)

    def close(self) -> None:
        """Write the last piece."""
        self._seal(bytes(self._rest), last=True)
        self._file.close()

    def abandon(self) -> None:
        """Close the file without its last piece, so that it cannot be read."""
        self._file.close()

    def _seal(self, data: bytes, *, last: bool) -> None:
        sealed = self._cipher.encrypt(_nonce(self._number), data, _beside(self._header, last=last))
        self._file.write(_LENGTH.pack(len(sealed)) + sealed)
        self._number += 1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, _: object, __: TracebackType | None) -> None:
        if kind is None:
            self.close()
        else:
            self.abandon()


class EncryptedReader:
    """Reads a file. `header` is available before `open` gets the data key. Raises CopyDamaged."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        self._line = self._file.readline(_HEADER_BYTES_MAX)
        try:
            header = json.loads(self._line)
        except ValueError:
            header = None
        if not isinstance(header, dict):
            self._file.close()
            raise CopyDamaged(f"{path} has no header")
        self.header: Mapping[str, Any] = header
        self._path = path
        self._rest = b""
        self._number = 0
        self._at_end = False
        self._cipher: AESGCM | None = None

    def open(self, key: bytes) -> Self:
        self._cipher = AESGCM(key)
        return self

    def read(self, size: int) -> bytes:
        """Return at most `size` bytes; empty at the end of the file."""
        while len(self._rest) < size and not self._at_end:
            self._rest += self._next()
        data, self._rest = self._rest[:size], self._rest[size:]
        return data

    def close(self) -> None:
        self._file.close()

    def _next(self) -> bytes:
        assert self._cipher is not None, "the file is open"
        length = self._file.read(_LENGTH.size)
        size = _LENGTH.unpack(length)[0] if len(length) == _LENGTH.size else 0
        sealed = self._file.read(size) if _TAG_BYTES <= size <= PIECE_BYTES + _TAG_BYTES else b""
        last = not self._file.peek(1)
        if len(sealed) != size:
            raise self._damaged()
        try:
            data = self._cipher.decrypt(_nonce(self._number), sealed, _beside(self._line, last=last))
        except (InvalidTag, ValueError) as error:
            raise self._damaged() from error
        self._number, self._at_end = self._number + 1, last
        return data

    def _damaged(self) -> CopyDamaged:
        return CopyDamaged(f"{self._path} was changed, or is not complete")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _nonce(number: int) -> bytes:
    return number.to_bytes(12, "big")


def _beside(header: bytes, *, last: bool) -> bytes:
    return header + (b"last" if last else b"more")
