"""The options of `simulator verify`; those of the target are in observe_options.py."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import typer

from simulator.calibration.observing.observed_service import MAX_CONCURRENCY
from simulator.calibration.verification.bounds import BOUNDS_DEFAULT
from simulator.calibration.verification.metrics_check import INSIDE_DEFAULT
from simulator.calibration.verification.verify import DURATION_S, WARM_UP_S
from simulator.cli.calibration.size_options import max_size_option, min_size_option
from simulator.cli.options import RESULT_ONLY_HELP

LOADS: Final = "The loads"
METRICS: Final = "Metrics instead of loads"


@dataclass(frozen=True, slots=True)
class VerifyLoads:
    """The loads that are played."""

    instances: Annotated[
        int | None, typer.Option(min=1, max=25, metavar="N", help="Real instances [1].", rich_help_panel=LOADS)
    ] = None
    max_concurrency: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=200,
            metavar="N",
            help=f"MaxConcurrency of an instance [{MAX_CONCURRENCY}; with --metrics 100].",
            rich_help_panel=LOADS,
        ),
    ] = None
    duration: Annotated[str, typer.Option(metavar="TIME", help="Length of a load.", rich_help_panel=LOADS)] = (
        f"{DURATION_S:g}s"
    )
    warm_up: Annotated[
        str, typer.Option(metavar="TIME", help="Beginning of a load that is not counted.", rich_help_panel=LOADS)
    ] = f"{WARM_UP_S:g}s"
    repeats: Annotated[
        int,
        typer.Option(
            min=1, max=100, metavar="N", help="Plays of each load; their median counts.", rich_help_panel=LOADS
        ),
    ] = 1


@dataclass(frozen=True, slots=True)
class VerifyMetrics:
    """Metrics of the service, which are compared with the model instead of loads that are played."""

    metrics: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="CloudWatch metrics of minutes, as for `simulator calibrate`, instead of --rate: the share of the "
            "minutes within the model's band. May be repeated, also for files with the settings of the service.",
            rich_help_panel=METRICS,
        ),
    ] = None
    fitted: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="The metrics that the model was calibrated from: bands are widened by what these need.",
            rich_help_panel=METRICS,
        ),
    ] = None
    min_size: Annotated[int | None, min_size_option(METRICS)] = None
    max_size: Annotated[int | None, max_size_option(METRICS)] = None
    inside: Annotated[
        str,
        typer.Option(
            metavar="SHARE", help="Minutes that must be within the band of each figure.", rich_help_panel=METRICS
        ),
    ] = f"{100 * INSIDE_DEFAULT:g}%"


@dataclass(frozen=True, slots=True)
class VerifyOutputs:
    """The bounds, and the files of the result."""

    bound: Annotated[
        str,
        typer.Option(
            metavar="BOUNDS",
            help="Largest errors, such as 'p50 5 %, p95 8 %, throughput inside'; inside: the 95 % interval of the "
            "prediction, for all figures together.",
        ),
    ] = BOUNDS_DEFAULT
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="F", help="Write predicted and measured figures to F.")
    ] = None
    csv_file: Annotated[
        Path | None, typer.Option("--csv", metavar="F.csv", help="Write a row for each figure to F.csv.")
    ] = None
    junit: Annotated[
        Path | None, typer.Option(metavar="F.xml", help="Write a JUnit report, which CI systems show, to F.xml.")
    ] = None
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help=RESULT_ONLY_HELP)] = False
