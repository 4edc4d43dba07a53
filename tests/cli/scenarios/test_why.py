"""`simulator why`: the decision of a run, from the file that the run wrote."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from simulator.cli import app
from simulator.report.verdict.part import CauseKind
from tests.lab.compare.compare_scenarios import step
from tests.report.verdict.cases import CASES

RUN = CliRunner()


def test_why_explains_a_decision_of_a_run(tmp_path: Path) -> None:
    out = tmp_path / "run.json"
    assert RUN.invoke(app, ["run", str(step(tmp_path)), "-q", "--json", str(out)]).exit_code == 0
    done = RUN.invoke(app, ["why", str(out), "00:30"])
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("At 0:00:30 the desired count of web was ")
    assert "app-runner saw in_flight = " in done.stdout


def test_bad_input_exits_with_2(tmp_path: Path) -> None:
    assert RUN.invoke(app, ["why", str(tmp_path / "nowhere.json"), "00:30"]).exit_code == 2
    out = tmp_path / "run.json"
    RUN.invoke(app, ["run", str(step(tmp_path)), "-q", "--json", str(out)])
    done = RUN.invoke(app, ["why", str(out), "noon"])
    assert (done.exit_code, "must be a moment of the run" in done.stderr) == (2, True)


def test_a_report_is_read_from_standard_input(tmp_path: Path) -> None:
    written = RUN.invoke(app, ["run", str(step(tmp_path)), "-q", "--json", "-"]).stdout
    for command in (["why", "-", "00:30"], ["why", "00:30", "-"]):
        done = RUN.invoke(app, command, input=written)
        assert done.stdout.startswith("At 0:00:30 the desired count of web was "), done.output
    assert "checks" in RUN.invoke(app, ["report", "-"], input=written).stdout


def test_what_is_no_report_on_standard_input_is_an_error() -> None:
    done = RUN.invoke(app, ["report", "-"], input="{}")
    assert (done.exit_code, "error: run = 'stdin', must be what `simulator run --json` writes" in done.stderr) == (
        2,
        True,
    )


def test_without_a_moment_why_answers_with_the_verdict_and_its_causes(tmp_path: Path) -> None:
    out, scenario = tmp_path / "run.json", tmp_path / "scenario.yaml"
    scenario.write_text(CASES[CauseKind.MAX_SIZE].replace("duration: 2 min", "duration: 20s"))
    RUN.invoke(app, ["run", str(scenario), "-q", "--json", str(out)])
    done = RUN.invoke(app, ["why", str(out)])
    verdict, cause = done.stdout.splitlines()
    assert verdict.endswith("a month more.")
    assert "MinSize 3 and MaxSize 3 would have rejected none" in verdict
    assert cause.startswith("web: MaxSize: ")
    assert " requests were rejected from 0:00:00 to 0:00:20.1, because MaxSize allows" in cause


def test_a_moment_of_a_loss_has_its_cause(tmp_path: Path) -> None:
    out, scenario = tmp_path / "run.json", tmp_path / "scenario.yaml"
    scenario.write_text(CASES[CauseKind.MAX_SIZE].replace("duration: 2 min", "duration: 20s"))
    RUN.invoke(app, ["run", str(scenario), "-q", "--what-ifs", "0", "--json", str(out)])
    done = RUN.invoke(app, ["why", "10s", str(out)])
    assert "web: around this time requests were rejected, because MaxSize allows" in done.stdout


def test_an_unknown_service_is_an_error(tmp_path: Path) -> None:
    out = tmp_path / "run.json"
    RUN.invoke(app, ["run", str(step(tmp_path)), "-q", "--what-ifs", "0", "--json", str(out)])
    done = RUN.invoke(app, ["why", str(out), "--service", "wep"])
    assert (done.exit_code, "service = 'wep', must be one of web" in done.stderr) == (2, True), done.stderr
