"""The data about a run at the top of the console's page."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from simulator.console.live.view_model import RunViewModel
from simulator.scenario.scenario import load_scenario
from simulator.world.clock import ClockKind


@pytest.mark.case("X1")
def test_a_policy_that_cannot_act_is_reported_first() -> None:
    scenario = load_scenario(Path("scenarios/first-look.yaml")).with_policy("hpa")
    stage: Any = SimpleNamespace(scenario=scenario, clock=ClockKind.VIRTUAL)
    (note,) = RunViewModel(stage).about()["notes"]
    assert note.startswith("Warning: web: hpa scales out above 0.88 vCPU in use at each instance")
