from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from simulator.cli import app
from simulator.ingest.input_file import InputFile
from simulator.ingest.service.settings_files import is_settings, settings_of
from simulator.scenario.problems import ScenarioError
from simulator.scenario.scenario import load_scenario
from simulator.scenario.sections.application_spec import SourceCodeSpec

CONFIGURATION = """version: 1.0
runtime: python311
build:
  commands:
    build:
      - pip install -r requirements.txt
run:
  command: gunicorn app:app
  network: {port: 8000, env: APP_PORT}
  env:
    - {name: COLOUR, value: secret-blue}
  secrets:
    - {name: TOKEN, value-from: "arn:aws:ssm:us-east-1:123456789012:parameter/token"}
"""
LOG = '127.0.0.1 - - [30/Nov/2026:10:00:00 +0000] "GET /items/1 HTTP/1.1" 200 12 "-" "x" 0.100\n' * 5


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "apprunner.yaml").write_text(CONFIGURATION)
    (tmp_path / "access.log").write_text(LOG)
    return tmp_path


@pytest.mark.parametrize("out", ["out.yaml", "scenarios/out.yaml"])
def test_its_folder_is_the_real_application(folder: Path, out: str) -> None:
    (folder / "scenarios").mkdir()
    files = [str(folder / "access.log"), str(folder / "shop" / "apprunner.yaml")]
    done = CliRunner().invoke(app, ["import", *files, "--out", str(folder / out)])

    assert done.exit_code == 0, done.output
    application = load_scenario(folder / out).services["web"].application
    assert isinstance(application.real, SourceCodeSpec)
    assert application.real.folder.resolve() == folder / "shop"
    assert application.simulated is not None


def test_the_summary_names_variables_without_their_values(folder: Path) -> None:
    settings = settings_of(InputFile(folder / "shop" / "apprunner.yaml"))

    (note,) = settings.notes
    assert "runtime python311, port 8000, command `gunicorn app:app`, variables COLOUR, secrets TOKEN" in note
    assert "secret-blue" not in note


def test_a_load_script_has_it_too(folder: Path) -> None:
    script = folder / "test.yml"
    script.write_text("config: {phases: [{duration: 5, arrivalRate: 2}]}\nscenarios: [{flow: [{get: {url: /}}]}]\n")
    out = folder / "out.yaml"
    files = [str(script), str(folder / "shop" / "apprunner.yaml")]
    done = CliRunner().invoke(app, ["import", *files, "--out", str(out)])

    assert done.exit_code == 0, done.output
    assert isinstance(load_scenario(out).services["web"].application.real, SourceCodeSpec)


def test_its_problems_are_reported_with_their_lines(folder: Path) -> None:
    path = folder / "shop" / "apprunner.yaml"
    path.write_text(CONFIGURATION.replace("port: 8000", "port: 800000"))
    assert is_settings(InputFile(path))
    with pytest.raises(ScenarioError, match=r"apprunner\.yaml:9:.*port = 800000, must be a whole number"):
        settings_of(InputFile(path))
