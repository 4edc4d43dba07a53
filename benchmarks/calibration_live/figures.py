"""The figures of a load stage that are compared, measured and predicted, and how far they are apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from simulator.calibration.model.calibrated_model import CalibratedModel, FigureName
from simulator.calibration.observation.observation import LoadStage
from simulator.calibration.prediction.cautions import difference_text, saturation_text, uncertainty_text
from simulator.calibration.prediction.interval import PredictedFigure

# Bounds of the medians, and of each single experiment unless a warning names it.
BOUNDS: Final = {"p50": 0.05, "p95": 0.08, "saturation": 0.05}
WORST: Final = 0.20
_INTERVAL: Final = (0.025, 0.975)


class StageFigures(NamedTuple):
    """Latencies of the requests that were served, and their number per second."""

    p50_s: float
    p95_s: float
    served_rps: float


def figures_of(stage: LoadStage) -> StageFigures:
    """Return the figures of a stage after its warm-up. NaN without a served request.

    Latencies count from when a request was sent: the model plays the arrivals as they were, late or not.
    """
    requests = stage.requests
    chosen = requests.served & (requests.sent_s >= stage.warm_up_s)
    latency_s = (requests.latency_s - requests.late_s)[chosen]
    p50_s, p95_s = np.quantile(latency_s, (0.5, 0.95)) if len(latency_s) else (np.nan, np.nan)
    ended_s = (requests.sent_s + requests.latency_s)[requests.served]
    inside = (ended_s >= stage.warm_up_s) & (ended_s < stage.duration_s)
    return StageFigures(float(p50_s), float(p95_s), float(inside.sum()) / (stage.duration_s - stage.warm_up_s))


@dataclass(frozen=True, slots=True)
class Compared:
    """A figure of an experiment. `low`, `high`: the predicted interval of 95 %.

    `warnings`: what the calibration or the measurement says against it.
    """

    application: str
    rate_rps: float
    name: str
    measured: float
    predicted: float
    low: float
    high: float
    warnings: tuple[str, ...] = ()

    @property
    def error(self) -> float:
        """The predicted figure above the measured one, as a share of that."""
        return self.predicted / self.measured - 1 if self.measured > 0 else float("nan")

    @property
    def is_inside(self) -> bool:
        """True if the measured figure is in the predicted interval."""
        return self.low <= self.measured <= self.high


def compared(
    application: str,
    stage: LoadStage,
    model: CalibratedModel,
    played: Sequence[StageFigures],
    *,
    saturated: bool,
    warnings: Sequence[str] = (),
) -> list[Compared]:
    """Return the figures of a stage. `played`: those of the models that the data allow."""
    measured = figures_of(stage)
    names: dict[str, tuple[str, FigureName]] = {"p50": ("p50_s", "p50_s"), "p95": ("p95_s", "p95_s")}
    if saturated:
        names = {"saturation": ("served_rps", "throughput_rps")}
    rows = []
    for name, (field, figure) in names.items():
        values = np.array([getattr(each, field) for each in played])
        low, middle, high = map(float, np.nanquantile(values, (_INTERVAL[0], 0.5, _INTERVAL[1])))
        named = [*warnings]
        predicted = PredictedFigure(middle, low, high)
        if (uncertain := uncertainty_text(predicted, "rps" if saturated else "s")) is not None:
            named.append(uncertain)
        if (differs := difference_text(model, figure, stage.rate_rps)) is not None:
            named.append(differs)
        if not saturated and (close := saturation_text(model, stage.rate_rps)) is not None:
            named.append(close)
        of_measured = float(getattr(measured, field))
        rows.append(Compared(application, stage.rate_rps, name, of_measured, middle, low, high, tuple(named)))
    return rows
