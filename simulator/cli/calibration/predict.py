"""`simulator predict`: the latency, errors and capacity of a calibrated model at loads that were not measured."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final

import typer

from simulator.calibration.model.calibrated_model import CalibratedModel
from simulator.calibration.model.model_file import read_model
from simulator.calibration.prediction.capacity import predict_capacity, runs_of_capacity
from simulator.calibration.prediction.draws import draws_of
from simulator.calibration.prediction.model_scenario import ScenarioWithModel, replaced_keys
from simulator.calibration.prediction.objectives import parse_objectives
from simulator.calibration.prediction.output import prediction_json, prediction_rows
from simulator.calibration.prediction.predict import predict, predict_scenario
from simulator.calibration.prediction.prediction import Prediction
from simulator.calibration.prediction.settings import (
    DURATION_S,
    MAX_CONCURRENCY,
    WARM_UP_S,
    PredictedService,
    parse_rates,
    parse_size,
)
from simulator.calibration.prediction.tables import prediction_lines
from simulator.cli.calibration.predict_options import PredictOutputs, PredictQuestion, PredictRuns, PredictService
from simulator.cli.exit_codes import CHECK_FAILED, OK, bad_input, cannot, run_broke
from simulator.cli.options import grouped
from simulator.cli.outputs import Outputs
from simulator.cli.printing import echo
from simulator.cli.scenarios.scenario_file import file_path
from simulator.cli.terminal import Terminal
from simulator.console.batch_progress import BatchProgress
from simulator.lab.table_file import write_table
from simulator.model.text.units import parse_duration
from simulator.replay.runner import BrokenRun
from simulator.scenario.check_expression import CheckExpression
from simulator.scenario.problems import ScenarioError

Advance = Callable[[], None]

_SEED: Final = 1
_FIRST_USE: Final = ", compiling on first use"


@grouped
def predict_verb(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A model file of `simulator calibrate`.")],
    question: PredictQuestion,
    service: PredictService,
    runs: PredictRuns,
    shown: PredictOutputs,
) -> None:
    """Predict latency, errors and CPU of a calibrated model, or the highest rate that it carries, with intervals.

    Exit code 0: predicted, and the SLO is met if there is one; 1: the SLO is missed; 2: bad input; 3: a run failed.
    """
    try:
        calibrated = read_model(model)
        objectives = () if question.slo is None else parse_objectives(question.slo)
        play, count, name = _asked(calibrated, question, service, runs, objectives)
    except (ScenarioError, ValueError) as error:
        bad_input(str(error))
    with Outputs() as outputs:
        outputs.protect([model] if question.scenario is None else [model, question.scenario])
        json_file, csv_file = outputs.text("--json", shown.json_file), outputs.path("--csv", shown.csv_file)
        try:
            terminal = Terminal(stderr=True, quiet=shown.quiet)
            with BatchProgress(terminal, name, count, first=f"{name}{_FIRST_USE}") as progress:
                prediction = play(progress.advance)
        except (ScenarioError, ValueError) as error:
            bad_input(str(error))
        except BrokenRun as error:
            run_broke(error)
        for line in prediction_lines(prediction):
            echo(line)
        if json_file is not None:
            json_file.write(prediction_json(prediction))
        if csv_file is not None:
            try:
                write_table(prediction_rows(prediction), csv_file)
            except OSError as error:
                cannot(error)
        outputs.commit()
    missed = not prediction.meets and (prediction.capacity is not None or bool(objectives))
    raise typer.Exit(CHECK_FAILED if missed else OK)


def _asked(
    model: CalibratedModel,
    question: PredictQuestion,
    service: PredictService,
    runs: PredictRuns,
    objectives: tuple[CheckExpression, ...],
) -> tuple[Callable[[Advance], Prediction], int, str]:
    """Return what predicts, its number of runs, and its name. Raises ScenarioError or ValueError for bad input."""
    if question.scenario is not None:
        return _of_scenario(model, question.scenario, question, service, runs, objectives)
    if question.service is not None:
        msg = f"service = {question.service}, must come with --scenario"
        raise ValueError(msg)
    predicted = _service(service, runs)
    draws = len(draws_of(model, predicted.seed))
    if question.rate is None:
        count = runs_of_capacity(model, predicted)
        return lambda advance: predict_capacity(model, predicted, objectives, advance), count, "capacity"
    rates_rps = parse_rates(question.rate)
    return lambda advance: predict(model, predicted, rates_rps, objectives, advance), draws * len(rates_rps), "rates"


def _of_scenario(
    model: CalibratedModel,
    file: Path,
    question: PredictQuestion,
    service: PredictService,
    runs: PredictRuns,
    objectives: tuple[CheckExpression, ...],
) -> tuple[Callable[[Advance], Prediction], int, str]:
    for option, value in (("rate", question.rate), ("duration", runs.duration), ("warm-up", runs.warm_up)):
        if value is not None:
            msg = f"{option} = {value}, must be left out with --scenario: the scenario has its own"
            raise ValueError(msg)
    given = ScenarioWithModel(file_path(str(file)), model, question.service)
    size = None if service.size is None else parse_size(service.size)
    overrides = replaced_keys(service.instances, service.min_size, service.max_size, service.max_concurrency, size)
    given.scenario(model.application, overrides).require("virtual")
    return (
        lambda advance: predict_scenario(model, given, overrides, objectives, runs.seed, advance),
        len(draws_of(model, _SEED)),
        file.stem,
    )


def _service(service: PredictService, runs: PredictRuns) -> PredictedService:
    if service.instances is not None and service.max_size is not None:
        msg = f"instances = {service.instances}, must be left out with max-size, which lets the service scale"
        raise ValueError(msg)
    return PredictedService(
        service.instances or 1,
        service.min_size,
        service.max_size,
        service.max_concurrency or MAX_CONCURRENCY,
        None if service.size is None else parse_size(service.size),
        DURATION_S if runs.duration is None else parse_duration(runs.duration),
        WARM_UP_S if runs.warm_up is None else parse_duration(runs.warm_up),
        _SEED if runs.seed is None else runs.seed,
    )
