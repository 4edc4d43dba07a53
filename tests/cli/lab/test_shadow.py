"""`simulator shadow`: the table, the file, and what is printed during the run."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from simulator.cli import app
from tests.lab.compare.compare_scenarios import step

RUN = CliRunner()


def test_shadow_policies_are_reported_beside_the_acting_policy(tmp_path: Path) -> None:
    out = tmp_path / "shadow.json"
    done = RUN.invoke(app, ["shadow", str(step(tmp_path)), "--policy", "knative", "--json", str(out)])
    assert done.exit_code == 0, done.output
    assert "web: knative" in done.stdout
    (divergence,) = json.loads(out.read_text(encoding="utf-8"))
    assert (divergence["acting"], divergence["shadow"], divergence["seconds"]) == ("app-runner", "knative", 60)


def test_a_verbose_run_prints_the_decisions_of_the_acting_policy_on_standard_error(tmp_path: Path) -> None:
    arguments = ["shadow", str(step(tmp_path)), "--policy", "knative"]
    plain, verbose = (RUN.invoke(app, [*arguments, *more]) for more in ([], ["--verbose"]))
    assert (plain.exit_code, verbose.exit_code) == (0, 0)
    assert "by app-runner: " not in plain.stderr
    decisions = [line for line in verbose.stderr.splitlines() if " web: desired " in line]
    assert decisions
    assert all(" by app-runner: " in line for line in decisions)
    assert verbose.stdout == plain.stdout


def test_a_policy_that_does_not_exist_is_bad_input(tmp_path: Path) -> None:
    done = RUN.invoke(app, ["shadow", str(step(tmp_path)), "--policy", "knativ"])
    assert done.exit_code == 2
    assert "policy = 'knativ', must be one of" in done.stderr
