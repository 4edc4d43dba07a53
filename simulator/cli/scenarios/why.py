"""`simulator why`: the scaling decision in force at a moment of a run, in a sentence."""

from __future__ import annotations

from pathlib import Path

import typer

from simulator.cli.exit_codes import bad_input, hint_of
from simulator.cli.scenarios.last_run import given_report
from simulator.cli.scenarios.scenario_file import STDIN
from simulator.cli.terminal import Terminal
from simulator.lab.why import parse_moment, why


def why_verb(
    time: str = typer.Argument(..., metavar="TIME", help="A moment of the run: 12:03:06, 03:06 or 90s."),
    run: str | None = typer.Argument(
        None,
        metavar="RUN.json",
        help="A report that `simulator run --json` wrote, or - for standard input; without it, that of the last run.",
    ),
    service: str | None = typer.Option(None, help="Only this service; default: all."),
) -> None:
    """Explain what the scaler saw, computed, clamped and decided.

    The file and the moment may be given in either order.
    """
    if run is not None and not _is_moment(time) and (_is_moment(run) or time == str(STDIN) or Path(time).exists()):
        time, run = run, time
    try:
        at_s = parse_moment(time)
        sentences = why(given_report(None if run is None else Path(run)), at_s, service)
    except ValueError as error:
        bad_input(str(error), hint_of(error))
    console = Terminal()
    for sentence in sentences:
        console.print(sentence, soft_wrap=not console.is_terminal)  # a terminal breaks lines between words


def _is_moment(text: str) -> bool:
    try:
        parse_moment(text)
    except ValueError:
        return False
    return True
