"""The options of `simulator tune`, in groups."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Final

import typer

from simulator.cli.lab.lab_options import RUNS, RUNS_VERBOSE_HELP
from simulator.cli.options import RESULT_ONLY_HELP
from simulator.lab.backend_names import AUTO, BACKEND_NAMES

SURE: Final = "How sure"
USE: Final = "What to do with it"


@dataclass(frozen=True, slots=True)
class TuneAims:
    """What is minimised, and what may vary."""

    minimise: Annotated[
        str,
        typer.Option(metavar="METRIC", help="What to minimise: usd (a month), or a metric such as usd_per_million."),
    ] = "usd"
    vary: Annotated[
        list[str],
        typer.Option(
            metavar="FIELD=VALUES",
            help="What varies, as in sweep: max_concurrency=10,20,50, min_size=1..10, size=1 vCPU/2 GB,2 vCPU/4 GB; "
            "may be given again. Default: MaxConcurrency, MinSize, MaxSize and size around the scenario's own.",
        ),
    ] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class TuneOutputs:
    """What is shown, and the file for the result."""

    json_file: Annotated[Path | None, typer.Option("--json", metavar="F", help="Write the result as JSON to F.")] = None
    html: Annotated[
        Path | None, typer.Option(metavar="F.html", help="Write a page with charts: one file, no network.")
    ] = None
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help=RESULT_ONLY_HELP)] = False
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help=RUNS_VERBOSE_HELP)] = False


@dataclass(frozen=True, slots=True)
class TuneDays:
    """The days that judge, and how sure the choice must be."""

    judge: Annotated[
        list[str],
        typer.Option(
            metavar="FILE",
            help="A scenario file to judge the choice on; may be given again. Default: other seeds of the same files.",
            rich_help_panel=SURE,
        ),
    ] = field(default_factory=list)
    withstand: Annotated[
        list[str],
        typer.Option(
            metavar="NAME",
            help="An adverse condition that it must hold under as well: traffic (1.3 x), bursts (at another time), "
            "starts (50 % longer); may be given again. Default: they are played and shown only.",
            rich_help_panel=SURE,
        ),
    ] = field(default_factory=list)
    hold: Annotated[
        str,
        typer.Option(metavar="SHARE", help="Share of such days on which the SLO must hold.", rich_help_panel=SURE),
    ] = "90 %"
    indifference: Annotated[
        str,
        typer.Option(metavar="SHARE", help="Settings that differ by less count as equal.", rich_help_panel=SURE),
    ] = "1 %"


@dataclass(frozen=True, slots=True)
class TuneUseOptions:
    """What is done with the choice: it is written to paste, and compared with the current setting."""

    texts: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Write what there is to paste to files in FOLDER, and the scenario file with the choice.",
            rich_help_panel=USE,
        ),
    ] = None
    check: Annotated[
        list[Path],
        typer.Option(
            metavar="FILE",
            help="A file with today's setting: a scenario, Terraform, or an answer of describe-service or "
            "describe-auto-scaling-configuration; may be given again. The exit code is 1 unless it is near the best.",
            rich_help_panel=USE,
        ),
    ] = field(default_factory=list)
    within: Annotated[
        str,
        typer.Option(
            metavar="SHARE", help="With --check: how much more than the best is near enough.", rich_help_panel=USE
        ),
    ] = "5 %"
    junit: Annotated[
        Path | None,
        typer.Option(
            metavar="F.xml", help="With --check: write its checks as JUnit's XML to F.xml.", rich_help_panel=USE
        ),
    ] = None


@dataclass(frozen=True, slots=True)
class TuneRunOptions:
    """Settings of the runs."""

    runs: Annotated[
        int,
        typer.Option(min=0, help="Most runs that choose; 0: by the size of the space.", rich_help_panel=RUNS),
    ] = 0
    backend: Annotated[
        str, typer.Option(help=f"Engine of the runs: {', '.join(BACKEND_NAMES)}.", rich_help_panel=RUNS)
    ] = AUTO
