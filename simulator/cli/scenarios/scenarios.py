"""`simulator scenarios`: lists the shipped scenarios, and copies them."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

import typer

from simulator.cli.exit_codes import bad_input, cannot
from simulator.cli.printing import echo
from simulator.scenario.shipped import description_of, shipped_scenarios


def scenarios(
    copy_to: Path | None = typer.Option(
        None, "--copy-to", metavar="FOLDER", help="Copy all of them, with their data, into FOLDER (made if missing)."
    ),
) -> None:
    """List the shipped scenarios."""
    shipped = shipped_scenarios()
    if copy_to is not None:
        if copy_to.exists() and (not copy_to.is_dir() or any(copy_to.iterdir())):
            bad_input(f"copy-to = {str(copy_to)!r}, must be an empty or a new folder")
        _copy(next(iter(shipped.values())).parent, copy_to)
        echo(f"{len(shipped)} scenarios copied to {copy_to}")
        return
    width = max(map(len, shipped), default=0)
    for name, path in shipped.items():
        echo(f"{name:<{width}}  {description_of(path)}")
    echo("\nRun one with `simulator run NAME`; copy them all with `simulator scenarios --copy-to FOLDER`.")


def _copy(folder: Path, to: Path) -> None:
    """Copy all scenarios. After a failure restore the former state: no folder, or an empty one."""
    is_new = not to.exists()
    try:
        to.mkdir(parents=True, exist_ok=True)
        for path in sorted(folder.rglob("*")):
            place = to / path.relative_to(folder)
            place.mkdir() if path.is_dir() else shutil.copyfile(path, place)
    except OSError as error:
        with contextlib.suppress(OSError):
            for path in to.iterdir():
                shutil.rmtree(path) if path.is_dir() else path.unlink()
            if is_new:
                to.rmdir()
        cannot(error, f"copy-to = {str(to)!r}, cannot be written: {error.strerror or error}")
