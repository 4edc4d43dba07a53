"""Which file a verb's scenario argument means."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from simulator.cli.exits import bad_input
from simulator.cli.printing import echo
from simulator.model.problems import one_of
from simulator.replay.scenario import Scenario
from simulator.replay.shipped import shipped_scenarios

WAIT_TOLD_S: Final = 1.0


def scenario_path(name: str) -> Path:
    """A file, or a shipped scenario by its name; ends the program when it is neither."""
    path = Path(name)
    if path.exists():
        return path
    shipped = shipped_scenarios()
    if name not in shipped:
        bad_input(f"scenario = {name!r}, must be a file or {one_of(name, shipped)}")
    return shipped[name]


def file_path(name: str) -> Path:
    """The same for a verb that reads it again for each run: a pipe has its text once."""
    path = scenario_path(name)
    if path.exists() and not (path.is_file() or path.is_dir()):
        bad_input(f"scenario = {name!r}, must be a file: it is read again for each run")
    return path


@contextlib.contextmanager
def patient(path: Path) -> Iterator[None]:
    """While `path` is read: a word after a second where a pipe has nothing yet, for it may never have."""
    if not path.is_fifo():
        yield
        return
    waits = threading.Timer(WAIT_TOLD_S, echo, [f"waiting for a scenario from the pipe {path}"], {"err": True})
    waits.daemon = True
    waits.start()
    try:
        yield
    finally:
        waits.cancel()


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
