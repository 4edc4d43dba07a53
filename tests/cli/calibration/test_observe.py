"""The errors of `simulator observe` that precede builds and loads."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

import pytest
from typer.testing import CliRunner

from simulator.cli import app
from simulator.cli.calibration import observe

RUN = CliRunner()
SCENARIO = "services: {web: {application: {simulated: {io: 50ms}}}}\nduration: 1s\ntraffic: [{poisson: {rate: 1/s}}]\n"


@pytest.fixture
def scenario(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    def built(*_: object, **__: object) -> NoReturn:
        pytest.fail("the target was built")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(observe, "live_service", built)
    file = tmp_path / "shop.yaml"
    file.write_text(SCENARIO)
    return file


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["-o", "shop.yaml"], "--out = 'shop.yaml', must be a file of its own: it is an input, shop.yaml"),
        (["-o", "none/o.zip"], "--out = 'none/o.zip', cannot be written"),
        (["--port", "80"], "port = 80, must be left out with a target of the kind scenario; it is for: image"),
    ],
)
def test_bad_options_are_named_before_a_build(scenario: Path, options: list[str], expected: str) -> None:
    done = RUN.invoke(app, ["observe", "shop.yaml", *options])
    assert done.exit_code in {2, 3}, done.output
    assert expected in " ".join(done.stderr.split())
    assert scenario.read_text() == SCENARIO
