"""`simulator verify --metrics`: compares metrics of the real service with the band of its model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import typer

from simulator.calibration.from_metrics.candidate_runs import MeteredService
from simulator.calibration.from_metrics.metric_files import is_metric_file, read_metrics
from simulator.calibration.model.calibrated_model import CalibratedModel
from simulator.calibration.prediction.settings import parse_size
from simulator.calibration.verification.metrics_check import (
    MetricsVerification,
    metrics_json,
    metrics_junit,
    metrics_lines,
    metrics_rows,
    verify_metrics,
)
from simulator.cli.calibration.recordings import RecordedService, metered_service
from simulator.cli.calibration.verify_options import VerifyLoads, VerifyMetrics, VerifyOutputs
from simulator.cli.exit_codes import CHECK_FAILED, OK, bad_input, cannot, run_broke
from simulator.cli.outputs import Outputs
from simulator.cli.printing import echo
from simulator.cli.terminal import Terminal
from simulator.ingest.input_file import InputFile
from simulator.ingest.service.service_settings import merged
from simulator.ingest.service.settings_files import is_settings, settings_of
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
        service = _service(model, [InputFile(path) for path in files], given, loads, size)
        minutes = _minutes(files)
        fitted = _minutes(given.fitted) if given.fitted else None
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


def _service(
    model: CalibratedModel, files: Sequence[InputFile], given: VerifyMetrics, loads: VerifyLoads, size: str | None
) -> MeteredService:
    settings = merged(settings_of(file) for file in files if is_settings(file))
    if loads.instances is not None and (given.min_size is not None or given.max_size is not None):
        msg = f"instances = {loads.instances}, must be left out with min-size or max-size, which let the service scale"
        raise ValueError(msg)
    recorded = RecordedService(
        instances=loads.instances,
        min_size=given.min_size,
        max_size=given.max_size,
        max_concurrency=loads.max_concurrency or model.observed.max_concurrency,
    )
    service = metered_service(recorded, settings)
    chosen = service.size if settings.cpu or settings.memory else model.size
    return MeteredService(
        chosen if size is None else parse_size(size),
        service.max_concurrency,
        service.min_size,
        service.max_size,
        "fixed" if loads.instances is not None else service.policy,
    )


def _minutes(paths: Sequence[Path]) -> ServiceMinutes:
    files = [file for file in map(InputFile, paths) if not is_settings(file)]
    others = [file for file in files if not is_metric_file(file)]
    if others:
        raise others[0].problem(1, "content", "no metrics", "metrics of CloudWatch, or settings of the service")
    if not files:
        msg = "metrics = settings of the service only, must have metrics of CloudWatch too"
        raise ValueError(msg)
    return read_metrics(files)


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
