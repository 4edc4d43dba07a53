from __future__ import annotations

import bz2
import gzip
import lzma
import tarfile
import zipfile
from pathlib import Path

import pytest

from simulator.ingest import input_file
from simulator.ingest.input_file import InputFile
from simulator.scenario.problems import ScenarioError


@pytest.mark.parametrize("compress", [bytes, gzip.compress, bz2.compress, lzma.compress])
def test_content_is_decompressed(tmp_path: Path, compress: type[bytes]) -> None:
    file = tmp_path / "data"
    file.write_bytes(compress(b"one\ntwo\nthree"))

    assert InputFile(file).first_lines == ["one", "two"]
    assert [line for _, lines in InputFile(file).lines() for line in lines] == [b"one", b"two", b"three"]


def test_lines_are_whole_and_numbered_whatever_the_size_of_a_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "data"
    text = b"".join(b"line %d\n" % number for number in range(1, 100)) + b"line 100"
    file.write_bytes(text)

    for size in (3, 7, 64, 1000):
        monkeypatch.setattr(input_file, "PART_BYTES", size)
        numbered = [(first + at, line) for first, lines in InputFile(file).lines() for at, line in enumerate(lines)]
        assert numbered == [(number, b"line %d" % number) for number in range(1, 101)]
        assert b"".join(InputFile(file).parts(20)) == text
        assert all(len(part) % 20 == 0 for part in list(InputFile(file).parts(20))[:-1])


def test_archives_name_the_program_that_unpacks_them(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x\n")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(tmp_path / "a.csv", "a.csv")
    with tarfile.open(tmp_path / "a.tar.xz", "w:xz") as tar:
        tar.add(tmp_path / "a.csv", "a.csv")

    with pytest.raises(ScenarioError, match="a zip archive, must be one of its files: unzip"):
        _ = InputFile(tmp_path / "a.zip").head
    with pytest.raises(ScenarioError, match="a tar archive, must be one of its files: tar -xf"):
        _ = InputFile(tmp_path / "a.tar.xz").head


def test_files_that_cannot_be_read_are_problems(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    (tmp_path / "cut.gz").write_bytes(gzip.compress(b"line\n" * 100_000)[:-200])

    with pytest.raises(ScenarioError, match="No such file"):
        _ = InputFile(tmp_path / "none").head
    with pytest.raises(ScenarioError, match="file = empty, must be a recording with rows"):
        _ = InputFile(tmp_path / "empty").head
    with pytest.raises(ScenarioError, match="must be a file that can be read to its end"):
        list(InputFile(tmp_path / "cut.gz").lines())


def test_a_file_without_line_ends_is_not_read_into_memory(tmp_path: Path) -> None:
    file = tmp_path / "long"
    file.write_bytes(b"x" * (6 * 1024**2))

    with pytest.raises(ScenarioError, match="a line of more than 1048576 bytes"):
        list(InputFile(file).lines())
