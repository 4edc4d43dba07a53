"""The report of the last run, kept in the user's cache folder for `simulator why` and `simulator report`."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import Final

from simulator.cli.exit_codes import bad_input
from simulator.cli.scenarios.scenario_file import STDIN
from simulator.report.schema import Report
from simulator.world.private_files import make_private_folder, write_private

# Names the file for the report instead of the one in the cache folder; if empty, no report is kept.
VARIABLE: Final = "SIMULATOR_LAST_RUN"
_NAME: Final = Path("apprunner-simulator", "last-run.json")


def keep_run(report: str) -> None:
    """Replace the kept report.

    A folder that cannot be written is not an error, because the report is only a convenience.
    """
    file = _file()
    if file is not None:
        with contextlib.suppress(OSError):
            make_private_folder(file.parent)
            write_private(file, report.encode())


def last_run() -> Path:
    """Return the file of the last run. Ends the command if there is none."""
    file = _file()
    if file is None or not file.is_file():
        bad_input("no run is kept", "`simulator run` keeps its report; or name a file that its --json wrote")
    return file


def given_report(run: Path | None) -> Report:
    """Return the report of a file, of standard input for `-`, or of the last run for None.

    Raises:
        OtherVersion: if a version of the simulator with another report format wrote it.
        ValueError: for anything that `simulator run --json` did not write.
    """
    from simulator.lab.why import parse_report, read_report  # noqa: PLC0415 a run keeps its report and reads none

    if run == STDIN:
        return parse_report(sys.stdin.buffer.read(), "stdin")
    return read_report(run or last_run())


def _file() -> Path | None:
    given = os.environ.get(VARIABLE)  # noqa: TID251 cli is the reader of the environment
    if given is not None:
        return Path(given) if given else None
    cache = Path(os.environ.get("XDG_CACHE_HOME", ""))  # noqa: TID251
    if cache.is_absolute():  # the XDG specification requires relative paths to be ignored
        return cache / _NAME
    home = Path(os.environ.get("HOME", ""))  # noqa: TID251
    return home / ".cache" / _NAME if home.is_absolute() else None
