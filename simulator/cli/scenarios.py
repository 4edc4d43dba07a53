"""`simulator scenarios`: what is shipped, and a copy of it to change."""

from __future__ import annotations

import shutil
from pathlib import Path

import typer

from simulator.cli.exits import bad_input
from simulator.cli.printing import echo
from simulator.replay.scenario import load_scenario
from simulator.replay.shipped import shipped_scenarios


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
        shutil.copytree(next(iter(shipped.values())).parent, copy_to, dirs_exist_ok=True)
        echo(f"{len(shipped)} scenarios copied to {copy_to}")
        return
    width = max(map(len, shipped), default=0)
    for name, path in shipped.items():
        echo(f"{name:<{width}}  {load_scenario(path).description}")
    echo("\nRun one with `simulator run NAME`; copy them all with `simulator scenarios --copy-to FOLDER`.")
