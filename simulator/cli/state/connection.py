"""`simulator connection`: the handshake with GitHub or Bitbucket, for which AWS needs a browser."""

from __future__ import annotations

import asyncio
from pathlib import Path

import typer

from simulator.api.access_keys import DEFAULT_ACCOUNT, DEFAULT_REGION
from simulator.assembly.control_plane import STORE_NAME, ControlPlane, ControlPlaneSettings
from simulator.cli.exit_codes import bad_input, cannot
from simulator.cli.printing import echo
from simulator.cli.state.admin_client import ask_running
from simulator.cli.state.folder import state_folder
from simulator.control.operations.simulated_workload import SimulatedWorkload
from simulator.control.state.store_file import StoreError
from simulator.control.state.store_lock import StateHeld
from simulator.model.resources.api_error import ApiError
from simulator.world.clock import ClockKind, run

connection = typer.Typer(help="Connections to GitHub and Bitbucket.", no_args_is_help=True, add_completion=False)


@connection.callback()
def _connection() -> None:
    """Connections to GitHub and Bitbucket."""


@connection.command()
def approve(
    name: str = typer.Argument(..., metavar="NAME", help="Name of the connection."),
    account: str | None = typer.Option(None, help=f"Its account; default: the simulator's own, or {DEFAULT_ACCOUNT}."),
    region: str | None = typer.Option(None, help=f"Its Region; default: the simulator's own, or {DEFAULT_REGION}."),
    state: Path | None = typer.Option(None, metavar="FOLDER", help="State folder of the simulator."),
) -> None:
    """Do the handshake: the connection becomes AVAILABLE. There is no API for it, as on AWS."""
    folder = state_folder(state)
    answer = ask_running(folder, "approve-connection", name=name, account=account, region=region)
    arn = answer["arn"] if answer is not None else _approve_at_rest(folder, name, account, region)
    echo(f"{arn} is AVAILABLE")


def _approve_at_rest(folder: Path, name: str, account: str | None, region: str | None) -> str:
    """Approve the connection in the state folder of a simulator that is not running."""
    if not (folder / STORE_NAME).exists():
        bad_input(f"state folder {folder}: there is no state in it; start `simulator serve --state {folder}` first")

    async def change() -> str:
        async with ControlPlane(ControlPlaneSettings(state=folder, listener=None), SimulatedWorkload()) as plane:
            await asyncio.sleep(0)
            return plane.approve_connection(name, account, region)

    try:
        return run(ClockKind.REAL, change)
    except (StateHeld, StoreError, ApiError, OSError) as error:
        cannot(error, error.explained if isinstance(error, ApiError) else "")
