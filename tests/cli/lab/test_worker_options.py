"""Options of workers and of the file of results, as commands have them."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from typer.testing import CliRunner

from simulator.cli import app
from tests.lab.scenario_files import small_scenario

RUN = CliRunner()


def _compare(folder: Path, *more: str) -> list[str]:
    scenario = str(small_scenario(folder))
    return ["compare", scenario, "--policy", "configured", "--seeds", "2", "--no-oracle", "--workers", "1", *more]


def test_a_comparison_resumes_from_its_file(tmp_path: Path) -> None:
    file = tmp_path / "runs.jsonl"
    whole = RUN.invoke(app, _compare(tmp_path))
    first = RUN.invoke(app, _compare(tmp_path, "--resume", str(file)))
    lines = file.read_text().splitlines(keepends=True)
    assert len(lines) == 2
    file.write_text(lines[1] + '{"digest": "cut')
    again = RUN.invoke(app, _compare(tmp_path, "--resume", str(file)))
    assert again.exit_code == 0, again.output
    assert whole.stdout == first.stdout == again.stdout
    assert sorted(file.read_text().splitlines(keepends=True)) == sorted(lines)


def test_damaged_lines_are_named(tmp_path: Path) -> None:
    file = tmp_path / "cases.jsonl"
    command = ["validate", "--case", "39", "--case", "44", "--workers", "1", "--resume", str(file)]
    first = RUN.invoke(app, command)
    file.write_text(file.read_text().replace('"case": "44"', '"case": "45"'))
    again = RUN.invoke(app, command)
    assert again.exit_code == 0, again.output
    assert f"note: {file}: line 2 is damaged; the results are not used" in " ".join(again.stderr.split())
    assert first.stdout.splitlines()[0] == again.stdout.splitlines()[0]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("small.yaml", "must be a file of its own"),
        ("none/runs.jsonl", "cannot be opened"),
        ("other", "no results in it"),
    ],
)
def test_a_file_that_cannot_be_used_is_bad_input(tmp_path: Path, name: str, expected: str) -> None:
    (tmp_path / "other").write_text("a,b\n1,2\n")
    done = RUN.invoke(app, _compare(tmp_path, "--resume", str(tmp_path / name)))
    assert done.exit_code == 2, done.output
    assert expected in " ".join(done.stderr.split())
    assert (tmp_path / "other").read_text() == "a,b\n1,2\n"


@pytest.mark.slow
def test_a_scheduler_that_does_not_answer_is_bad_input(tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{closed.getsockname()[1]}"
    for given in (address, "nothing"):
        done = RUN.invoke(app, _compare(tmp_path, "--scheduler", given))
        assert done.exit_code == 2, done.output
        assert f"scheduler = '{given}', must be the address of a Dask scheduler" in " ".join(done.stderr.split())
