"""`simulator sweep` as a command."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
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
        (["--vary", "max_size=1,2", "--objective", "score"], "objective = 'score', must be one of month_usd"),
        (["--vary", "max_size=1,2", "--out", "x.txt"], "must end in .parquet or .csv"),
        (["--vary", "max_size=1,2", "--vary", "max_size=3"], "must be given once"),
    ],
)
def test_bad_input_ends_with_2_and_says_what_is_expected(tmp_path: Path, options: list[str], expected: str) -> None:
    done = CliRunner().invoke(app, ["sweep", str(small_scenario(tmp_path)), *options])
    assert done.exit_code == 2
    assert expected in done.stderr


def test_a_sweep_answers_in_words_and_writes_the_answer(tmp_path: Path) -> None:
    files = {name: tmp_path / f"answer.{name}" for name in ("json", "markdown", "html")}
    written = [part for name, file in files.items() for part in (f"--{name}", str(file))]
    options = ["--vary", "max_size=2,3", "--seeds", "3", "--workers", "1", "--out", str(tmp_path / "out.csv")]
    done = CliRunner().invoke(app, ["sweep", str(small_scenario(tmp_path)), *options, *written])
    assert done.exit_code == 0, done.output
    answer = json.loads(files["json"].read_text(encoding="utf-8"))
    assert {rank["alternative"] for rank in answer["ranking"]} == {"max_size 2", "max_size 3"}
    assert f"small: {answer['headline']}" in done.stdout
    assert files["markdown"].read_text(encoding="utf-8").startswith("### small\n")
    assert "max_size 3" in files["html"].read_text(encoding="utf-8")


@pytest.mark.slow
def test_a_sweep_writes_its_table_and_chart_and_reports_failed_points(tmp_path: Path) -> None:
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


POINTS = ["--vary", "max_concurrency=1..5", "--vary", "min_size=1,2,3", "--seeds", "4"]


def _stopped(folder: Path, number: signal.Signals, played: int) -> tuple[int, list[str]]:
    """Return the exit code of a sweep that got a signal after `played` points, and the lines of its journal."""
    arguments = ["sweep", "small.yaml", *POINTS, "--out", "part.csv", "--workers", "2"]
    running = subprocess.Popen(
        [sys.executable, "-m", "simulator", *arguments],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    journal = folder / "part.csv.partial.jsonl"
    try:
        while not journal.exists() or len(journal.read_bytes().splitlines()) < played:
            assert running.poll() is None
        children = psutil.Process(running.pid).children()
        if number == signal.SIGINT:
            os.killpg(running.pid, number)
        else:
            running.send_signal(number)
        code = running.wait(60)
    finally:
        if running.poll() is None:
            os.killpg(running.pid, signal.SIGKILL)
            running.wait()
    _, alive = psutil.wait_procs(children, timeout=30)
    assert alive == []
    return code, journal.read_text().splitlines(keepends=True)


@pytest.mark.slow
def test_a_sweep_that_was_interrupted_and_killed_ends_as_one_that_was_not(tmp_path: Path) -> None:
    small_scenario(tmp_path)
    code, first = _stopped(tmp_path, signal.SIGINT, 20)
    assert code == 130
    assert all(line.endswith("\n") for line in first)
    code, second = _stopped(tmp_path, signal.SIGKILL, 40)
    assert code == -signal.SIGKILL
    assert second[: len(first)] == first, "nothing that was played is played again or changed"
    scenario = str(tmp_path / "small.yaml")
    whole = CliRunner().invoke(app, ["sweep", scenario, *POINTS, "--out", str(tmp_path / "whole.csv")])
    assert whole.exit_code == 0, whole.output
    rest = CliRunner().invoke(app, ["sweep", str(scenario), *POINTS, "--out", str(tmp_path / "part.csv")])
    assert rest.exit_code == 0, rest.output
    played = [line for line in second if line.endswith("\n")]
    points = {json.dumps(json.loads(line)["unit"]) for line in played}
    assert len(points) == len(played)
    assert f"60 points in {tmp_path / 'part.csv'}, {len(played)} of them played by an earlier start" in rest.stderr
    assert (tmp_path / "part.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()
    assert list(tmp_path.glob("*.partial.jsonl")) == []


def test_a_change_of_any_file_that_a_sweep_reads_makes_it_another_sweep(tmp_path: Path) -> None:
    """So an interrupted sweep does not continue with another recording or policy, and no result replaces one."""
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text("arrival_s\n0.5\n1.5\n")
    small = small_scenario(tmp_path)
    traffic = "traffic=[{trace: {file: a.csv, format: seconds}}],[{trace: {file: b.csv, format: seconds}}]"
    options = ["--vary", traffic, "--out", str(tmp_path / "b.csv")]
    done = CliRunner().invoke(app, ["sweep", str(small), *options])
    assert done.exit_code == 2
    assert f"must be a file of its own: it is an input, {tmp_path / 'b.csv'}" in " ".join(done.stderr.split())


def test_a_verbose_sweep_prints_a_line_for_every_point_on_standard_error(tmp_path: Path) -> None:
    out = ["--out", str(tmp_path / "out.csv"), "--workers", "1", "--verbose"]
    arguments = ["sweep", str(small_scenario(tmp_path)), "--vary", "max_size=1,3", "--vary", "min_size=1,2", *out]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 1, done.output
    lines = [line for line in done.stderr.splitlines() if line.startswith("max_size = ")]
    results = {point: text for point, _, text in (line.partition(": ") for line in lines)}
    assert len(results) == len(lines) == 4
    # In the order in which they end, which may differ from that of the table.
    assert {point: text.startswith("failed: ") for point, text in results.items()} == {
        f"max_size = {most}, min_size = {least}, seed = 1": least > most for most in (1, 3) for least in (1, 2)
    }
    assert results["max_size = 1, min_size = 1, seed = 1"].startswith("requests ")
