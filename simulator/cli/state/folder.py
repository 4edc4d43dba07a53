"""The state folder: its path, and its permissions, which allow only its owner to read it."""

from __future__ import annotations

import os
from pathlib import Path

import typer

from simulator.cli.exit_codes import bad_input
from simulator.fleet.process.confinement.isolation import STATE_NAME
from simulator.world.private_files import repair_modes


def state_folder(given: Path | None) -> Path:
    """Return `given` as an absolute path, or else the path that the XDG base directory specification defines.

    The path is absolute because Git and applications get paths below it and have other working directories. If an
    earlier version left files that other users can read, access is restricted, with a message. Ends the command if
    there is no home folder.
    """
    folder = given.absolute() if given is not None else _default()
    repaired = repair_modes(folder)
    if repaired:
        typer.echo(
            f"state folder {folder}: {repaired} files and folders could be read by other users of this machine; "
            "now only you can read them",
            err=True,
        )
    return folder


def _default() -> Path:
    kept = os.environ.get("XDG_STATE_HOME", "")  # noqa: TID251 cli is the reader of the environment
    if not Path(kept).is_absolute():  # the XDG specification requires relative paths to be ignored
        kept = str(_home() / ".local" / "state")
    return Path(kept) / STATE_NAME


def _home() -> Path:
    home = os.environ.get("HOME")  # noqa: TID251 cli is the reader of the environment
    if home is not None and not Path(home).is_absolute():
        bad_input(f"HOME = {home!r}, must be your home folder, where the state is kept; or give --state FOLDER")
    try:
        return Path.home()
    except RuntimeError:
        bad_input("HOME is not set and this user has no home folder: give --state FOLDER")
