"""Tables as files: any rows, and the runs of a comparison."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from simulator.lab.compare.comparison import Comparison, run_rows
from simulator.lab.table_file import write_table


def test_a_table_has_every_column_of_every_row(tmp_path: Path) -> None:
    write_table([{"a": 1, "b": 2.5}, {"a": 2, "error": "no"}], tmp_path / "t.csv")
    with (tmp_path / "t.csv").open() as file:
        assert list(csv.DictReader(file)) == [{"a": "1", "b": "2.5", "error": ""}, {"a": "2", "b": "", "error": "no"}]


def test_parquet_keeps_types_and_mixed_columns_become_text(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    write_table([{"a": 1, "b": 2, "c": "x"}, {"a": 2, "b": 2.5, "c": 3}], tmp_path / "t.parquet")
    assert parquet.read_table(tmp_path / "t.parquet").to_pylist() == [
        {"a": 1, "b": 2.0, "c": "x"},
        {"a": 2, "b": 2.5, "c": "3"},
    ]


def test_every_run_is_a_row(comparison: Comparison, tmp_path: Path) -> None:
    file = tmp_path / "runs.csv"
    write_table(run_rows(comparison), file)
    with file.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == len(comparison.cases[0].rows) * 3
    assert [row["seed"] for row in rows[:3]] == ["3", "4", "5"]
    own = comparison.cases[0].rows[0]
    assert [float(row["score"]) for row in rows[:3]] == own.values["score"]


def test_parquet_has_the_same_rows(comparison: Comparison, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    file = tmp_path / "runs.parquet"
    write_table(run_rows(comparison), file)
    table = parquet.read_table(file).to_pydict()
    assert table["candidate"][:3] == ["configured"] * 3
    assert table["score"][:3] == comparison.cases[0].rows[0].values["score"]
