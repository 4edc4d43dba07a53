"""`simulator sweep` as a command."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from typer.testing import CliRunner

from simulator.cli import app
from tests.lab.scenario_files import small_scenario


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--vary", "max_size"], "must be a field and its values"),
        (["--vary", "max_size=500x,2"], "max_size = 500x"),
        (["--vary", "maxsize=1,2"], "did you mean `max_size`"),
        (["--vary", "max_size=1,2", "--out", "x.txt"], "must end in .parquet or .csv"),
        (["--vary", "max_size=1,2", "--vary", "max_size=3"], "must be given once"),
    ],
)
def test_bad_input_ends_with_2_and_says_what_is_expected(tmp_path: Path, options: list[str], expected: str) -> None:
    done = CliRunner().invoke(app, ["sweep", str(small_scenario(tmp_path)), *options])
    assert done.exit_code == 2
    assert expected in done.stderr


@pytest.mark.slow
def test_a_sweep_writes_its_table_and_chart_and_tells_what_failed(tmp_path: Path) -> None:
    out, chart = tmp_path / "out.csv", tmp_path / "chart.png"
    options = ["--vary", "max_size=1,3", "--vary", "min_size=1,2", "--out", str(out), "--chart", str(chart)]
    done = CliRunner().invoke(app, ["sweep", str(small_scenario(tmp_path)), *options, "--workers", "2"])
    assert done.exit_code == 1, done.output
    with out.open() as file:
        rows = list(csv.DictReader(file))
    assert [bool(row["error"]) for row in rows] == [False, True, False, False]
    assert "min_size = 2 exceeds max_size = 1" in done.stderr
    assert "Among the points that pass, no other is both" in done.stdout
    assert chart.read_bytes().startswith(b"\x89PNG")
    assert list(tmp_path.glob("*.partial.jsonl")) == []
