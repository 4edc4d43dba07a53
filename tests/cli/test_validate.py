"""`simulator validate`: the table, the page, and the exit code."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from simulator.cli import app

RUN = CliRunner()


def test_cases_are_told_with_their_source_and_written_as_a_page(tmp_path: Path) -> None:
    page = tmp_path / "validation.md"
    done = RUN.invoke(app, ["validate", "--case", "39", "--case", "44", "--workers", "1", "--markdown", str(page)])
    assert done.exit_code == 0, done.output
    assert "3 figures of 2 cases, 0 miss" in done.stdout
    assert "knative/serving" in done.stdout
    assert "| 44 | AWS step scaling" in page.read_text(encoding="utf-8")


def test_an_unknown_case_is_refused_with_the_known_ones() -> None:
    done = RUN.invoke(app, ["validate", "--case", "999"])
    assert done.exit_code == 2
    assert "case = '999', must be one of" in done.stderr
