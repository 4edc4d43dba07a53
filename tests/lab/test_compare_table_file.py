"""The runs of a comparison as rows of a file."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from simulator.lab.compare.comparison import Comparison
from simulator.lab.compare_table_file import write_runs


def test_every_run_is_a_row(comparison: Comparison, tmp_path: Path) -> None:
    file = tmp_path / "runs.csv"
    write_runs(comparison, file)
    with file.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == len(comparison.cases[0].rows) * 3
    assert [row["seed"] for row in rows[:3]] == ["3", "4", "5"]
    own = comparison.cases[0].rows[0]
    assert [float(row["score"]) for row in rows[:3]] == own.values["score"]


def test_parquet_has_the_same_rows(comparison: Comparison, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    file = tmp_path / "runs.parquet"
    write_runs(comparison, file)
    table = parquet.read_table(file).to_pydict()
    assert table["candidate"][:3] == ["configured"] * 3
    assert table["score"][:3] == comparison.cases[0].rows[0].values["score"]
