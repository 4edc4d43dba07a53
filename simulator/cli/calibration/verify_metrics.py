"""`simulator verify --metrics`: compares metrics of the real service with the band of its model."""

from __future__ import annotations

from pathlib import Path

import typer

from simulator.calibration.from_metrics.candidate_runs import MeteredService
from simulator.calibration.model.calibrated_model import CalibratedModel
from simulator.calibration.prediction.settings import parse_size
from simulator.calibration.recordings import RecordedService, recorded_minutes_of, verified_service
from simulator.calibration.verification.metrics_check import (
    MetricsVerification,
    metrics_json,
    metrics_junit,
    metrics_lines,
    metrics_rows,
    verify_metrics,
)
from simulator.cli.calibration.verify_options import VerifyLoads, VerifyMetrics, VerifyOutputs
from simulator.cli.exit_codes import CHECK_FAILED, OK, bad_input, cannot, run_broke
from simulator.cli.outputs import Outputs
from simulator.cli.printing import echo
from simulator.cli.terminal import Terminal
from simulator.lab.minutes.service_minutes import ServiceMinutes
from simulator.lab.table_file import write_table
from simulator.model.text.units import parse_share
from simulator.replay.runner import BrokenRun
from simulator.scenario.problems import ScenarioError


def verify_with_metrics(
    model: CalibratedModel,
    given: VerifyMetrics,
    loads: VerifyLoads,
    shown: VerifyOutputs,
    *,
    size: str | None,
    seed: int,
    protected: Path,
) -> None:
    """Compare, print and write the result, and end the command with its exit code."""
    files = given.metrics or []
    try:
        inside = parse_share(given.inside)
        recorded = RecordedService(loads.instances, given.min_size, given.max_size, loads.max_concurrency)
        service = verified_service(model, files, recorded, None if size is None else parse_size(size))
        minutes = recorded_minutes_of(files)
        fitted = recorded_minutes_of(given.fitted) if given.fitted else None
    except (ScenarioError, ValueError) as error:
        bad_input(str(error))
    except OSError as error:
        bad_input(f"{error.filename}: {error.strerror}")
    with Outputs() as outputs:
        outputs.protect([protected, *files, *(given.fitted or [])])
        json_file, junit = outputs.text("--json", shown.json_file), outputs.text("--junit", shown.junit)
        csv_file = outputs.path("--csv", shown.csv_file)
        try:
            made = _verified(model, minutes, service, fitted, inside, seed, quiet=shown.quiet)
        except (ScenarioError, ValueError) as error:
            bad_input(str(error))
        except BrokenRun as error:
            run_broke(error)
        for line in metrics_lines(made):
            echo(line)
        if json_file is not None:
            json_file.write(metrics_json(made))
        if junit is not None:
            junit.write(metrics_junit(made))
        if csv_file is not None:
            try:
                write_table(metrics_rows(made), csv_file)
            except OSError as error:
                cannot(error)
        outputs.commit()
    raise typer.Exit(OK if made.passed else CHECK_FAILED)


def _verified(
    model: CalibratedModel,
    minutes: ServiceMinutes,
    service: MeteredService,
    fitted: ServiceMinutes | None,
    inside: float,
    seed: int,
    *,
    quiet: bool,
) -> MetricsVerification:
    with Terminal(stderr=True, quiet=quiet).status("") as status:

        def tell(done: int, of_all: int) -> None:
            status.update(f"{done} of {of_all} runs of the recording")

        return verify_metrics(model, minutes, service, fitted=fitted, inside=inside, seed=seed, tell=tell)
