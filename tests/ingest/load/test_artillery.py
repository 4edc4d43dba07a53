from __future__ import annotations

from pathlib import Path

import pytest

from simulator.ingest.input_file import InputFile
from simulator.ingest.load.artillery import artillery_plan, is_artillery
from simulator.ingest.load.plan import LoadPlan, LoadRequest, plan_text
from simulator.scenario.problems import ScenarioError
from simulator.scenario.scenario import load_scenario

SCRIPT = """
config:
  target: https://shop.example
  phases:
    - {duration: 60, arrivalRate: 5, name: Warm up}
    - {pause: 10}
    - {duration: 2m, arrivalRate: 5, rampTo: 50}
    - {duration: 30, arrivalCount: 60}
scenarios:
  - flow:
      - get: {url: "/items/{{ item }}?page=1"}
      - think: 2
      - post: {url: /cart, json: {a: 1}}
  - flow: [{get: {url: /}}]
"""


def plan_of(tmp_path: Path, text: str) -> LoadPlan:
    path = tmp_path / "script.yml"
    path.write_text(text)
    file = InputFile(path)
    assert is_artillery(file)
    return artillery_plan(file)


def test_phases_follow_each_other(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, SCRIPT)

    assert [(each.name, each.shape, each.from_s, each.until_s) for each in plan.sources] == [
        ("Warm up", "clock: {rate: 5/s}", 0, 60),
        ("phase-3", "ramp: {start: 5/s, end: 50/s, over: 120s, spacing: clock}", 70, 190),
        ("phase-4", "clock: {rate: 2/s}", 190, 220),
    ]
    assert plan.requests == (LoadRequest("GET", "/items/{item}", "2s"), LoadRequest("POST", "/cart"))
    assert "1 further scenarios of the script" in plan.dropped


def test_the_scenario_is_valid(tmp_path: Path) -> None:
    (tmp_path / "out.yaml").write_text(plan_text(plan_of(tmp_path, SCRIPT), "out", "script.yml", {}))

    assert load_scenario(tmp_path / "out.yaml").duration_s == 220


def test_a_phase_without_a_rate_is_reported(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"config\.phases\.0\.arrivalRate = 'five', must be a number, at least 0"):
        plan_of(tmp_path, "config: {phases: [{duration: 1, arrivalRate: five}]}\nscenarios: []\n")
