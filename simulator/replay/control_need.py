"""Whether a run has a control plane: most have none, and import nothing of it."""

from __future__ import annotations

from simulator.scenario.scenario import ScenarioSpec


def needs_control(scenario: ScenarioSpec) -> bool:
    return any(event.deploy is not None or event.api is not None for event in scenario.timeline)
