"""Data files of sessions: what is read, and what is rejected."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from simulator.scenario.files.data_file import data_columns, data_rows, repetition


def file_of(folder: Path, content: bytes) -> Path:
    file = folder / "users.csv"
    file.write_bytes(content)
    return file


def test_rows_repeat_in_order(tmp_path: Path) -> None:
    file = file_of(tmp_path, b"name,age\nann,1\nbob,2\n")
    assert data_columns(file) == ["name", "age"]
    names = [row["name"] for row in itertools.islice(data_rows(file), 5)]
    assert names == ["ann", "bob", "ann", "bob", "ann"]


def test_a_byte_order_mark_is_no_part_of_a_name(tmp_path: Path) -> None:
    assert data_columns(file_of(tmp_path, b"\xef\xbb\xbfname\nann\n")) == ["name"]


def test_a_missing_value_is_empty(tmp_path: Path) -> None:
    file = file_of(tmp_path, b"name,age\nann\n")
    assert next(data_rows(file)) == {"name": "ann", "age": ""}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "must have a header and at least one row"),
        (b"name,age\n", "must have a header and at least one row"),
        (b"name\n\xff\n", "must be a CSV file in UTF-8"),
        (b"name,name\na,b\n", "must have each column once: name is column 1 and column 2"),
    ],
)
def test_another_file_is_rejected_by_its_name(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=f"data = users.csv, {message}"):
        data_columns(file_of(tmp_path, content))


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["a", "b", "c"], ""),
        (["a", "b", "a"], "a is column 1 and column 3"),
        (["x", "n", "n", "x"], "n is column 2 and column 3"),
        (["", "", "a"], ""),
        (["1", "1"], ""),
        (["-1.5", "-1.5", ".5", ".5"], ""),
        (["2026-01-01", "2026-01-01"], ""),
        ([], ""),
    ],
)
def test_the_first_repeated_name_is_described(names: list[str], found: str) -> None:
    assert repetition(names) == found
