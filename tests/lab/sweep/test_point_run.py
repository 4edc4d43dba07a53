"""One point of a sweep: its figures, or its error."""

from __future__ import annotations

from pathlib import Path

from simulator.lab.sweep.grid import GridPoint
from simulator.lab.sweep.point_run import play_point
from simulator.scenario.scenario import ScenarioText
from tests.lab.scenario_files import small_scenario


def test_a_point_has_the_figures_of_its_changed_scenario(tmp_path: Path) -> None:
    source = ScenarioText.of(small_scenario(tmp_path))
    one, five = (play_point(source, GridPoint(0, (("max_concurrency", n),), 1)) for n in (1, 5))
    assert "error" not in one
    assert one["digest"] != five["digest"]
    assert one == play_point(source, GridPoint(0, (("max_concurrency", 1),), 1))


def test_a_point_that_cannot_be_played_has_its_error(tmp_path: Path) -> None:
    row = play_point(ScenarioText.of(small_scenario(tmp_path)), GridPoint(0, (("max_concurrency", -1),), 1))
    assert list(row) == ["error"]
    assert "max_concurrency" in str(row["error"])
