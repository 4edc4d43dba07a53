"""`simulator tune` as a command."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from simulator.cli import app
from simulator.lab.tune.result import read_tune
from tests.lab.scenario_files import small_scenario

VARY = ["--vary", "max_size=2,3", "--vary", "min_size=1,2"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--slo", "p95 < 1 s, p95 < 1 s"], "must be given once"),
        (["--slo", "p95 < 1 s", "--vary", "maxsize=1,2"], "did you mean `max_size`"),
        (["--slo", "p95 < 1 s", "--hold", "100 %"], "hold = '100 %', must be above 0 % and below 100 %"),
        (["--slo", "p95 < 1 s", "--withstand", "burst"], "withstand = 'burst', must be"),
        (["--slo", "none: p95 < 1 s"], "none"),
        (["--slo", "p95 < 1 s", "--judge", "none.yaml"], "none.yaml"),
    ],
)
def test_bad_input_ends_with_2_and_says_what_is_expected(tmp_path: Path, options: list[str], expected: str) -> None:
    done = CliRunner().invoke(app, ["tune", str(small_scenario(tmp_path)), *options])
    assert done.exit_code == 2
    assert expected in done.stderr


@pytest.mark.slow
def test_a_tuning_prints_its_choice_and_writes_the_same_as_json(tmp_path: Path) -> None:
    out = tmp_path / "tune.json"
    given = ["tune", str(small_scenario(tmp_path)), *VARY, "--slo", "p95 < 10 s, error_rate < 90 %", "--json", str(out)]
    done = CliRunner().invoke(app, [*given, "--workers", "1", "--quiet"])
    assert done.exit_code == 0, done.output
    result = read_tune(out)
    assert result.choice is not None
    assert done.stdout.startswith(result.answer)
    assert result.choice.judged_days == 36
    assert done.stderr == ""


@pytest.mark.slow
def test_without_a_setting_that_holds_it_ends_with_1_and_names_the_nearest(tmp_path: Path) -> None:
    given = ["tune", str(small_scenario(tmp_path)), *VARY, "--slo", "p95 < 1 ms", "--workers", "1"]
    done = CliRunner().invoke(app, given)
    assert done.exit_code == 1, done.output
    assert done.stdout.startswith("No setting holds p95 < 1 ms")
    assert "comes nearest" in done.stdout
