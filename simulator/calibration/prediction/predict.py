"""Predicts the figures of a service at given rates, or of a whole scenario with the model in it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from simulator.calibration.model.calibrated_model import CalibratedModel
from simulator.calibration.prediction.cautions import cautions
from simulator.calibration.prediction.draws import Draw, draws_of, members_of
from simulator.calibration.prediction.extrapolation import beyond, extrapolation_text, size_warnings
from simulator.calibration.prediction.model_scenario import ScenarioWithModel, at_rate, model_scenario, scaled_to
from simulator.calibration.prediction.objectives import objectives_text
from simulator.calibration.prediction.prediction import Prediction, RatePrediction, rate_prediction
from simulator.calibration.prediction.runs import RunFigures, backend_for, play_figures
from simulator.calibration.prediction.sensitivity import effects
from simulator.calibration.prediction.settings import RATE_MAX_RPS, RATE_MIN_RPS, PredictedService
from simulator.lab.compare.backends import BackendKind
from simulator.model.sizes import InstanceSize
from simulator.scenario.check_expression import CheckExpression
from simulator.scenario.scenario import ScenarioSpec

Advance = Callable[[], None]
"""Called after each run."""

NO_MEMBERS: Final = (
    "the model has no members: its intervals contain chance in a run only, not what the observation leaves open"
)


class Predictor:
    """Plays the members of a model as a service.

    `runs`: an estimate of the number of runs at `rate_rps`, which decides whether compiling the backend pays off.
    """

    def __init__(self, model: CalibratedModel, service: PredictedService, rate_rps: float, runs: int) -> None:
        self.model = model
        self.service = service
        self.size: InstanceSize = service.size or model.size
        self.draws: Sequence[Draw] = draws_of(model, service.seed)
        self._members = [model_scenario(model, application, service) for application in members_of(model)]
        self.backend = backend_for(at_rate(self._members[0], rate_rps), runs)

    def run(self, draw: Draw, rate_rps: float, objectives: Sequence[CheckExpression]) -> RunFigures:
        """Play a draw at a rate of the whole service."""
        scenario = at_rate(self._members[draw.member].with_seed(draw.seed), rate_rps)
        return play_figures(scenario, self.model.name, objectives, self.backend)

    def row(
        self, rate_rps: float, objectives: Sequence[CheckExpression], advance: Advance
    ) -> tuple[RatePrediction, list[RunFigures]]:
        """Play all draws at a rate. Return the prediction and the figures of the draws."""
        runs = []
        for draw in self.draws:
            runs.append(self.run(draw, rate_rps, objectives))
            advance()
        row = rate_prediction(rate_rps, runs, self.draws, objectives)
        an_instance = None if self.service.scales else rate_rps / self.service.instances
        return with_marks(row, self.model, self.size, an_instance), runs

    def prediction(
        self, rows: Sequence[RatePrediction], runs: Sequence[RunFigures], objectives: Sequence[CheckExpression]
    ) -> Prediction:
        """Return the prediction with these rows. `runs`: those that show the effects of the parameters."""
        return _made(self.model, self.service, self.draws, self.backend, rows, runs, objectives)


def predict(
    model: CalibratedModel,
    service: PredictedService,
    rates_rps: Sequence[float],
    objectives: Sequence[CheckExpression] = (),
    advance: Advance = lambda: None,
) -> Prediction:
    """Predict the figures at rates of the whole service; `advance` is called `draws x rates` times.

    Raises:
        ScenarioError: if the settings do not fit the model.
        ValueError: for a rate out of range.
        BrokenRun: if a run failed.
    """
    for rate_rps in rates_rps:
        require_rate(rate_rps)
    predictor = Predictor(model, service, max(rates_rps), len(rates_rps) * len(draws_of(model, service.seed)))
    rows: list[RatePrediction] = []
    runs: list[RunFigures] = []
    for rate_rps in rates_rps:
        row, runs = predictor.row(rate_rps, objectives, advance)
        rows.append(row)
    prediction = predictor.prediction(rows, runs, objectives)
    named = cautions(model, rows, prediction.instances)
    return dataclasses.replace(prediction, warnings=(*named, *prediction.warnings))


def predict_scenario(
    model: CalibratedModel,
    given: ScenarioWithModel,
    overrides: Mapping[str, object],
    objectives: Sequence[CheckExpression] = (),
    seed: int | None = None,
    advance: Advance = lambda: None,
) -> Prediction:
    """Predict a scenario in which a service has the model as its application.

    `overrides`: keys of the service that replace those of the file. `seed`: default is that of the scenario.

    Raises:
        ScenarioError: if the scenario is invalid with the model in it.
        BrokenRun: if a run failed.
    """
    specs = [_checked(given.scenario(application, overrides)) for application in members_of(model)]
    first = specs[0]
    section = first.services[given.service]
    scaled = [scaled_to(application, section.size) for application in members_of(model)]
    if any(one != other for one, other in zip(scaled, members_of(model), strict=True)):
        specs = [_checked(given.scenario(application, overrides)) for application in scaled]
    draws = draws_of(model, first.seed if seed is None else seed)
    backend = backend_for(first, len(draws))
    runs = []
    for draw in draws:
        runs.append(play_figures(specs[draw.member].with_seed(draw.seed), given.service, objectives, backend))
        advance()
    row = with_marks(rate_prediction(None, runs, draws, objectives), model, section.size, None)
    low, high = (None, None) if section.min_size == section.max_size else (section.min_size, section.max_size)
    service = PredictedService(
        section.min_size,
        low,
        high,
        section.max_concurrency,
        section.size,
        first.duration_s,
        first.warm_up_s,
        draws[0].seed,
    )
    prediction = _made(model, service, draws, backend, [row], runs, objectives)
    return dataclasses.replace(
        prediction,
        service=f"{given.service} in {first.name}: {prediction.service}",
        warnings=(
            *_unknown_paths(first, given.service, model),
            *cautions(model, [row], None),
            *prediction.warnings,
        ),
    )


def _made(
    model: CalibratedModel,
    service: PredictedService,
    draws: Sequence[Draw],
    backend: BackendKind,
    rows: Sequence[RatePrediction],
    runs: Sequence[RunFigures],
    objectives: Sequence[CheckExpression],
) -> Prediction:
    marks = dict.fromkeys(mark for row in rows for mark in row.beyond)
    return Prediction(
        model=model.name,
        service=service.text(service.size or model.size),
        instances=None if service.scales else service.instances,
        max_concurrency=service.max_concurrency,
        slo=objectives_text(tuple(objectives)),
        slo_is_default=False,
        duration_s=service.duration_s,
        warm_up_s=service.warm_up_s,
        seed=service.seed,
        draws=len(draws),
        backend=backend.name,
        rates=tuple(rows),
        effects=effects(model, draws, runs),
        warnings=(*size_warnings(model, service), *model_warnings(model)),
        unknown=model.unknown,
        extrapolations=tuple(extrapolation_text(model, mark) for mark in marks),
    )


def with_marks(
    row: RatePrediction, model: CalibratedModel, size: InstanceSize, an_instance_rps: float | None
) -> RatePrediction:
    """Return the row with the names of what exceeds the observation."""
    return dataclasses.replace(row, beyond=beyond(model, size, an_instance_rps, row.figures))


def require_rate(rate_rps: float) -> None:
    """Raise ValueError if the rate cannot be played."""
    if not RATE_MIN_RPS <= rate_rps <= RATE_MAX_RPS:
        msg = f"rate = {rate_rps:g}/s, must be {RATE_MIN_RPS:g}/s to {RATE_MAX_RPS:g}/s"
        raise ValueError(msg)


def model_warnings(model: CalibratedModel) -> tuple[str, ...]:
    """Return the warnings of the model, and one if it has no members."""
    return (*model.warnings, *(() if model.members else (NO_MEMBERS,)))


def _checked(scenario: ScenarioSpec) -> ScenarioSpec:
    scenario.require("virtual")
    return scenario.played_to_the_end()


def _unknown_paths(scenario: ScenarioSpec, service: str, model: CalibratedModel) -> tuple[str, ...]:
    """Return a warning for each path of the scenario that was not observed."""
    known = {route.path.partition("?")[0] for route in model.routes}
    asked = {
        kind.path.partition("?")[0] for index in scenario.sources_of(service) for kind in scenario.traffic[index].kinds
    }
    return tuple(
        f"extrapolation: requests for {path} were not observed; they cost what the model has for other paths"
        for path in sorted(asked - known)
    )
