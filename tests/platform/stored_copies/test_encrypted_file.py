"""Encrypted files: they decrypt to what was written, and a file that was changed is rejected."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.platform.stored_copies import encrypted_file
from simulator.platform.stored_copies.encrypted_file import CopyDamaged, EncryptedReader, EncryptedWriter

KEY, OTHER = b"k" * 32, b"o" * 32


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encrypted_file, "PIECE_BYTES", 100)


def written(path: Path, data: bytes, key: bytes = KEY, step: int = 37, **header: str) -> bytes:
    with EncryptedWriter(path, key, {"what": "a test", **header}) as writer:
        for start in range(0, len(data), step):
            writer.write(data[start : start + step])
    return path.read_bytes()


def read(path: Path, key: bytes = KEY, size: int = 33) -> bytes:
    with EncryptedReader(path) as reader:
        reader.open(key)
        return b"".join(iter(lambda: reader.read(size), b""))


@pytest.mark.parametrize("length", [0, 1, 99, 100, 101, 200, 1000])
def test_what_is_read_is_what_was_written(tmp_path: Path, length: int) -> None:
    data = bytes(number % 251 for number in range(length))
    raw = written(tmp_path / "file", data)
    assert read(tmp_path / "file") == data
    assert length < 20 or data[:20] not in raw
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o600
    with EncryptedReader(tmp_path / "file") as reader:
        assert reader.header == {"what": "a test"}


def test_every_changed_byte_is_found(tmp_path: Path) -> None:
    raw = written(tmp_path / "file", b"x" * 250)
    for place in range(len(raw)):
        changed = bytearray(raw)
        changed[place] ^= 1
        (tmp_path / "changed").write_bytes(changed)
        with pytest.raises(CopyDamaged):
            read(tmp_path / "changed")


def test_a_file_that_is_truncated_extended_or_joined_is_not_read(tmp_path: Path) -> None:
    raw, other = (written(tmp_path / name, b"x" * 250, name=name) for name in ("one", "two"))
    header = raw.index(b"\n") + 1
    first, second = header + 4 + 100 + 16, header + 2 * (4 + 100 + 16)  # the ends of pieces
    for content in (
        *(raw[:length] for length in range(len(raw))),
        raw + b"\0",
        raw + raw[header:],
        raw[:header] + raw[first:],
        raw[:header] + raw[first:second] + raw[header:first] + raw[second:],
        raw[:header] + other[header:],
        b"",
    ):
        (tmp_path / "bad").write_bytes(content)
        with pytest.raises(CopyDamaged):
            read(tmp_path / "bad")


def test_another_key_reads_nothing_and_a_file_in_progress_is_not_complete(tmp_path: Path) -> None:
    written(tmp_path / "file", b"x" * 50)
    with pytest.raises(CopyDamaged, match="was changed, or is not complete"):
        read(tmp_path / "file", OTHER)

    def fails() -> None:
        with EncryptedWriter(tmp_path / "half", KEY, {}) as writer:
            writer.write(b"x" * 150)
            raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011 the one that it raises
        fails()
    with pytest.raises(CopyDamaged):
        read(tmp_path / "half")
