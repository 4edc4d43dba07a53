"""The options of `simulator predict`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import typer

from simulator.cli.options import RESULT_ONLY_HELP

SERVICE: Final = "The service"
RUNS: Final = "Runs"
RATE_HELP: Final = "Rates of the whole service, such as 60,100,140 or 6000/min; in requests/s without a unit."


@dataclass(frozen=True, slots=True)
class PredictQuestion:
    """What is asked: figures at rates or of a scenario, or the highest rate."""

    rate: Annotated[
        str | None, typer.Option(metavar="RATES", help=f"{RATE_HELP} Default: the highest rate that meets the SLO.")
    ] = None
    slo: Annotated[
        str | None,
        typer.Option(
            metavar="CHECKS",
            help="The SLO, such as 'p95 < 250 ms, error_rate < 0.1 %'. The highest rate is also limited by 1 % "
            "errors if the SLO has no limit of errors; without an SLO by p95 five times that without load.",
        ),
    ] = None
    scenario: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Predict this scenario, with the model as the application of its service."),
    ] = None
    service: Annotated[
        str | None, typer.Option(metavar="NAME", help="With --scenario: which service, if it has several.")
    ] = None


@dataclass(frozen=True, slots=True)
class PredictService:
    """The settings of the service."""

    instances: Annotated[
        int | None,
        typer.Option(min=1, max=1000, metavar="N", help="A fixed number of instances [1].", rich_help_panel=SERVICE),
    ] = None
    min_size: Annotated[
        int | None,
        typer.Option(min=1, max=25, metavar="N", help="Smallest number of instances.", rich_help_panel=SERVICE),
    ] = None
    max_size: Annotated[
        int | None,
        typer.Option(min=1, max=1000, metavar="N", help="Largest number: the service scales.", rich_help_panel=SERVICE),
    ] = None
    max_concurrency: Annotated[
        int | None,
        typer.Option(min=1, max=200, metavar="N", help="MaxConcurrency of an instance [100].", rich_help_panel=SERVICE),
    ] = None
    size: Annotated[
        str | None,
        typer.Option(
            metavar="SIZE", help="Instance size, such as '1 vCPU 2 GB' [as observed].", rich_help_panel=SERVICE
        ),
    ] = None


@dataclass(frozen=True, slots=True)
class PredictRuns:
    """The runs that the intervals are about."""

    duration: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Length of a run, to which the intervals apply [60s].",
            rich_help_panel=RUNS,
        ),
    ] = None
    warm_up: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Beginning of a run that is not counted [5s].", rich_help_panel=RUNS),
    ] = None
    seed: Annotated[int | None, typer.Option(min=0, max=2**62, help="Seed of the first run.", rich_help_panel=RUNS)] = (
        None
    )


@dataclass(frozen=True, slots=True)
class PredictOutputs:
    """The files of the result."""

    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="F", help="Write all figures with their intervals to F.")
    ] = None
    csv_file: Annotated[
        Path | None, typer.Option("--csv", metavar="F.csv", help="Write a row for each rate to F.csv.")
    ] = None
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help=RESULT_ONLY_HELP)] = False
