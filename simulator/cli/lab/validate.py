"""`simulator validate`: compare the simulator with published results, case by case."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Final

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from simulator.cli.exit_codes import CHECK_FAILED, OK, bad_input
from simulator.cli.lab.lab_options import ValidateOptions
from simulator.cli.lab.run_lines import case_line
from simulator.cli.lab.tables import print_table, wide_console
from simulator.cli.options import grouped
from simulator.cli.outputs import Outputs
from simulator.cli.platform.event_lines import check_loudness
from simulator.cli.terminal import Terminal
from simulator.lab.compare.tables import Cell
from simulator.lab.compare.tables import Table as LabTable
from simulator.lab.validate.case import Case
from simulator.lab.validate.validate import CaseResult, chosen, markdown, numbers_of, validated

# Width of a row with a case, a figure, its numbers and the source.
WIDE_COLUMNS: Final = 120


@grouped
def validate_verb(
    options: ValidateOptions,
) -> None:
    """Run every ground-truth case and show the published value and the simulated one.

    Exit code 1: one misses.
    """
    check_loudness(quiet=options.quiet, verbose=options.verbose)
    console = Terminal(stderr=True, quiet=options.quiet)
    try:
        cases = chosen(options.case)
    except ValueError as error:
        bad_input(str(error))
    with Outputs() as outputs:
        page = outputs.text("--markdown", options.markdown_file)
        results = _played(cases, options, console)
        _print(results)
        if page is not None:
            page.write(markdown(results))
        outputs.commit()
    raise typer.Exit(OK if all(result.passed for result in results) else CHECK_FAILED)


def _played(cases: Sequence[Case], options: ValidateOptions, console: Terminal) -> list[CaseResult]:
    with console.status("") as status:

        def given(result: CaseResult) -> None:
            status.update(f"{result.case.number} {result.case.title}: done")
            if options.verbose:
                console.print(case_line(result), soft_wrap=True, markup=False, highlight=False)

        return validated(cases, options.workers or os.cpu_count() or 1, given)


def _print(results: list[CaseResult]) -> None:
    console = wide_console()
    if console.width < WIDE_COLUMNS:
        _print_by_case(results, console)
    else:
        console.print(_wide(results))
    missed = sum(not finding.passed for result in results for finding in result.findings)
    figures = sum(len(result.findings) for result in results)
    typer.echo(f"\n{figures} figures of {len(results)} cases, {missed} miss")


def _print_by_case(results: list[CaseResult], console: Console) -> None:
    """Print one table per case, when a single table would leave no room for text."""
    for result in results:
        rows = tuple((finding.figure, tuple(map(Cell, numbers_of(finding)))) for finding in result.findings)
        title = f"{result.case.number} {result.case.title} ({result.case.source})"
        print_table(LabTable(title, ("expected", "measured", "error", "tolerance", ""), rows), console)


def _wide(results: list[CaseResult]) -> Table:
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
    return table
