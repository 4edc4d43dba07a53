"""`simulator validate`: compares the simulator with published results, case by case."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from simulator.cli.exit_codes import CHECK_FAILED, INTERRUPTED, OK, bad_input, broke, cannot
from simulator.cli.lab.lab_options import ValidateOptions
from simulator.cli.lab.run_lines import case_line
from simulator.cli.lab.tables import print_table, wide_console
from simulator.cli.lab.worker_options import ResumeOptions, opened_results, opened_workers, tell_interrupted
from simulator.cli.options import grouped
from simulator.cli.outputs import Outputs
from simulator.cli.platform.event_lines import check_loudness
from simulator.cli.terminal import Terminal
from simulator.console.batch_progress import BatchProgress
from simulator.lab.compare.tables import Cell
from simulator.lab.compare.tables import Table as LabTable
from simulator.lab.extras import MissingLibrary, needed
from simulator.lab.validate.case import Case, FindingVerdict, Subject
from simulator.lab.validate.page import markdown, numbers_of, share_text, totals_text
from simulator.lab.validate.plots import draw, file_name
from simulator.lab.validate.summary import by_subject
from simulator.lab.validate.validate import CaseResult, chosen, kept_cases, validated
from simulator.lab.workers.worker_pool import WorkerDied

# Width of a row with a case, a figure, its values and the source.
WIDE_COLUMNS: Final = 120
_STYLES: Final = {FindingVerdict.OK: "green", FindingVerdict.EXPLAINED: "yellow", FindingVerdict.MISS: "bold red"}


@grouped
def validate_verb(
    options: ValidateOptions,
    workers: ResumeOptions,
) -> None:
    """Run every ground-truth case and show the published value and the simulated one.

    Exit code 1: one misses.
    """
    check_loudness(quiet=options.quiet, verbose=options.verbose)
    console = Terminal(stderr=True, quiet=options.quiet)
    try:
        cases = chosen(options.case, options.platform)
        if options.plots is not None:
            needed("matplotlib")
    except (ValueError, MissingLibrary) as error:
        bad_input(str(error))
    subjects = [subject for subject in Subject if any(case.subject is subject for case in cases)]
    with Outputs() as outputs:
        page = outputs.text("--markdown", options.markdown_file)
        plots = {} if options.plots is None else _plot_files(outputs, options.plots, subjects)
        if workers.resume is not None:
            outputs.claim("--resume", workers.resume)
        results = _played(cases, options, workers, console)
        _print(results)
        draw(results, plots)
        if page is not None:
            page.write(markdown(results, _addresses(options, subjects)))
        outputs.commit()
    raise typer.Exit(OK if all(result.passed for result in results) else CHECK_FAILED)


def _plot_files(outputs: Outputs, folder: Path, subjects: Sequence[Subject]) -> dict[Subject, Path]:
    """Return the file for each subject's plot. A missing folder is created."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        cannot(error, f"--plots = {str(folder)!r}, cannot be made: {error.strerror or error}")
    paths = {subject: outputs.path("--plots", folder / file_name(subject)) for subject in subjects}
    return {subject: path for subject, path in paths.items() if path is not None}


def _addresses(options: ValidateOptions, subjects: Sequence[Subject]) -> dict[Subject, str]:
    """Return the addresses of the plots relative to the page; empty without plots or without a page."""
    if options.plots is None or options.markdown_file is None:
        return {}
    folder = Path(os.path.relpath(options.plots, options.markdown_file.parent))
    return {subject: (folder / file_name(subject)).as_posix() for subject in subjects}


def _played(
    cases: Sequence[Case], options: ValidateOptions, workers: ResumeOptions, console: Terminal
) -> list[CaseResult]:
    try:
        with (
            opened_results(None if workers.resume is None else kept_cases(workers.resume)) as kept,
            opened_workers(workers, len(cases), workers.resume) as pool,
            BatchProgress(console, "validation", len(cases), units="cases") as progress,
        ):

            def on_result(result: CaseResult, before: bool) -> None:
                progress.advance(f"{result.case.number} {result.case.title}", before=before)
                if options.verbose:
                    progress.print([case_line(result)])

            return validated(cases, pool, on_result, kept)
    except WorkerDied as error:
        broke(str(error))
    except KeyboardInterrupt as error:
        tell_interrupted(workers)
        raise typer.Exit(INTERRUPTED) from error


def _print(results: list[CaseResult]) -> None:
    console = wide_console()
    if console.width < WIDE_COLUMNS:
        _print_by_case(results, console)
    else:
        console.print(_wide(results))
    typer.echo()
    print_table(_summary(results), console)
    typer.echo(totals_text(results))


def _summary(results: list[CaseResult]) -> LabTable:
    """Return the table with a row for each platform."""
    headings = ("cases", "observed", "figures", "explained", "misses", "median error", "smallest bias", "run time")
    rows = tuple(
        (
            one.subject.platform_name,
            (
                *(Cell(str(count)) for count in (one.cases, one.observed, one.figures, one.explained, one.missed)),
                Cell(share_text(one.median_error)),
                Cell(share_text(one.smallest_bias)),
                Cell(f"{one.seconds:.1f} s"),
            ),
        )
        for one in by_subject(results)
    )
    return LabTable("By platform", headings, rows)


def _print_by_case(results: list[CaseResult], console: Console) -> None:
    """Print one table per case, if one table for all would leave no room for text."""
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
            style = _STYLES[finding.verdict]
            case = result.case
            table.add_row(case.number, case.title, finding.figure, *numbers, Text(verdict, style=style), case.source)
    return table
