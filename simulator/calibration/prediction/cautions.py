"""Warnings that name a predicted figure: it is uncertain, close to saturation, or the model failed there before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from simulator.calibration.disagreement import TITLES, near
from simulator.calibration.model.calibrated_model import CalibratedModel, FigureName
from simulator.calibration.prediction.interval import PredictedFigure
from simulator.calibration.prediction.prediction import RatePrediction
from simulator.model.text.quantities import Unit, quantity_text, rate_text, ratio_text

UNCERTAIN: Final = 0.2
"""An interval that goes further than this share above or below the value is named."""
_CLOSE: Final = 0.8  # share of the highest observed throughput from which a rate is close to saturation
_LATENCIES: Final[tuple[FigureName, ...]] = ("p50_s", "p95_s")


def cautions(model: CalibratedModel, rows: Sequence[RatePrediction], instances: int | None) -> Iterator[str]:
    """Yield the warnings about the latencies at each rate. `instances`: None if their number varies."""
    for row in rows:
        rate_rps = None if row.rate_rps is None or instances is None else row.rate_rps / instances
        for name in _LATENCIES:
            figure = row.figures[name]
            if figure is None:
                continue
            at = "" if row.rate_rps is None else f" at {rate_text(row.rate_rps)}"
            texts = [] if (uncertain := uncertainty_text(figure)) is None else [uncertain]
            if rate_rps is not None and (differs := difference_text(model, name, rate_rps)) is not None:
                texts.append(differs)
            if texts:
                yield f"{TITLES[name]}{at} {', and '.join(texts)}"
        if rate_rps is not None and (close := saturation_text(model, rate_rps)) is not None:
            yield f"{rate_text(row.rate_rps)} {close}"


def uncertainty_text(figure: PredictedFigure, unit: Unit = "s") -> str | None:
    """Return that the interval of a figure is wide; None if it is not."""
    if figure.low >= (1 - UNCERTAIN) * figure.value and figure.high <= (1 + UNCERTAIN) * figure.value:
        return None
    return f"is uncertain: {quantity_text(figure.low, unit)} to {quantity_text(figure.high, unit)}"


def difference_text(model: CalibratedModel, name: FigureName, rate_rps: float) -> str | None:
    """Return that the model is far from a measured figure at a load next to this rate of an instance; None if not."""
    far = near(model.fit.stages, name, rate_rps)
    return None if far is None else f"is where the model differs from the observation ({far.text})"


def saturation_text(model: CalibratedModel, rate_rps: float) -> str | None:
    """Return that a rate of an instance is close to the highest throughput that was observed; None if it is not."""
    most_rps = model.observed.throughput_max_rps
    if not most_rps or rate_rps < _CLOSE * most_rps:
        return None
    share = ratio_text(rate_rps / most_rps)
    return (
        f"is close to saturation: {share} of the {rate_text(most_rps)} that an instance served at most. There a small"
        " difference of the load or of the machine changes the latency by much"
    )
