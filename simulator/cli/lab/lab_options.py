"""The options of `simulator sweep`, `shadow` and `validate`, in groups, and options shared by laboratory verbs."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Final

import typer

from simulator.cli.options import ENGINE_HELP, RESULT_ONLY_HELP, VERBOSE_HELP
from simulator.lab.answer.alternatives import MONTH_COST
from simulator.lab.backend_names import AUTO, BACKEND_NAMES
from simulator.lab.sweep.answers import SWEEP_OBJECTIVES
from simulator.world.clock import ClockKind

RUNS: Final = "Runs"
EXPORTS: Final = "Exports"
REAL_TIME: Final = "Real time (--clock real)"
RUNS_VERBOSE_HELP: Final = "Print a line for each run on standard error when it has ended."


@dataclass(frozen=True, slots=True)
class SweepOutputs:
    """The files for the result of a sweep, and what is shown of it."""

    out: Annotated[Path, typer.Option(metavar="F", help="The result: a Parquet file, or F.csv.")] = Path(
        "sweep.parquet"
    )
    chart: Annotated[Path | None, typer.Option(metavar="F.png", help="Draw the result to F (png, svg or pdf).")] = None
    html: Annotated[
        Path | None, typer.Option(metavar="F.html", help="Write a page with charts: one file, no network.")
    ] = None
    json_file: Annotated[Path | None, typer.Option("--json", metavar="F", help="Write the answer as JSON to F.")] = None
    markdown_file: Annotated[
        Path | None, typer.Option("--markdown", metavar="F.md", help="Write the answer as Markdown to F.md.")
    ] = None
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help=RESULT_ONLY_HELP)] = False
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help=RUNS_VERBOSE_HELP)] = False

    @property
    def texts(self) -> dict[str, Path | None]:
        """The files of the answer by option."""
        return {"--html": self.html, "--json": self.json_file, "--markdown": self.markdown_file}


@dataclass(frozen=True, slots=True)
class SweepRunOptions:
    """Settings of the runs of a sweep."""

    objective: Annotated[
        str,
        typer.Option(
            metavar="FIGURE",
            help=f"What the best setting has lowest: {', '.join(SWEEP_OBJECTIVES)}.",
            rich_help_panel=RUNS,
        ),
    ] = MONTH_COST.name
    seeds: Annotated[
        int,
        typer.Option(
            min=1,
            max=10_000,
            help="Runs of every point, with the scenario's seed and the following ones.",
            rich_help_panel=RUNS,
        ),
    ] = 1
    backend: Annotated[
        str, typer.Option(help=f"Engine of the points: {', '.join(BACKEND_NAMES)}.", rich_help_panel=RUNS)
    ] = AUTO


@dataclass(frozen=True, slots=True)
class ShadowOptions:
    """What is shown of a run with shadows, and the file for its result."""

    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="F", help="Write divergences and decisions to F.")
    ] = None
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help=RESULT_ONLY_HELP)] = False
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help=VERBOSE_HELP)] = False


@dataclass(frozen=True, slots=True)
class ShadowClockOptions:
    """The clock of a run with shadows, and options for real time only."""

    clock: Annotated[ClockKind, typer.Option(help="Virtual time (default), or real time over sockets.")] = (
        ClockKind.VIRTUAL
    )
    state: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Where the local authority is kept.", rich_help_panel=REAL_TIME),
    ] = None
    engine: Annotated[str | None, typer.Option(metavar="URL", help=ENGINE_HELP, rich_help_panel=REAL_TIME)] = None


@dataclass(frozen=True, slots=True)
class ValidateOptions:
    """The cases to run, and what is shown of them."""

    case: Annotated[
        list[str], typer.Option(metavar="NUMBER", help="Only this case; may be given again. 2.1 is all theory.")
    ] = field(default_factory=list)
    platform: Annotated[
        list[str], typer.Option(metavar="NAME", help="Only this platform's cases; may be given again: ecs, knative.")
    ] = field(default_factory=list)
    markdown_file: Annotated[
        Path | None,
        typer.Option("--markdown", metavar="F.md", help="Write the table as a page of documentation to F.md."),
    ] = None
    plots: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            file_okay=False,
            help="Write an SVG plot for each platform into FOLDER; the page of --markdown shows them.",
        ),
    ] = None
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help=RESULT_ONLY_HELP)] = False
    verbose: Annotated[
        bool,
        typer.Option("--verbose", "-v", help="Print a line for each case on standard error when it has ended."),
    ] = False
