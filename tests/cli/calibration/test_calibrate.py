"""The files of `simulator calibrate`; the fit and the runs of the page are replaced."""

from __future__ import annotations

from pathlib import Path
from typing import TextIO

import pytest
from typer.testing import CliRunner

from simulator.calibration.model.calibrated_model import CalibratedModel
from simulator.calibration.model.model_file import read_model
from simulator.calibration.recordings import RecordingKind
from simulator.cli import app
from simulator.cli.calibration import calibrate
from simulator.scenario.problems import Problem, ScenarioError
from tests.calibration.page.calibrations import calibrated

RUN = CliRunner()


def write_page(stream: TextIO, model: CalibratedModel, seed: int, *, quiet: bool) -> list[str]:
    stream.write(f"<p>{model.name}, seed {seed}</p>")
    return ["the summary"]


@pytest.fixture(autouse=True)
def _fitted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("shop.observation.zip").write_bytes(b"PK")
    monkeypatch.setattr(calibrate, "_kind", lambda *_: RecordingKind.OBSERVATION)
    monkeypatch.setattr(calibrate, "_calibrated", lambda *_, **__: calibrated())
    monkeypatch.setattr(calibrate, "write_page", write_page)


def test_model_scenario_and_page_are_written_and_the_summary_is_printed() -> None:
    done = RUN.invoke(app, ["calibrate", "shop.observation.zip", "--seed", "3"])

    assert done.exit_code == 0, done.output
    assert Path("shop.html").read_text() == "<p>shop, seed 3</p>"
    assert read_model(Path("shop.model.json")) == calibrated()
    assert Path("shop.yaml").exists()
    assert done.stdout.splitlines()[0] == "the summary"
    assert done.stdout.splitlines()[-1].endswith("shop.html: its page")


def test_without_a_page_the_parameters_are_printed() -> None:
    done = RUN.invoke(app, ["calibrate", "shop.observation.zip", "--no-page"])

    assert done.exit_code == 0, done.output
    assert not Path("shop.html").exists()
    assert "mean CPU time: 15 ms" in done.stdout


def test_a_model_that_cannot_be_played_is_written_without_a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(stream: TextIO, model: CalibratedModel, seed: int, *, quiet: bool) -> list[str]:
        raise ScenarioError([Problem(1, 1, "memory", "3 GB", "at most 2 GB")])

    monkeypatch.setattr(calibrate, "write_page", fails)
    done = RUN.invoke(app, ["calibrate", "shop.observation.zip", "--page", "own.html"])

    assert done.exit_code == 0, done.output
    assert "note: no page: " in done.output
    assert read_model(Path("shop.model.json")) == calibrated()
    assert not Path("own.html").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--page", "a.html", "--no-page"], "--page and --no-page exclude each other"),
        (["--page", "shop.model.json"], "must be a file of its own"),
    ],
)
def test_bad_options_are_named(options: list[str], message: str) -> None:
    done = RUN.invoke(app, ["calibrate", "shop.observation.zip", *options])

    assert done.exit_code == 2
    assert message in " ".join(done.output.split())
