"""`simulator validate`: the ground truth, case by case."""

from __future__ import annotations

import os
from pathlib import Path

import typer
from rich.table import Table
from rich.text import Text

from simulator.cli.exits import CHECK_FAILED, OK, bad_input
from simulator.cli.tables import wide_console
from simulator.cli.terminal import Terminal
from simulator.lab.validate import Result, chosen, markdown, numbers_of, validated


def validate_verb(
    case: list[str] = typer.Option([], metavar="NUMBER", help="Only this case; may be given again. 2.1 is all theory."),
    workers: int = typer.Option(0, min=0, help="Processes of this machine; 0 is one for each core."),
    markdown_file: Path | None = typer.Option(
        None, "--markdown", metavar="F.md", help="Write the table as a page of documentation to F.md."
    ),
) -> None:
    """Run every ground-truth case: what was published, what comes out here; exit 1 when one misses."""
    console = Terminal(stderr=True)
    try:
        cases = chosen(case)
    except ValueError as error:
        bad_input(str(error))
    with console.status("") as status:

        def told(result: Result) -> None:
            status.update(f"{result.case.number} {result.case.title}: done")

        results = validated(cases, workers or os.cpu_count() or 1, told)
    _print(results)
    if markdown_file is not None:
        try:
            markdown_file.write_text(markdown(results), encoding="utf-8")
        except OSError as error:
            bad_input(f"markdown = {str(markdown_file)!r}, cannot be written: {error.strerror}")
    raise typer.Exit(OK if all(result.passed for result in results) else CHECK_FAILED)


def _print(results: list[Result]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold dim")
    for heading in ("case", "what", "figure"):
        table.add_column(heading)
    for heading in ("expected", "measured", "error", "tolerance", ""):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("source", style="dim")
    for result in results:
        for finding in result.findings:
            *numbers, verdict = numbers_of(finding)
            style = "green" if finding.passed else "bold red"
            case = result.case
            table.add_row(case.number, case.title, finding.figure, *numbers, Text(verdict, style=style), case.source)
    wide_console().print(table)
    missed = sum(not finding.passed for result in results for finding in result.findings)
    figures = sum(len(result.findings) for result in results)
    typer.echo(f"\n{figures} figures of {len(results)} cases, {missed} miss")
