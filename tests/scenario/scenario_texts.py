"""Texts of scenario files for tests: the smallest valid one, with replaceable parts."""

from __future__ import annotations

from pathlib import Path

from simulator.scenario.scenario import ScenarioSpec, read_scenario
from simulator.scenario.sections.traffic_spec import SourceSpec


def scenario_text(
    *, duration: str = "60s", service: str = "", traffic: str = "", timeline: str = "", checks: str = "", top: str = ""
) -> str:
    """Return the text.

    `service`: more keys of the service `web`; `traffic`, `timeline`, `checks`: list items in flow style.
    """
    return (
        f"duration: {duration}\n"
        f"{top}\n"
        "services:\n"
        "  web:\n"
        "    application: {simulated: {cpu: 5ms}}\n"
        f"    {service}\n"
        f"traffic: [{traffic}]\n"
        f"timeline: [{timeline}]\n"
        f"checks: [{checks}]\n"
    )


def scenario_of(folder: Path = Path(), **parts: str) -> ScenarioSpec:
    return read_scenario(scenario_text(**parts), folder=folder)


def source_of(item: str, *, duration: str = "60s", folder: Path = Path()) -> SourceSpec:
    """Return the source of a traffic item."""
    return scenario_of(folder, duration=duration, traffic=item).traffic[0]
