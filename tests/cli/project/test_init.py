"""`simulator init`: the file that it writes, and files that it does not overwrite."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from simulator.builds.config.reading import read_config
from simulator.cli import app

RUN = CliRunner()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "requirements.txt").write_text("flask\n", encoding="utf-8")
    (tmp_path / "app.py").write_text("from flask import Flask\napp = Flask(__name__)\n", encoding="utf-8")
    return tmp_path


def test_the_file_of_a_known_project_is_valid_and_the_next_step_is_named(project: Path) -> None:
    done = RUN.invoke(app, ["init", str(project)])
    assert done.exit_code == 0, done.output
    assert f"next: simulator up {project}" in " ".join(done.output.split())
    assert read_config((project / "apprunner.yaml").read_text(encoding="utf-8")).runtime == "python311"


def test_an_existing_file_is_kept_unless_forced(project: Path) -> None:
    file = project / "apprunner.yaml"
    file.write_text("mine", encoding="utf-8")
    kept = RUN.invoke(app, ["init", str(project)])
    assert (kept.exit_code, file.read_text(encoding="utf-8")) == (2, "mine")
    assert RUN.invoke(app, ["init", str(project), "--force"]).exit_code == 0
    assert file.read_text(encoding="utf-8") != "mine"


@pytest.mark.parametrize("name", ["empty", "missing"])
def test_another_folder_is_bad_input_and_nothing_is_written(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    if name == "empty":
        folder.mkdir()
    assert RUN.invoke(app, ["init", str(folder)]).exit_code == 2
    assert not (folder / "apprunner.yaml").exists()
