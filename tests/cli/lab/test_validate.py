"""`simulator validate`: the table, the page, and the exit code."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from simulator.cli import app

RUN = CliRunner()
ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs/reference/validation.md"


def test_cases_are_printed_with_their_source_and_written_as_a_page(tmp_path: Path) -> None:
    page = tmp_path / "validation.md"
    done = RUN.invoke(app, ["validate", "--case", "39", "--case", "44", "--workers", "1", "--markdown", str(page)])
    assert done.exit_code == 0, done.output
    assert "3 figures of 2 cases, 0 miss" in done.stdout
    assert "knative/serving" in done.stdout
    assert "| 44 Step scaling" in page.read_text(encoding="utf-8")


def test_a_verbose_validation_prints_a_line_for_every_case_on_standard_error() -> None:
    done = RUN.invoke(app, ["validate", "--case", "39", "--case", "44", "--workers", "1", "--verbose"])
    assert done.exit_code == 0, done.output
    lines = done.stderr.splitlines()
    assert [line.partition(" ")[0] for line in lines] == ["39", "44"]
    assert all(line.endswith(", ok") for line in lines), lines


def test_an_unknown_case_is_rejected_with_the_known_ones() -> None:
    done = RUN.invoke(app, ["validate", "--case", "999"])
    assert done.exit_code == 2
    assert "case = '999', must be one of" in done.stderr


@pytest.mark.slow
def test_every_case_passes_and_the_documentation_page_is_current(tmp_path: Path) -> None:
    """The real command with all cases. Measured figures may differ in the last digits with another version of numpy."""
    page = tmp_path / "validation.md"
    plots = ["--plots", str(tmp_path / "validation")]
    command = [sys.executable, "-m", "simulator", "validate", "--markdown", str(page), *plots]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", timeout=1500, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert ", 0 miss" in done.stdout

    written, published = (promised(file.read_text(encoding="utf-8")) for file in (page, PAGE))
    assert written == published, f"simulator validate --markdown {PAGE.relative_to(ROOT)}"
    numbers = {row.split()[0] for row in published if row.startswith(" ")}
    assert numbers >= {"20", "21", *map(str, range(38, 46))}


def promised(page: str) -> list[str]:
    """The page without what was measured: the columns `measured`, `error` and `smallest bias`, and the medians."""
    summary, _, sections = page.partition("\n## ")
    return [
        *(_columns(line, slice(1, 7)) for line in summary.splitlines()),
        *(_columns(line, slice(1, 4), slice(6, 7), slice(8, 9)) for line in sections.splitlines()),
    ]


def _columns(line: str, *kept: slice) -> str:
    """Return the chosen cells of a row of a table; other lines as they are."""
    cells = line.split("|")
    return "|".join(cell for part in kept for cell in cells[part]) if line.startswith("| ") else line
