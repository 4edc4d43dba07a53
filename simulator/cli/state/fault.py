"""`simulator fault`: faults at the services of a running `serve` or `up`, as events of a scenario's timeline."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import typer

from simulator.cli.exit_codes import bad_input
from simulator.cli.front.fault_actions import BEGIN, END, LIST, parse_fault
from simulator.cli.options import SIMULATOR_HELP
from simulator.cli.printing import echo
from simulator.cli.state.admin_client import ask_chosen
from simulator.cli.state.folder import state_folder
from simulator.model.text.quantities import time_text

_ALL: Final = "all"
_STATE_HELP: Final = "State folder of the simulator."

fault = typer.Typer(
    help="Faults at the services of a running `simulator serve` or `up`: latency, resets, killed instances and others.",
    no_args_is_help=True,
    add_completion=False,
)


@fault.callback()
def _fault() -> None:
    """Faults at the services of a running `simulator serve` or `up`: latency, resets, killed instances and others."""


@fault.command()
def begin(
    given: str = typer.Argument(
        ...,
        metavar="FAULT",
        help="An event as in a scenario's timeline, without `at`: wire_fault, kill_instance, recycle, maintenance, "
        "zone_loss, slow_starts or fail_health_checks.",
    ),
    state: Path | None = typer.Option(None, metavar="FOLDER", help=_STATE_HELP),
    simulator: str | None = typer.Option(None, metavar="NAME", help=SIMULATOR_HELP),
) -> None:
    """Begin a fault; with `for: 30s` it ends by itself."""
    try:
        parse_fault(given)  # report an invalid text even if no simulator is running
    except ValueError as error:
        bad_input(str(error))
    answer = _ask(state, simulator, BEGIN, fault=given)
    number = "" if answer["number"] is None else f"fault {answer['number']}: "
    echo(f"{number}{answer['said']}")


@fault.command("list")
def list_verb(
    state: Path | None = typer.Option(None, metavar="FOLDER", help=_STATE_HELP),
    simulator: str | None = typer.Option(None, metavar="NAME", help=SIMULATOR_HELP),
) -> None:
    """List the faults in force."""
    for one in _ask(state, simulator, LIST)["faults"]:
        left = "" if one["remaining_s"] is None else f", for another {time_text(max(0.0, one['remaining_s']))}"
        echo(f"fault {one['number']}: {one['said']}{left}")


@fault.command()
def end(
    number: str = typer.Argument(..., metavar="NUMBER", help="The number that `begin` printed, or `all`."),
    state: Path | None = typer.Option(None, metavar="FOLDER", help=_STATE_HELP),
    simulator: str | None = typer.Option(None, metavar="NAME", help=SIMULATOR_HELP),
) -> None:
    """End a fault, or all of them."""
    if number != _ALL and not (number.isascii() and number.isdecimal()):
        bad_input(f"NUMBER = {number!r}, must be the number of a fault, or {_ALL}")
    for said in _ask(state, simulator, END, number=None if number == _ALL else int(number))["said"]:
        echo(said)


def _ask(state: Path | None, simulator: str | None, action: str, **asked: Any) -> dict[str, Any]:
    return ask_chosen(state_folder(state), simulator, action, **asked)
