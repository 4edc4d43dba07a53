from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from simulator.cli import app
from simulator.cli.front import run_what_ifs
from simulator.cli.outputs import SUMMARY_VARIABLE
from simulator.records.events import BY_CONSOLE
from simulator.report.schema import ActPart
from simulator.report.verdict.part import CauseKind
from tests.report.verdict.cases import CASES, report_of, scenario_of

RUN = CliRunner()


@pytest.fixture
def scenario(tmp_path: Path) -> str:
    file = tmp_path / "scenario.yaml"
    file.write_text(CASES[CauseKind.MAX_SIZE].replace("duration: 2 min", "duration: 20s"))
    return str(file)


def test_the_report_begins_with_the_verdict_and_the_change_that_was_played(scenario: str) -> None:
    done = RUN.invoke(app, ["run", scenario])
    text = " ".join(done.stdout.split())
    assert text.index("because MaxSize allows no more than 1 instance") < text.index("in virtual time")
    assert "MinSize 3 and MaxSize 3 would have rejected none, for $" in text
    assert "playing again with MinSize 3 and MaxSize 3" in done.stderr


def test_without_what_ifs_nothing_is_played(scenario: str) -> None:
    done = RUN.invoke(app, ["run", scenario, "--what-ifs", "0"])
    assert "because MaxSize allows no more than 1 instance" in " ".join(done.stdout.split())
    assert "playing again" not in done.stdout + done.stderr


def test_a_quiet_run_plays_changes_for_its_json_and_shows_none(scenario: str, tmp_path: Path) -> None:
    out = tmp_path / "run.json"
    done = RUN.invoke(app, ["run", "-q", scenario, "--json", str(out)])
    verdict = json.loads(out.read_text())["verdict"]
    assert verdict["services"][0]["what_ifs"][0]["change"] == "MinSize 3 and MaxSize 3"
    assert "playing again" not in done.stdout + done.stderr


def test_the_summary_of_a_step_begins_with_the_verdict(scenario: str, tmp_path: Path) -> None:
    summary = tmp_path / "summary.md"
    RUN.invoke(app, ["run", "-q", scenario], env={SUMMARY_VARIABLE: str(summary)})
    lines = summary.read_text().splitlines()
    assert "because MaxSize allows no more than 1 instance" in lines[2]
    assert "would have rejected none" in lines[2]


def test_real_time_has_no_changes_to_play(scenario: str) -> None:
    done = RUN.invoke(app, ["run", scenario, "--clock", "real", "--what-ifs", "2"])
    assert done.exit_code == 2
    assert "what-ifs = given, must be left out in real time" in done.stderr


def test_an_interrupt_ends_only_the_search(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(run_what_ifs, "with_played_changes", interrupted)
    text = CASES[CauseKind.MAX_SIZE]
    report = run_what_ifs.with_changes(report_of(text), scenario_of(text), None, "auto", quiet=True)
    assert report == report_of(text)
    assert "interrupted: no further change is played" in capsys.readouterr().err


def test_a_run_that_was_changed_on_its_console_is_not_played_again() -> None:
    text = CASES[CauseKind.MAX_SIZE]
    act = ActPart(at_s=5.0, action=f"{BY_CONSOLE}traffic", detail="web: traffic x 2")
    report = report_of(text).model_copy(update={"timeline": [act]})
    verdict = run_what_ifs.with_changes(report, scenario_of(text), None, "auto", quiet=True).verdict
    assert verdict is not None
    assert verdict.not_played == "the run was changed on its console"
    assert verdict.services[0].what_ifs == []
