"""The result of a prediction: figures with intervals at each rate, and the rate that meets the SLO."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from simulator.calibration.prediction.draws import Draw
from simulator.calibration.prediction.extrapolation import Beyond
from simulator.calibration.prediction.interval import PredictedFigure, predicted
from simulator.calibration.prediction.runs import RunFigures
from simulator.model.text.quantities import Unit
from simulator.report.report import unit_of
from simulator.scenario.check_expression import CheckExpression

PREDICTION_VERSION: Final = 1


class FigureKind(NamedTuple):
    """A figure of a prediction: its name in `RunFigures`, the heading of its column, and its unit."""

    name: str
    heading: str
    unit: Unit


FIGURE_KINDS: Final = (
    FigureKind("p50_s", "p50", "s"),
    FigureKind("p95_s", "p95", "s"),
    FigureKind("p99_s", "p99", "s"),
    FigureKind("error_rate", "errors", "ratio"),
    FigureKind("cpu", "CPU", "ratio"),
    FigureKind("in_flight", "in flight", "mean"),
    FigureKind("served_rps", "served", "rps"),
    FigureKind("rejected_rate", "429", "ratio"),
)


@dataclass(frozen=True, slots=True)
class ObjectivePrediction:
    """A check of the SLO. `probability`: of a run that meets it. `figure`: None if most runs had nothing to measure."""

    objective: CheckExpression
    unit: Unit
    figure: PredictedFigure | None
    probability: float


@dataclass(frozen=True, slots=True)
class RatePrediction:
    """The predicted figures at a rate of the whole service, in requests/s; of a scenario if `rate_rps` is None.

    `meets`: probability that a run meets all objectives. `beyond`: what exceeds the observation.
    """

    rate_rps: float | None
    figures: dict[str, PredictedFigure | None]
    objectives: tuple[ObjectivePrediction, ...]
    meets: float
    beyond: tuple[Beyond, ...] = ()


@dataclass(frozen=True, slots=True)
class CapacityPrediction:
    """The highest rate that meets the SLO, in requests/s of the whole service.

    `rate_rps`: at this rate 97.5 % of the runs meet it; None if even the lowest rate that was tried does not.
    `highest`: the highest rate of a run that meets it, with its interval. `limit`: what happens at higher rates.
    """

    rate_rps: float | None
    highest: PredictedFigure | None
    limit: str


@dataclass(frozen=True, slots=True)
class ParameterEffect:
    """A parameter with its share of the variance of p95 at the highest rate that meets the SLO, or at the last rate."""

    name: str
    text: str
    share: float


@dataclass(frozen=True, slots=True)
class Prediction:
    """A prediction. `service` describes its settings; `slo` is the text of the SLO, empty if there is none."""

    model: str
    service: str
    instances: int | None
    max_concurrency: int | None
    slo: str
    slo_is_default: bool
    duration_s: float
    warm_up_s: float
    seed: int
    draws: int
    backend: str
    rates: tuple[RatePrediction, ...]
    capacity: CapacityPrediction | None = None
    effects: tuple[ParameterEffect, ...] = ()
    warnings: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    extrapolations: tuple[str, ...] = ()

    @property
    def meets(self) -> bool:
        """True if the SLO is more likely met than not, at every rate; for a capacity, if there is such a rate."""
        if self.capacity is not None:
            return self.capacity.rate_rps is not None
        return all(row.meets >= 0.5 for row in self.rates)


def rate_prediction(
    rate_rps: float | None,
    runs: Sequence[RunFigures],
    draws: Sequence[Draw],
    objectives: Sequence[CheckExpression],
) -> RatePrediction:
    """Return the prediction from the run of each draw."""
    figures = {kind.name: predicted([getattr(run, kind.name) for run in runs], draws) for kind in FIGURE_KINDS}
    return RatePrediction(
        rate_rps,
        figures,
        tuple(
            ObjectivePrediction(
                objective,
                unit_of(objective),
                predicted([run.objectives[place].value for run in runs], draws),
                sum(draw.weight for run, draw in zip(runs, draws, strict=True) if run.objectives[place].passed),
            )
            for place, objective in enumerate(objectives)
        ),
        sum(draw.weight for run, draw in zip(runs, draws, strict=True) if run.meets),
    )
