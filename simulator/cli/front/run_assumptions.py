"""`simulator run --assumptions`: plays the scenario with each assumption moved, and adds the result to the report."""

from __future__ import annotations

import os

import typer

from simulator.cli.exit_codes import INTERRUPTED, bad_input, run_broke
from simulator.cli.printing import echo
from simulator.cli.terminal import Terminal
from simulator.console.batch_progress import BatchProgress
from simulator.lab.assumptions.sensitivity import Sensitivity, SensitivityRun
from simulator.model.text.quantities import time_text
from simulator.replay.runner import BrokenRun
from simulator.report.schema import Report
from simulator.scenario.problems import ScenarioError
from simulator.scenario.scenario import ScenarioSpec
from simulator.world.clock import wall_s


def with_assumptions(report: Report, scenario: ScenarioSpec, backend: str, *, quiet: bool) -> Report:
    """Return the report with its part about assumptions. Progress and the time taken are on standard error."""
    began_s, console = wall_s(), Terminal(stderr=True, quiet=quiet)
    try:
        sensitivity = Sensitivity(scenario, backend)
        with BatchProgress(console, "assumptions", len(sensitivity.runs)) as progress:

            def on_done(run: SensitivityRun) -> None:
                progress.advance(run.name)

            part = sensitivity.play(os.cpu_count() or 1, on_done)
    except (ScenarioError, ValueError) as error:
        bad_input(str(error))
    except BrokenRun as error:
        run_broke(error)
    except KeyboardInterrupt as error:
        echo("interrupted", err=True)
        raise typer.Exit(INTERRUPTED) from error
    if not quiet:
        echo(f"assumptions: {part.runs} runs in {time_text(wall_s() - began_s)}", err=True)
    return report.model_copy(update={"assumptions": part})
