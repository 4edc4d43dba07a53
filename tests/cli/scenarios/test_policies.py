"""`simulator policies`: the list, and the template of a policy."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from simulator.cli import app
from tests.lab.compare.compare_scenarios import step

RUN = CliRunner()
FEW = ["--policy", "configured", "--seeds", "2", "--workers", "1", "--no-oracle"]


def test_policies_and_platforms_are_listed_with_their_prices() -> None:
    done = RUN.invoke(app, ["policies"])
    assert done.exit_code == 0
    assert "holt-winters" in done.stdout
    assert "prices: us-east-1" in done.stdout


def test_the_template_is_a_policy_that_works(tmp_path: Path) -> None:
    mine = tmp_path / "mine.py"
    assert RUN.invoke(app, ["policies", "template", str(mine)]).exit_code == 0
    assert len(mine.read_text(encoding="utf-8").splitlines()) < 30
    done = RUN.invoke(app, ["compare", str(step(tmp_path)), *FEW, "--policy", f"{mine}:MyPolicy"])
    assert done.exit_code == 0, done.output
    assert "MyPolicy" in done.stdout
    again = RUN.invoke(app, ["policies", "template", str(mine)])
    assert (again.exit_code, "must not exist yet" in again.stderr) == (2, True)
