"""`simulator report`: shows the report of a run on the terminal, from a file or the kept report of the last run."""

from __future__ import annotations

import sys
from pathlib import Path

import typer

from simulator.cli.exit_codes import bad_input, hint_of
from simulator.cli.printing import plain_width
from simulator.cli.scenarios.last_run import given_report
from simulator.console.report.checks_text import checks_text
from simulator.report.schema import Report


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
    show_report(report, quiet=quiet)


def show_report(report: Report, *, to_stderr: bool = False, quiet: bool = False) -> None:
    """Print the report, or only its checks. In a file or a pipe the checks of most runs can be printed without rich."""
    stream = sys.stderr if to_stderr else sys.stdout
    width = plain_width(stream) if quiet else None
    text = checks_text(report, width) if width is not None else None
    if text is not None:
        stream.write(text)
        return
    from simulator.cli.terminal import Terminal  # noqa: PLC0415
    from simulator.console.report.text import print_checks, print_report  # noqa: PLC0415

    (print_checks if quiet else print_report)(report, Terminal(stderr=to_stderr))
