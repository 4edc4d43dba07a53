"""`simulator run`. Its work (run_scenario.py) is imported only after the scenario's file has been found."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from simulator.cli.imports import without_collections
from simulator.cli.options import grouped
from simulator.cli.scenarios.run_options import (
    BuildsOptions,
    ChoiceOptions,
    ConsoleOptions,
    ExportOptions,
    RealTimeOptions,
    ReportOptions,
)
from simulator.cli.scenarios.scenario_file import scenario_names, scenario_path


@grouped
def run(
    scenario: Annotated[
        str,
        typer.Argument(
            autocompletion=scenario_names,
            metavar="FILE",
            help="A scenario file, the name of a shipped scenario, or - for standard input.",
        ),
    ],
    choice: ChoiceOptions,
    report: ReportOptions,
    export: ExportOptions,
    real_time: RealTimeOptions,
    builds: BuildsOptions,
    console: ConsoleOptions,
) -> None:
    """Run a scenario and report what happened, why, and what it would cost.

    Exit code 0: every check passes; 1: one failed; 2: bad input; 3: an internal error stopped the run.
    """
    path: Path = scenario_path(scenario)
    with without_collections():
        from simulator.cli.scenarios.run_scenario import run_scenario  # noqa: PLC0415 report a wrong name before that

    raise typer.Exit(run_scenario(path, choice, report, export, real_time, builds, console))
