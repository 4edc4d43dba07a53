"""`simulator why`: the verdict of a run, or the scaling decision in force at a moment, in sentences."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import typer

from simulator.cli.exit_codes import bad_input, hint_of
from simulator.cli.options import SIMULATOR_HELP
from simulator.cli.scenarios.last_run import given_report
from simulator.cli.scenarios.scenario_file import STDIN
from simulator.cli.terminal import Terminal
from simulator.lab.why import losses_at, parse_moment, verdict_lines, why


def why_verb(
    time: str | None = typer.Argument(
        None,
        metavar="TIME",
        help="A moment of the run: 12:03:06, 03:06 or 90s; without it, the verdict of the run. With --live a time of "
        "day, or how long ago; default: now.",
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
    """Explain why requests were lost, or the scaling decision at a moment: inputs, result and limits.

    Without a moment: the verdict of the run and its causes. With one: the policy's inputs, the computed count, its
    limits and the result.

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
    if time is None or (run is None and not _is_moment(time) and (time == str(STDIN) or Path(time).exists())):
        return verdict_lines(given_report(None if time is None else Path(time)), service)
    if run is not None and not _is_moment(time) and (_is_moment(run) or time == str(STDIN) or Path(time).exists()):
        time, run = run, time
    at_s = parse_moment(time)
    report = given_report(None if run is None else Path(run))
    return [*why(report, at_s, service), *losses_at(report, at_s, service)]


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
