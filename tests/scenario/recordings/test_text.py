"""Which files are recordings, and errors that name the kind of any other file."""

from __future__ import annotations

import bz2
import csv
import gzip
import lzma
from pathlib import Path

import pytest

from simulator.scenario.problems import ScenarioError
from simulator.scenario.recordings.text import BLOCK_ROWS, Recording


def rows_of(path: Path) -> list[tuple[str, ...]]:
    recording = Recording(path)
    columns = range(len(recording.names))
    blocks = [zip(*block, strict=True) for _, block in recording.blocks(columns)]
    return [tuple(field.strip() for field in row) for block in blocks for row in block]


@pytest.mark.case("L4")
@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", "empty"),
        (b"\n \n", "empty"),
        (b'{"Values": [1, 2]}', "JSON"),
        (b'[{"at": 1}, {"at": 2}]', "JSON"),
        (b'{"at": 1}\n{"at": 2}\n', "JSON"),
        (b'{\n  "at": 1\n}\n', "JSON"),
        (b"[1, 2, 3]", "JSON"),
        (b"<html><body>no</body></html>", "HTML or XML"),
        (b"PAR1\x15\x04", "a Parquet file"),
        (b"PK\x03\x04\x14\x00", "a zip archive or spreadsheet"),
        (bz2.compress(b"at\n1\n"), "bzip2 data"),
        (lzma.compress(b"at\n1\n"), "xz data"),
        (b"\x28\xb5\x2f\xfd\x04", "Zstandard data"),
        ("at\n1\n".encode("utf-16"), "UTF-16 text"),
        (bytes(range(256)), "bytes that are not text"),
        (b"\x7fELF\x02\x01\x01\x00", "bytes that are not text"),
        (b"x" * 70_000, "a first line of more than 65536 bytes"),
    ],
)
def test_another_kind_of_file_is_rejected_with_its_kind(tmp_path: Path, content: bytes, found: str) -> None:
    file = tmp_path / "r.csv"
    for written in (content, gzip.compress(content)):  # compressed or not
        file.write_bytes(written)
        with pytest.raises(ScenarioError) as caught:
            Recording(file)
        (problem,) = caught.value.problems
        assert (problem.file, problem.found) == (str(file), found)
        assert "CSV text with a header line" in problem.expected


def test_a_file_that_cannot_be_read_is_bad_input(tmp_path: Path) -> None:
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(ScenarioError, match="must be a file that can be read"):
            Recording(path)


@pytest.mark.case("L66")
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_separators_and_gzip_are_read(tmp_path: Path, separator: str) -> None:
    text = separator.join(("at", '"n, of; all|"')) + "\n" + separator.join(("1", "2")) + "\r\n\n3" + separator + " 4\n"
    file = tmp_path / "r.csv"
    for content in (text.encode(), gzip.compress(text.encode()), b"\xef\xbb\xbf" + text.encode()):
        file.write_bytes(content)
        assert Recording(file).names == ["at", "n, of; all|"]
        assert rows_of(file) == [("1", "2"), ("3", "4")]


@pytest.mark.case("L14")
def test_blank_lines_are_no_rows_and_lines_are_counted_with_them(tmp_path: Path) -> None:
    file = tmp_path / "r.csv"
    file.write_text("\nat\n1\n\n  \n2\n\n")
    recording = Recording(file)

    assert rows_of(file) == [("1",), ("2",)]
    assert [recording.line(row) for row in (0, 1)] == [3, 6]


def test_quotes_from_somewhere_on_are_read_over_the_border_of_a_part(tmp_path: Path) -> None:
    """The reader of unquoted text is replaced in the middle of a line."""
    file = tmp_path / "r.csv"
    plain = [(str(n), f"/path/{n}") for n in range(60_000)]
    quoted = [(str(n), f'a "word", and\na line {n}') for n in range(300)]
    with file.open("w", newline="") as stream:
        csv.writer(stream).writerows([("at", "path"), *plain, *quoted])

    assert rows_of(file) == plain + quoted


@pytest.mark.parametrize("row", ["1", "1,2,3", "1,234,5"])
def test_a_row_of_another_width_is_rejected_with_its_line(tmp_path: Path, row: str) -> None:
    file = tmp_path / "r.csv"
    file.write_text("at,n\n" + "0,1\n" * BLOCK_ROWS + f"{row}\n")

    with pytest.raises(ScenarioError, match="must be 2 fields") as caught:
        rows_of(file)
    assert caught.value.problems[0].line == BLOCK_ROWS + 2


@pytest.mark.case("L66")
def test_a_truncated_gzip_file_is_reported(tmp_path: Path) -> None:
    file = tmp_path / "r.csv.gz"
    packed = gzip.compress(("at\n" + "".join(f"{n * 7919 % 100_003}\n" for n in range(50_000))).encode())
    file.write_bytes(packed[: len(packed) // 2])

    with pytest.raises(ScenarioError, match="gzip data that breaks off"):
        rows_of(file)


@pytest.mark.case("L4")
@pytest.mark.parametrize(
    ("names", "named", "message"),
    [
        ("owner,app," + ",".join(map(str, range(1, 1441))), None, "1442 columns, of which 1 to 1440 are numbers"),
        ("owner,app," + ",".join(map(str, range(1, 1441))), "7", "1442 columns, of which 1 to 1440 are numbers"),
        ("a,b,c,d,e,f,g,h,i", None, r"9 columns, must be fewer, or column say which: a, b, c, d, e, f, g, h, \.\.\."),
        ("a,n,n", "n", "n is column 2 and column 3, must be a name for each column"),
        ("a,n,n", "a", "n is column 2 and column 3, must be a name for each column"),
        ("n,a,n", None, "n is column 1 and column 3, must be a name for each column"),
        ("a,count", "cuont", r"must be one with cuont; did you mean `count`\?"),
        ("at,", None, "column 2 without a name"),
    ],
)
def test_a_column_that_can_only_be_guessed_is_rejected(
    tmp_path: Path, names: str, named: str | None, message: str
) -> None:
    file = tmp_path / "r.csv"
    file.write_text(names + "\n" + ",".join("1" for _ in names.split(",")) + "\n")

    with pytest.raises(ScenarioError, match=message):
        Recording(file).column(named, last=True)
