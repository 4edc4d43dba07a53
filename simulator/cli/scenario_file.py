"""Which file a verb's scenario argument means."""

from __future__ import annotations

from pathlib import Path

from simulator.cli.exits import bad_input
from simulator.cli.printing import echo
from simulator.replay.scenario import Scenario
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


def tell_recordings(scenario: Scenario) -> None:
    """What is notable of its recordings, on standard error: nothing of one is changed or left out without a word.

    Raises:
        ScenarioError: for a recording that cannot be played.
    """
    for note in scenario.recording_notes():
        echo(f"note: {note}", err=True)


def policy_files(*names: str | None) -> list[Path]:
    """The files of the users' own policies among these names, `FILE.py:CLASS`."""
    return [Path(name.rpartition(":")[0]) for name in names if name is not None and ":" in name]
