"""Predictions in Python."""

from __future__ import annotations

import html
from pathlib import Path
from typing import Any

from simulator.calibration.prediction.capacity import predict_capacity, runs_of_capacity
from simulator.calibration.prediction.draws import draws_of
from simulator.calibration.prediction.model_scenario import ScenarioWithModel, replaced_keys
from simulator.calibration.prediction.objectives import parse_objectives
from simulator.calibration.prediction.output import prediction_json, prediction_rows
from simulator.calibration.prediction.predict import predict as predicted
from simulator.calibration.prediction.predict import predict_scenario
from simulator.calibration.prediction.prediction import FIGURE_KINDS, Prediction, RatePrediction
from simulator.calibration.prediction.settings import (
    DURATION_S,
    MAX_CONCURRENCY,
    WARM_UP_S,
    PredictedService,
    parse_size,
)
from simulator.calibration.prediction.tables import headline, interval_text, prediction_lines
from simulator.model.text.quantities import rate_text
from simulator.sdk.calibration.rates import rates_of, seconds_of
from simulator.sdk.calibration.service_model import ServiceModel, model_of
from simulator.sdk.frames import Library, frame_of_rows
from simulator.sdk.progress import NotebookProgress, Progress
from simulator.sdk.repr_html import rows_cell
from simulator.sdk.run_in_thread import run_in_thread


class PredictionResult:
    """A prediction. `data` has all figures with their intervals."""

    def __init__(self, data: Prediction) -> None:
        self.data = data

    def frame(self, library: Library = "pandas") -> Any:
        """Return a row for each rate: each figure, and the ends of its 95 % interval (`_low`, `_high`)."""
        rows = prediction_rows(self.data)
        return frame_of_rows(rows, list(rows[0]), library)

    @property
    def capacity_rps(self) -> float | None:
        """The highest rate of the whole service that meets the SLO; None without such a question, or such a rate."""
        return None if self.data.capacity is None else self.data.capacity.rate_rps

    @property
    def meets(self) -> bool:
        """True if the SLO is met: at every rate, or for a capacity at any rate."""
        return self.data.meets

    @property
    def notes(self) -> list[str]:
        """Notes to read before the figures: what was not observed, and what the model does not know."""
        return [*self.data.warnings, *self.data.extrapolations, *self.data.unknown]

    def json(self) -> str:
        """Return what `simulator predict --json` writes."""
        return prediction_json(self.data)

    def __str__(self) -> str:
        return "\n".join(prediction_lines(self.data))

    def __repr__(self) -> str:
        return f"<Prediction: {headline(self.data)}>"

    def _repr_html_(self) -> str:
        kinds = FIGURE_KINDS[:-1]
        headings = ["rate", *(kind.heading for kind in kinds), *(["SLO"] if self.data.slo else [])]
        notes = "".join(f"<p>{html.escape(text)}</p>" for text in self.notes)
        table = rows_cell(headings, map(self._cells, self.data.rates))
        return f"<div><p><strong>{html.escape(headline(self.data))}</strong></p>{table}{notes}</div>"

    def _cells(self, row: RatePrediction) -> list[str]:
        rate = ("-" if row.rate_rps is None else rate_text(row.rate_rps)) + "*" * bool(row.beyond)
        cells = [interval_text(row.figures[kind.name], kind.unit) for kind in FIGURE_KINDS[:-1]]
        return [rate, *map(html.escape, cells), *([f"{100 * row.meets:.0f} %"] if self.data.slo else [])]


def predict(
    model: ServiceModel | str | Path,
    rates: Any = None,
    *,
    slo: str | None = None,
    scenario: str | Path | None = None,
    service: str | None = None,
    instances: int | None = None,
    min_size: int | None = None,
    max_size: int | None = None,
    max_concurrency: int | None = None,
    size: str | None = None,
    duration: Any = None,
    warm_up: Any = None,
    seed: int | None = None,
    progress: Progress = None,
) -> PredictionResult:
    """Predict latency, errors and CPU of a calibrated model at `rates`, or the highest rate that meets the `slo`.

    `rates`: requests/s of the whole service: numbers, texts, an array, or a data frame with a column `rate_rps`.
    `scenario`: a scenario file to predict instead, with the model as the application of its `service`; `instances`,
    `max_concurrency` and `size` then replace its own. `duration`: length of a run, to which the intervals apply, by
    default 60 s with a `warm_up` of 5 s; a scenario has its own. `seed`: default is 1, or that of the scenario.

    Raises:
        ScenarioError, ValueError: for a model, scenario, SLO or setting that cannot be used.
        BrokenRun: if a run failed.
    """
    calibrated = model_of(model)
    objectives = () if slo is None else parse_objectives(slo)
    wanted_size = None if size is None else parse_size(size)
    overrides = replaced_keys(instances, min_size, max_size, max_concurrency, wanted_size)
    if scenario is not None:
        for name, value in (("rates", rates), ("duration", duration), ("warm_up", warm_up)):
            if value is not None:
                msg = f"{name} = given, must be left out with a scenario, which has its own"
                raise ValueError(msg)
        given = ScenarioWithModel(Path(scenario), calibrated, service)
        with NotebookProgress(progress, "predict", len(draws_of(calibrated, 1)), given.service) as shown:
            return PredictionResult(
                run_in_thread(
                    lambda: predict_scenario(
                        calibrated, given, overrides, objectives, seed, lambda: shown.advance(given.service)
                    ),
                    shown.stop,
                )
            )
    if service is not None:
        msg = f"service = {service!r}, must come with a scenario"
        raise ValueError(msg)
    settings = PredictedService(
        instances or 1,
        min_size,
        max_size,
        max_concurrency or MAX_CONCURRENCY,
        wanted_size,
        DURATION_S if duration is None else seconds_of(duration),
        WARM_UP_S if warm_up is None else seconds_of(warm_up),
        1 if seed is None else seed,
    )
    if rates is None:
        count = runs_of_capacity(calibrated, settings)
        with NotebookProgress(progress, "predict", count, "capacity") as shown:
            return PredictionResult(
                run_in_thread(
                    lambda: predict_capacity(calibrated, settings, objectives, lambda: shown.advance("capacity")),
                    shown.stop,
                )
            )
    wanted = rates_of(rates)
    with NotebookProgress(progress, "predict", len(wanted) * len(draws_of(calibrated, 1)), "rates") as shown:
        return PredictionResult(
            run_in_thread(
                lambda: predicted(calibrated, settings, wanted, objectives, lambda: shown.advance("rates")), shown.stop
            )
        )
