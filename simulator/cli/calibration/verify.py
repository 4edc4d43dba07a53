"""`simulator verify`: plays loads against the real service, and compares them with the prediction of its model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from simulator.calibration.model.calibrated_model import CalibratedModel
from simulator.calibration.model.model_file import read_model
from simulator.calibration.observing.observed_service import MAX_CONCURRENCY, ObservedService
from simulator.calibration.observing.targets.targets import (
    ObservedTarget,
    parse_target,
    service_of,
    target_of_observation,
)
from simulator.calibration.prediction.settings import PredictedService, parse_rates
from simulator.calibration.verification.bounds import parse_bounds
from simulator.calibration.verification.output import junit_xml, verification_json, verification_rows
from simulator.calibration.verification.tables import verification_lines
from simulator.calibration.verification.verification import Verification
from simulator.calibration.verification.verify import LoadBegan, LoadPlayed, routes_of, verify, with_mix
from simulator.cli.calibration.observe_options import ObserveRequests, ObserveService
from simulator.cli.calibration.observed_target import live_service, route_loads, target_settings
from simulator.cli.calibration.verify_metrics import verify_with_metrics
from simulator.cli.calibration.verify_options import LOADS, VerifyLoads, VerifyMetrics, VerifyOutputs
from simulator.cli.exit_codes import CHECK_FAILED, INTERRUPTED, OK, bad_input, cannot, run_broke
from simulator.cli.listening import allow_many_files
from simulator.cli.options import grouped
from simulator.cli.outputs import Outputs
from simulator.cli.printing import Status, echo
from simulator.lab.table_file import write_table
from simulator.model.text.quantities import latency_text, rate_text
from simulator.model.text.units import parse_duration
from simulator.records.journal import Journal
from simulator.replay.runner import BrokenRun, InterruptedRun
from simulator.scenario.problems import ScenarioError


@grouped
def verify_verb(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A model file of `simulator calibrate`.")],
    loads: VerifyLoads,
    metrics: VerifyMetrics,
    shown: VerifyOutputs,
    requests: ObserveRequests,
    service: ObserveService,
    target: Annotated[
        str | None,
        typer.Argument(
            metavar="TARGET",
            help="What is measured, as for `simulator observe`: a folder, an image, a command or a scenario. Default: "
            "the target that the model was calibrated from.",
        ),
    ] = None,
    rate: Annotated[
        str | None,
        typer.Option(
            metavar="RATES",
            help="Rates of the whole service, such as 60,100,130; better ones that were not observed.",
            rich_help_panel=LOADS,
        ),
    ] = None,
) -> None:
    """Play loads against the real service, and compare them with what its calibrated model predicts.

    With --metrics nothing is played: metrics of the service are compared with what the model does in each minute.

    The loads are played on the path of `simulator observe`, with fresh instances for each. Size and routes are those of
    the model, unless given. Exit code 0: all figures are within the bounds; 1: some are not; 2: bad input; 3: a run
    failed.
    """
    try:
        calibrated = read_model(model)
        if metrics.metrics:
            _require_none(rate, target)
            verify_with_metrics(
                calibrated, metrics, loads, shown, size=service.size, seed=requests.seed, protected=model
            )
        rates_rps, bounds = _rates(rate), parse_bounds(shown.bound)
        settings = PredictedService(
            loads.instances or 1,
            max_concurrency=loads.max_concurrency or MAX_CONCURRENCY,
            duration_s=parse_duration(loads.duration),
            warm_up_s=parse_duration(loads.warm_up),
            seed=requests.seed,
        )
        if target is None:
            given, name = target_of_observation(calibrated.provenance.target)
            service = replace(service, service=service.service or name)
        else:
            given = parse_target(target)
        observed = _service(calibrated, given, requests, service)
    except (ScenarioError, ValueError) as error:
        bad_input(str(error))
    with Outputs() as outputs:
        outputs.protect([model])
        json_file, junit = outputs.text("--json", shown.json_file), outputs.text("--junit", shown.junit)
        csv_file = outputs.path("--csv", shown.csv_file)
        allow_many_files()
        live, observed = live_service(given, observed, service, quiet=shown.quiet)
        try:
            verification = verify(
                calibrated,
                observed,
                settings,
                rates_rps,
                bounds,
                repeats=loads.repeats,
                live=live,
                signals=True,
                journal=_progress(quiet=shown.quiet),
            )
        except (ScenarioError, ValueError) as error:
            bad_input(str(error))
        except BrokenRun as error:
            run_broke(error)
        except (InterruptedRun, KeyboardInterrupt):
            echo("interrupted before all loads were played", err=True)
            raise typer.Exit(INTERRUPTED) from None
        for line in verification_lines(verification):
            echo(line)
        if json_file is not None:
            json_file.write(verification_json(verification))
        if junit is not None:
            junit.write(junit_xml(verification))
        if csv_file is not None:
            _write_rows(verification, csv_file)
        outputs.commit()
    raise typer.Exit(OK if verification.passed else CHECK_FAILED)


def _rates(text: str | None) -> tuple[float, ...]:
    if text is None:
        msg = "rate = not given, must be rates to play such as 60,100, or --metrics of the service instead"
        raise ValueError(msg)
    return parse_rates(text)


def _require_none(rate: str | None, target: str | None) -> None:
    for name, value in (("rate", rate), ("target", target)):
        if value is not None:
            msg = f"{name} = {value}, must be left out with --metrics: nothing is played live"
            raise ValueError(msg)


def _service(
    model: CalibratedModel, target: ObservedTarget, requests: ObserveRequests, service: ObserveService
) -> ObservedService:
    """Return the service with the size and the routes of the model, where the options give no others."""
    settings = target_settings(service)
    if settings.size is None:
        settings = replace(settings, size=model.size)
    observed = service_of(target, route_loads(requests, routes_of(model)), settings)
    with_mix(model, observed)  # before anything is built
    return observed


def _progress(*, quiet: bool) -> Journal:
    journal, status = Journal(), Status()
    if not quiet:
        journal.subscribe(LoadBegan, lambda begun: status.tell(_began_text(begun)))
        journal.subscribe(LoadPlayed, lambda played: status.tell(_played_text(played)))
    return journal


def _began_text(begun: LoadBegan) -> str:
    return f"load {begun.number} of {begun.total}: {rate_text(begun.rate_rps)}"


def _played_text(played: LoadPlayed) -> str:
    figures = played.measured.figures
    latencies = f"p50 {latency_text(figures.p50_s)}, p95 {latency_text(figures.p95_s)}"
    return f"  {latencies}, served {rate_text(figures.served_rps)}"


def _write_rows(verification: Verification, file: Path) -> None:
    try:
        write_table(verification_rows(verification), file)
    except OSError as error:
        cannot(error)
