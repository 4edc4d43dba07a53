"""Calibrated models of queues whose figures are known in closed form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from simulator.calibration.model.calibrated_model import (
    CalibratedModel,
    ModelMember,
    ModelParameter,
    ModelRoute,
    ModelSize,
    ObservedRange,
)
from simulator.calibration.prediction.interval import PredictedFigure
from simulator.calibration.prediction.prediction import RatePrediction


def exponential(mean_s: float) -> dict[str, str]:
    return {"exponential": f"{mean_s * 1000:.9f}ms"}


def figure(row: RatePrediction, name: str) -> PredictedFigure:
    """Return a figure of a rate, which must be known."""
    found = row.figures[name]
    assert found is not None, name
    return found


def model_of(
    simulated: Mapping[str, Any],
    members: Iterable[Mapping[str, Any]] = (),
    parameters: Iterable[ModelParameter] = (),
    observed: ObservedRange | None = None,
    routes: Iterable[ModelRoute] = (),
    unknown: Iterable[str] = (),
) -> CalibratedModel:
    """Return a model of a service with this section `simulated`; `members` are such sections too."""
    return CalibratedModel(
        name="shop",
        application={"simulated": dict(simulated)},
        routes=tuple(routes) or (ModelRoute(name="GET /", path="/", weight=1),),
        parameters=tuple(parameters),
        members=tuple(ModelMember(weight=1, application={"simulated": dict(each)}) for each in members),
        observed=observed or ObservedRange(rate_max_rps=1000, sizes=(ModelSize(cpu_units=1024, memory_mb=2048),)),
        unknown=tuple(unknown),
    )
