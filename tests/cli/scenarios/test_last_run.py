"""The last run is kept, so that `why` and `report` need no file."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from typer.testing import CliRunner

from simulator.cli import app
from simulator.cli.scenarios.last_run import VARIABLE
from tests.lab.compare.compare_scenarios import step

RUN = CliRunner()


@pytest.mark.case("X8m")
def test_why_and_report_use_the_last_run(tmp_path: Path) -> None:
    variables = {VARIABLE: None, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    out = tmp_path / "run.json"
    ran = RUN.invoke(app, ["run", str(step(tmp_path)), "--json", str(out)], env=variables)
    kept = tmp_path / "cache" / "apprunner-simulator" / "last-run.json"
    assert kept.read_bytes() == out.read_bytes()
    assert [stat.S_IMODE(path.stat().st_mode) for path in (kept, kept.parent)] == [0o600, 0o700]

    said = RUN.invoke(app, ["why", "00:30"], env=variables).stdout
    assert said.startswith("At 0:00:30 the desired count of web was ")
    assert RUN.invoke(app, ["why", "00:30", str(out)]).stdout == said
    assert RUN.invoke(app, ["why", str(out), "00:30"]).stdout == said
    assert RUN.invoke(app, ["report"], env=variables).stdout == ran.stdout
    assert RUN.invoke(app, ["report", str(out)]).stdout == ran.stdout


@pytest.mark.case("X8m")
def test_without_a_last_run_the_error_says_what_to_do(tmp_path: Path) -> None:
    for verb in (["why", "00:30"], ["report"]):
        done = RUN.invoke(app, verb, env={VARIABLE: str(tmp_path / "none.json")})
        assert (done.exit_code, done.stderr.splitlines()[0]) == (2, "error: no run is kept")
        assert "hint: `simulator run` keeps its report" in done.stderr


def test_a_cache_that_cannot_be_written_does_not_fail_the_run(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = RUN.invoke(app, ["run", "-q", str(step(tmp_path))], env={VARIABLE: str(tmp_path / "file" / "run.json")})
    assert (done.exit_code, done.stderr) == (0, "")
