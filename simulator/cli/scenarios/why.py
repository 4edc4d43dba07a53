"""`simulator why`: the scaling decision in force at a moment of a run, in a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import typer

from simulator.cli.exit_codes import bad_input, hint_of
from simulator.cli.options import SIMULATOR_HELP
from simulator.cli.scenarios.last_run import given_report
from simulator.cli.scenarios.scenario_file import STDIN
from simulator.cli.terminal import Terminal
from simulator.lab.why import parse_moment, why


def why_verb(
    time: str | None = typer.Argument(
        None,
        metavar="TIME",
        help="A moment of the run: 12:03:06, 03:06 or 90s. With --live a time of day, or how long ago; default: now.",
        show_default=False,
    ),
    run: str | None = typer.Argument(
        None,
        metavar="RUN.json",
        help="A report that `simulator run --json` wrote, or - for standard input; without it, that of the last run.",
    ),
    service: str | None = typer.Option(None, help="Only this service; default: all."),
    live: bool = typer.Option(False, "--live", help="Ask the `serve` or `up` that runs with the state folder."),
    state: Path | None = typer.Option(None, metavar="FOLDER", help="Its state folder."),
    simulator: str | None = typer.Option(None, metavar="NAME", help=SIMULATOR_HELP),
) -> None:
    """Explain a scaling decision: its inputs, the computed count, its limits and the result.

    The file and the moment may be given in either order.
    """
    try:
        if live:
            sentences = _of_live(time, run, service, state, simulator)
        else:
            sentences = _of_run(time, run, service, {"state": state, "simulator": simulator})
    except ValueError as error:
        bad_input(str(error), hint_of(error))
    console = Terminal()
    for sentence in sentences:
        console.print(sentence, soft_wrap=not console.is_terminal)  # a terminal breaks lines between words itself


def _of_run(time: str | None, run: str | None, service: str | None, of_live: Mapping[str, object]) -> list[str]:
    for option, value in of_live.items():
        if value is not None:
            raise ValueError(f"{option} = {str(value)!r}, must come with --live")
    if time is None:
        raise ValueError("time = none, must be given: a moment of the run, such as 12:03:06, 03:06 or 90s")
    if run is not None and not _is_moment(time) and (_is_moment(run) or time == str(STDIN) or Path(time).exists()):
        time, run = run, time
    at_s = parse_moment(time)
    return why(given_report(None if run is None else Path(run)), at_s, service)


def _of_live(
    time: str | None, run: str | None, service: str | None, state: Path | None, simulator: str | None
) -> list[str]:
    if run is not None:
        raise ValueError(f"run = {run!r}, must be left out with --live")
    from simulator.cli.scenarios.live_why import live_sentences  # noqa: PLC0415 only for a live service

    return live_sentences(time, service, state, simulator)


def _is_moment(text: str) -> bool:
    try:
        parse_moment(text)
    except ValueError:
        return False
    return True
