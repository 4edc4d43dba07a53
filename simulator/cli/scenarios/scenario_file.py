"""Resolves the scenario argument of a verb to a file."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from simulator.cli.exit_codes import bad_input
from simulator.cli.printing import echo
from simulator.model.text.problems import did_you_mean
from simulator.scenario.shipped import shipped_scenarios

if TYPE_CHECKING:
    from simulator.scenario.scenario import ScenarioSpec

WAIT_NOTICE_S: Final = 1.0
STDIN: Final = Path("-")


def scenario_path(name: str) -> Path:
    """Return the path of a file, or of a shipped scenario by name. Ends the command if there is neither.

    `-` is `STDIN`, which `loaded` reads.
    """
    path = Path(name)
    if path == STDIN or path.exists():
        return path
    shipped = shipped_scenarios()
    if name not in shipped:
        bad_input(
            f"no scenario named {name!r}{did_you_mean(name, shipped)}",
            "a scenario is a file or a shipped one; `simulator scenarios` lists those",
        )
    return shipped[name]


def scenario_names(incomplete: str) -> list[str]:
    """Return the shipped scenarios that complete the text; the shell completes files itself."""
    return [name for name in shipped_scenarios() if name.startswith(incomplete)]


def file_path(name: str) -> Path:
    """Return the path for a verb that reads the file again for each run, which rules out pipes."""
    path = scenario_path(name)
    if path == STDIN:
        bad_input("scenario = '-', must be a file: it is read again for each run", "write it to a file first")
    if path.exists() and not (path.is_file() or path.is_dir()):
        bad_input(f"scenario = {name!r}, must be a file: it is read again for each run")
    return path


def loaded(path: Path) -> ScenarioSpec:
    """Return the scenario of a file or of standard input.

    Raises:
        ScenarioError: with every problem of the file.
    """
    from simulator.scenario.scenario import load_scenario, load_scenario_stream  # noqa: PLC0415 after a wrong name

    if path != STDIN:
        with patient(path):
            return load_scenario(path)
    if sys.stdin.isatty():
        echo("reading a scenario from standard input; Ctrl-D ends it", err=True)
    return load_scenario_stream(sys.stdin.buffer, "stdin")


@contextlib.contextmanager
def patient(path: Path) -> Iterator[None]:
    """Print a message while `path` is read, if a pipe has provided no data for a second and may never do so."""
    if not path.is_fifo():
        yield
        return
    waits = threading.Timer(WAIT_NOTICE_S, echo, [f"waiting for a scenario from the pipe {path}"], {"err": True})
    waits.daemon = True
    waits.start()
    try:
        yield
    finally:
        waits.cancel()


def tell_recordings(scenario: ScenarioSpec) -> None:
    """Print notes about the scenario's recordings on standard error, because every change or omission is reported.

    Raises:
        ScenarioError: for a recording that cannot be used.
    """
    for note in scenario.recording_notes():
        echo(f"note: {note}", err=True)


def policy_files(*names: str | None) -> list[Path]:
    """Return the files of the user's policies among these names, `FILE.py:CLASS`."""
    return [Path(name.rpartition(":")[0]) for name in names if name is not None and ":" in name]
