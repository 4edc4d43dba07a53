"""`simulator report`: shows the report of a run on the terminal, from a file or the kept report of the last run."""

from __future__ import annotations

from pathlib import Path

import typer

from simulator.cli.exit_codes import bad_input, hint_of
from simulator.cli.scenarios.last_run import given_report
from simulator.cli.terminal import Terminal
from simulator.console.report.text import print_checks, print_report


def report_verb(
    run: Path | None = typer.Argument(
        None,
        metavar="RUN.json",
        help="A report that `simulator run --json` wrote, or - for standard input; without it, that of the last run.",
    ),
    quiet: bool = typer.Option(False, "--quiet", "-q", help="Only the checks."),
) -> None:
    """Show the report of the last run again, or of one that `simulator run --json` wrote."""
    try:
        report = given_report(run)
    except ValueError as error:
        bad_input(str(error), hint_of(error))
    (print_checks if quiet else print_report)(report, Terminal())
