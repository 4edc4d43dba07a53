"""`simulator runtimes` without an engine; tests/live has the tests with one."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from simulator.builds.runtimes import RUNTIMES
from simulator.cli import app

RUN = CliRunner()


def test_without_an_engine_the_runtimes_are_listed_and_their_images_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simulator.cli.project.runtimes.PATIENCE_S", 0.01)
    done = RUN.invoke(app, ["runtimes", "list", "--engine", f"unix://{tmp_path}/none"])
    assert done.exit_code == 0
    assert done.stderr.startswith(f"images are not listed: no container engine answers at unix://{tmp_path}/none")
    rows = {line.split()[0]: line.split() for line in done.stdout.splitlines() if line}
    assert set(RUNTIMES) <= set(rows)
    assert rows["PYTHON_311"][1:] == ["python311", "3.11.14", "revised", "supported", "-"]
    assert rows["PYTHON_3"][1:] == ["python3", "3.7,", "3.8.20", "original", "ended", "2025-12-01", "-"]


def test_a_missing_engine_ends_a_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulator.cli.project.runtimes.PATIENCE_S", 0.01)
    done = RUN.invoke(app, ["runtimes", "build", "GO_1", "--base", "x", "--engine", f"unix://{tmp_path}/none"])
    assert done.exit_code == 3
    assert done.output.startswith(f"error: no container engine answers at unix://{tmp_path}/none within")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["python312", "--base", "x"], "RUNTIME = python312, must be one of python3, python311"),
        (["GO_1"], "missing option '--base'"),
        (
            ["GO_1", "--base", "RUBY_31=ruby:3.1"],
            "base = nothing for GO_1, must be given with --base IMAGE or --base GO_1=",
        ),
        (["--base", "RUBY=ruby:3.1"], "RUNTIME = RUBY, must be one of"),
        (["GO_1", "--base", "Not an image"], "must be"),
        (["GO_1", "--base", "x", "--package", "-y"], "package = '-y', must be the name of a package"),
        (["GO_1", "--base", "x", "--tag-prefix", "A"], "prefix = 'A', must be the beginning of an image name"),
    ],
)
def test_bad_input_is_reported_before_the_engine_is_contacted(words: list[str], message: str) -> None:
    done = RUN.invoke(app, ["runtimes", "build", *words, "--engine", "unix:///none"])
    assert done.exit_code == 2
    assert message in " ".join(done.output.split())
