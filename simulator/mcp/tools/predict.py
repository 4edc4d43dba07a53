"""The tool that answers from a calibrated model of a service."""

from __future__ import annotations

from typing import Final

from pydantic import Field

from simulator.calibration.model.model_file import SUFFIX
from simulator.calibration.prediction.interval import PredictedFigure
from simulator.calibration.prediction.prediction import RatePrediction
from simulator.calibration.prediction.tables import headline
from simulator.mcp.tools.tool import AgentTool, ToolArguments, ToolContext, ToolOutput
from simulator.sdk.calibration.predict import predict as predicted
from simulator.sdk.progress import BatchStep

NOTES_MAX: Final = 20
RATES_MAX: Final = 30


class PredictArguments(ToolArguments):
    """A model, the settings of the service, and rates; without rates, the highest rate that meets the SLO is found."""

    model: str
    """A model file of `simulator calibrate` below the server's root; `list_scenarios` has them."""
    rates: list[float] = Field(default=[], max_length=RATES_MAX)
    """Rates of the whole service, in requests/s."""
    slo: str | None = None
    """The SLO, such as `p95 < 250 ms, error_rate < 0.1 %`."""
    instances: int | None = Field(default=None, ge=1)
    """Number of instances; default: 1."""
    max_concurrency: int | None = Field(default=None, ge=1, le=200)
    size: str | None = None
    """Size of an instance, such as `1 vCPU 2 GB`; default: that of the observation."""
    duration: str | None = None
    """Length of a run, such as 60s."""


class FigureOutcome(ToolOutput):
    """A predicted figure: the median, and the 95 % interval of a further run."""

    value: float
    low: float
    high: float


class RateOutcome(ToolOutput):
    """The prediction at a rate. Times are in seconds, rates and CPU 0 to 1."""

    rate_rps: float | None
    figures: dict[str, FigureOutcome | None]
    meets: float | None
    """Probability that a run meets the SLO; null without one."""
    beyond: list[str]
    """What exceeds the observation of the service."""


class PredictionOutcome(ToolOutput):
    """The prediction."""

    text: str
    meets: bool
    capacity_rps: float | None
    """The highest rate of the whole service that meets the SLO; null if none does, or if rates were given."""
    limit: str
    """What happens at higher rates; empty without a capacity."""
    rates: list[RateOutcome]
    notes: list[str]
    """Notes to read before the figures: what was not observed, and what the model does not know."""


def predict(given: PredictArguments, context: ToolContext) -> PredictionOutcome:
    """Play the model at the rates, or search for the highest rate."""
    file = context.workspace.existing(given.model, "model", (SUFFIX,), "a model file of `simulator calibrate`")

    def tell(step: BatchStep) -> None:
        context.tell(step.done, step.total, str(step))

    result = predicted(
        file,
        given.rates or None,
        slo=given.slo,
        instances=given.instances,
        max_concurrency=given.max_concurrency,
        size=given.size,
        duration=given.duration,
        progress=tell,
    )
    capacity = result.data.capacity
    return PredictionOutcome(
        text=headline(result.data),
        meets=result.meets,
        capacity_rps=result.capacity_rps,
        limit="" if capacity is None else capacity.limit,
        rates=[_rate(row, has_slo=bool(result.data.slo)) for row in result.data.rates],
        notes=result.notes[:NOTES_MAX],
    )


def _rate(row: RatePrediction, *, has_slo: bool) -> RateOutcome:
    return RateOutcome(
        rate_rps=row.rate_rps,
        figures={name: _figure(figure) for name, figure in row.figures.items()},
        meets=row.meets if has_slo else None,
        beyond=[each.value for each in row.beyond],
    )


def _figure(figure: PredictedFigure | None) -> FigureOutcome | None:
    return None if figure is None else FigureOutcome(value=figure.value, low=figure.low, high=figure.high)


PREDICT: Final = AgentTool(
    "predict",
    "Predict a calibrated service",
    "Predict latency, errors and CPU of a calibrated model of a real service at rates, or the highest rate that meets "
    "an SLO, with 95 % intervals.",
    PredictArguments,
    PredictionOutcome,
    predict,
)
