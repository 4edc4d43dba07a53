"""A scenario file that is played in a hundredth of a second, for tests that play many."""

from __future__ import annotations

from pathlib import Path

from tests.scenario.scenario_texts import scenario_text


def small_scenario(folder: Path) -> Path:
    path = folder / "small.yaml"
    text = scenario_text(duration="20s", traffic="{poisson: {rate: 20/s}}", service="max_size: 3")
    path.write_text(text, encoding="utf-8")
    return path
