"""Which file a verb's scenario argument means."""

from __future__ import annotations

from pathlib import Path

from simulator.cli.exits import bad_input
from simulator.replay.shipped import shipped_scenarios


def scenario_path(name: str) -> Path:
    """A file, or a shipped scenario by its name; ends the program when it is neither."""
    path = Path(name)
    if path.exists():
        return path
    shipped = shipped_scenarios()
    if name not in shipped:
        bad_input(f"scenario = {name!r}, must be a file or one of {', '.join(shipped)}")
    return shipped[name]
