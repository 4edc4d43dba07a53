"""The type of a function that plays a scenario, and the default backend."""

from __future__ import annotations

from collections.abc import Callable

from simulator.replay.runner import Run, play
from simulator.report.report import RunRecord
from simulator.scenario.scenario import ScenarioSpec

PlayScenario = Callable[[ScenarioSpec], RunRecord]
"""Plays a scenario in virtual time. Raises what `play` raises."""


def play_virtual(scenario: ScenarioSpec) -> RunRecord:
    """Play in the default backend: the platform's own code on the virtual event loop."""
    record = play(Run(scenario), signals=False)
    assert record.complete, "a worker's run is never interrupted"
    return record
