"""What `simulator tune` prints to paste, and the files of `--texts`."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer

from simulator.cli.lab.tune_check import CurrentSetting
from simulator.cli.lab.tune_texts import TuneTexts
from simulator.cli.outputs import Outputs
from simulator.lab.tune.plan import TunePlan
from simulator.lab.tune.slo import parse_slo
from simulator.scenario.scenario import load_scenario
from tests.lab.scenario_files import small_scenario
from tests.lab.tune.results import result, setting


@pytest.fixture(name="plan")
def _plan(tmp_path: Path) -> TunePlan:
    return TunePlan([small_scenario(tmp_path)], parse_slo("p95 < 300 ms"), vary=["max_concurrency=10,20"])


def _finish(plan: TunePlan, folder: Path | None, *, quiet: bool = False, today: CurrentSetting | None = None) -> None:
    with Outputs() as outputs:
        chosen = setting(100.0, max_concurrency=20, min_size=2)
        TuneTexts(plan, today, folder, outputs).finish(result(choice=chosen), quiet=quiet)
        outputs.commit()


def test_the_files_are_written_with_the_scenario_with_the_choice(plan: TunePlan, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "texts"
    _finish(plan, folder)
    assert sorted(each.name for each in folder.iterdir()) == [
        "small-tuned.yaml",
        "web.apply.sh",
        "web.apply.tf",
        "web.apply.yaml",
    ]
    service = load_scenario(folder / "small-tuned.yaml").services["web"]
    assert (service.max_concurrency, service.min_size) == (20, 2)


def test_the_texts_are_printed_unwrapped(plan: TunePlan, capsys: pytest.CaptureFixture[str]) -> None:
    _finish(plan, None)
    out = capsys.readouterr().out
    assert "To apply it: web: MaxConcurrency 100 to 20, MinSize 1 to 2." in out
    assert "\n  --max-concurrency 20 --min-size 2 --max-size 3 \\\n" in out
    assert "\nTerraform\n" in out
    assert "\nCloudFormation\n" in out


def test_the_change_begins_at_the_current_setting(plan: TunePlan, capsys: pytest.CaptureFixture[str]) -> None:
    _finish(plan, None, today=CurrentSetting({"max_concurrency": 20, "min_size": 3}, 0.05))
    assert "To apply it: web: MinSize 3 to 2." in capsys.readouterr().out


def test_quiet_prints_no_texts(plan: TunePlan, capsys: pytest.CaptureFixture[str]) -> None:
    _finish(plan, None, quiet=True)
    assert capsys.readouterr().out == ""


def test_without_a_choice_nothing_is_written(plan: TunePlan, tmp_path: Path) -> None:
    folder = tmp_path / "texts"
    with Outputs() as outputs:
        TuneTexts(plan, None, folder, outputs).finish(result(choice=None, nearest=setting(1.0)), quiet=False)
        outputs.commit()
    assert list(folder.iterdir()) == []


def test_a_folder_that_is_a_file_is_bad_input(plan: TunePlan, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with Outputs() as outputs, pytest.raises(typer.Exit):
        TuneTexts(plan, None, file, outputs)
