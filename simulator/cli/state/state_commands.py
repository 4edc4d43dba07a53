"""`simulator state export|import`: a state as one JSON file."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import Final

import typer

from simulator.assembly.control_plane import STORE_NAME
from simulator.cli.exit_codes import bad_input, cannot
from simulator.cli.printing import echo
from simulator.cli.state.folder import state_folder
from simulator.control.state.serialization import DocumentError
from simulator.control.state.state_file import (
    StateContent,
    StateFileError,
    export_state,
    make_state,
    read_state,
    state_in,
)
from simulator.control.state.store import Store
from simulator.control.state.store_file import StoreError
from simulator.control.state.store_lock import StateHeld, StateLock

_STDIN: Final = Path("-")

state = typer.Typer(help="The state of `simulator serve` as a file.", no_args_is_help=True, add_completion=False)


@state.command("export")
def export_verb(
    file: Path = typer.Argument(..., metavar="FILE", help="File to write; it contains variables in plain text."),
    folder: Path | None = typer.Option(
        None, "--state", metavar="FOLDER", help="State folder of the simulator, which may be running."
    ),
) -> None:
    """Write all resources to a JSON file."""
    place = state_folder(folder) / STORE_NAME
    if not place.exists():
        bad_input(f"state folder {place.parent}: there is no state in it")
    try:
        with contextlib.closing(Store(place)) as store:
            count = export_state(store, file)
    except (StoreError, OSError) as error:
        cannot(error)
    echo(f"{count} resources written to {file}")


@state.command("import")
def import_verb(
    file: Path = typer.Argument(..., metavar="FILE", help="A file written by `state export`, or - for standard input."),
    folder: Path | None = typer.Option(
        None, "--state", metavar="FOLDER", help="Folder for the new state; it must not have one yet."
    ),
) -> None:
    """Create a new state from a JSON file."""
    place = state_folder(folder)
    try:
        content = _given(file)  # read before anything is created
        with StateLock(place):
            count = make_state(place / STORE_NAME, content)
    except (StateHeld, StateFileError, StoreError, DocumentError, OSError) as error:
        cannot(error)
    echo(f"{count} resources read into {place}")


def _given(file: Path) -> StateContent:
    if file != _STDIN:
        return read_state(file)
    try:
        return state_in(sys.stdin.buffer.read().decode(), "stdin")
    except UnicodeDecodeError as error:
        raise StateFileError(f"stdin: {error}") from error
