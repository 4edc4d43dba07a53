"""`simulator why`: the scaling decision in force at a moment of a run, in a sentence."""

from __future__ import annotations

from pathlib import Path

import typer

from simulator.cli.exit_codes import bad_input
from simulator.cli.printing import echo
from simulator.lab.why import parse_moment, read_report, why


def why_verb(
    run: Path = typer.Argument(..., metavar="RUN.json", help="A report written by `simulator run --json`."),
    time: str = typer.Argument(..., metavar="TIME", help="A moment of the run: 12:03:06, 03:06 or 90s."),
    service: str | None = typer.Option(None, help="Only this service; default: all."),
) -> None:
    """Explain what the scaler saw, computed, clamped and decided."""
    try:
        sentences = why(read_report(run), parse_moment(time), service)
    except ValueError as error:
        bad_input(str(error))
    for sentence in sentences:
        echo(sentence)
