"""Output files of a verb: complete or absent, never an input, never two outputs in one file."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from simulator.cli import app
from simulator.cli.outputs import Outputs
from simulator.lessons.course import course

RUN = CliRunner()
TEXT = """
duration: 2s
services: {web: {application: {simulated: {io: 50ms}}}}
traffic: [{name: rec, bins: {file: counts.csv, bin: 1s}}]
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.yaml").write_text(TEXT)
    (tmp_path / "counts.csv").write_text("n\n3\n3\n")
    (tmp_path / "prices.yaml").write_text("{}")
    (tmp_path / "linked.json").symlink_to("a.yaml")
    return tmp_path


def contents(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir() if path.is_file()}


@pytest.mark.case("L8", "L9")
@pytest.mark.parametrize(
    "command",
    [
        "run a.yaml --json a.yaml",
        "run a.yaml --html ./a.yaml",
        "run a.yaml --json linked.json",
        "run a.yaml --requests counts.csv",
        "run a.yaml --metrics counts.csv",
        "run a.yaml --cloudwatch-metrics counts.csv",
        "run a.yaml --json x --html x",
        "run a.yaml --json x --html ./x",
        "run a.yaml --requests x --metrics x",
        "run a.yaml --clock real --access-log x --json x --state s",
        "run a.yaml --clock real --access-log a.yaml --state s",
        "run a.yaml --json none/x",
        "run a.yaml --json .",
        "compare a.yaml --policy knative --json a.yaml",
        "compare a.yaml --policy knative --json x.csv --csv x.csv",
        "compare a.yaml --policy knative --html counts.csv",
        "compare a.yaml --policy knative --csv x.txt",
        "sweep a.yaml --vary min_size=1 --out counts.csv",
        "sweep a.yaml --vary min_size=1 --out x.csv --chart x.csv",
        "shadow a.yaml --policy knative --json a.yaml",
    ],
)
def test_an_output_that_would_cost_an_input_or_another_is_rejected_before_the_run(folder: Path, command: str) -> None:
    before = contents(folder)
    done = RUN.invoke(app, command.split())

    assert done.exit_code == 2, done.output
    assert contents(folder) == before


@pytest.mark.case("L9")
def test_the_old_output_stays_until_the_new_one_is_complete(folder: Path) -> None:
    target = folder / "report.json"
    target.write_text("yesterday")
    target.chmod(0o600)
    with Outputs() as outputs:
        stream = outputs.text("--json", target)
        assert stream is not None
        stream.write("today")
        stream.flush()
        assert target.read_text() == "yesterday"
        outputs.commit()
    assert (target.read_text(), target.stat().st_mode & 0o777) == ("today", 0o600)
    assert not [name for name in contents(folder) if name.endswith(".new.json")]


@pytest.mark.case("L9")
@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError, typer.Exit])
def test_an_aborted_run_leaves_no_output_files(folder: Path, error: type[BaseException]) -> None:
    (folder / "kept.json").write_text("yesterday")
    before = contents(folder)
    with pytest.raises(error), Outputs() as outputs:  # noqa: PT012
        for name in ("kept.json", "new.json"):
            stream = outputs.text("--json", folder / name)
            assert stream is not None
            stream.write("half of it")
        raise error
    assert contents(folder) == before


@pytest.mark.case("L9", "R7")
def test_a_file_that_cannot_be_put_in_place_is_a_failure_not_bad_input(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with Outputs() as outputs:
        outputs.text("--json", folder / "x.json")
        monkeypatch.setattr(Path, "replace", full)
        with pytest.raises(typer.Exit) as caught:
            outputs.commit()
    assert caught.value.exit_code == 3
    assert "--json = " in capsys.readouterr().err
    assert "x.json" not in contents(folder)


def test_devices_and_pipes_are_written_where_they_are(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    reader = os.open(folder / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    try:
        with Outputs() as outputs:
            for option in ("--json", "--html"):
                outputs.text(option, Path(os.devnull))
            stream = outputs.text("--requests", folder / "pipe")
            assert stream is not None
            stream.write("rows")
            outputs.commit()
        assert os.read(reader, 100) == b"rows"
    finally:
        os.close(reader)


def test_a_link_keeps_its_place_and_its_target_is_written(folder: Path) -> None:
    (folder / "real.json").write_text("yesterday")
    (folder / "latest.json").symlink_to("real.json")
    with Outputs() as outputs:
        stream = outputs.text("--json", folder / "latest.json")
        assert stream is not None
        stream.write("today")
        outputs.commit()
    assert (folder / "latest.json").is_symlink()
    assert (folder / "real.json").read_text() == "today"


def test_a_lesson_writes_its_scenario_completely_or_not_at_all(folder: Path) -> None:
    name = next(iter(course()))
    assert RUN.invoke(app, ["lesson", name, "--scenario", "lesson.yaml"]).exit_code == 0
    assert (folder / "lesson.yaml").read_text() == course()[name].scenario


@pytest.mark.parametrize(
    ("command", "output"),
    [
        ("run a.yaml --json out.json", "out.json"),
        ("run a.yaml --html out.html", "out.html"),
        ("compare a.yaml --policy knative --seeds 1 --workers 1 --csv out.csv", "out.csv"),
        ("shadow a.yaml --policy knative --json out.json", "out.json"),
    ],
)
def test_a_verb_removes_what_a_killed_one_left_beside_its_output(folder: Path, command: str, output: str) -> None:
    stem, suffix = output.split(".")
    (folder / f".{stem}.0123abcd.new.{suffix}").write_text("left over")
    done = RUN.invoke(app, command.split())
    assert done.exit_code == 0, done.output
    assert [name for name in contents(folder) if "out" in name] == [output]


@pytest.mark.slow
def test_the_sweep_after_one_that_was_killed_leaves_its_table_only(folder: Path) -> None:
    command = "sweep a.yaml --vary min_size=1..20 --seeds 50 --workers 2 --out out.csv"
    killed = subprocess.Popen(
        [sys.executable, "-m", "simulator", *command.split()], stderr=subprocess.DEVNULL, start_new_session=True
    )
    journal = folder / "out.csv.partial.jsonl"
    try:
        while not (journal.exists() and journal.read_text().count("\n") > 2):
            assert killed.poll() is None
    finally:
        killed.kill()
        killed.wait()
    assert [name for name in contents(folder) if name.startswith(".out.")]
    journal.unlink()
    done = RUN.invoke(app, ["sweep", "a.yaml", "--vary", "min_size=1,2", "--workers", "1", "--out", "out.csv"])
    assert done.exit_code == 0, done.output
    assert [name for name in contents(folder) if "out" in name] == ["out.csv"]
