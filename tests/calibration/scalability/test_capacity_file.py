"""Capacity files: the columns by their names, and errors that name the row."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulator.calibration.scalability.capacity_file import is_capacity, read_capacity
from simulator.ingest.input_file import InputFile
from simulator.scenario.problems import ScenarioError

ROWS = "1,20\n2,38\n4,70\n8,110\n"


def file_of(tmp_path: Path, text: str) -> InputFile:
    path = tmp_path / "capacity.csv"
    path.write_text(text, encoding="utf-8")
    return InputFile(path)


@pytest.mark.parametrize("header", ["concurrency,throughput", "N,X", '"users", "X"', "\ufeffn,x"])
def test_the_columns_have_several_names(tmp_path: Path, header: str) -> None:
    file = file_of(tmp_path, f"{header}\n{ROWS}\n")

    capacity = read_capacity(file)

    assert is_capacity(file)
    assert capacity.loads.tolist() == [1, 2, 4, 8]
    assert capacity.throughputs.tolist() == [20, 38, 70, 110]


def test_further_columns_and_repeated_loads_are_allowed(tmp_path: Path) -> None:
    file = file_of(tmp_path, "note,throughput,p95,concurrency\na,20,1,1\nb,21,1,1\nc,38,1,2\nd,70,1,4\ne,9,1,8\n")

    assert read_capacity(file).loads.tolist() == [1, 1, 2, 4, 8]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"concurency,throughput\n{ROWS}", "columns = concurency, throughput, must be concurrency and throughput"),
        (f"N,X\n{ROWS}0.5,9\n", "6:1: load = '0.5', must be a number, at least 1"),
        (f"N,X\n{ROWS}9,fast\n", "6:1: throughput = 'fast', must be a number"),
        (f"N,X\n{ROWS}9\n", "6:1: throughput = '', must be a number"),
        (f"N,X\n{ROWS}9,0\n", "6:1: throughput = 0, must be above 0"),
        ("N,X\n1,2\n2,3\n2,3\n4,5\n", "loads = 3 different, must be at least 4"),
        ("N,X\n", "loads = 0 different"),
    ],
)
def test_errors_name_the_row_and_what_is_expected(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ScenarioError) as error:
        read_capacity(file_of(tmp_path, text))

    assert message in str(error.value)


def test_another_csv_file_is_none(tmp_path: Path) -> None:
    assert not is_capacity(file_of(tmp_path, "source,intended_s,latency_s\nweb,1,2\n"))
