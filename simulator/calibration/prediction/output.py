"""A prediction as JSON and as rows of a table."""

from __future__ import annotations

import dataclasses
from typing import Any, Final

import orjson

from simulator.calibration.prediction.interval import PredictedFigure
from simulator.calibration.prediction.prediction import (
    PREDICTION_VERSION,
    ObjectivePrediction,
    Prediction,
    RatePrediction,
)

Row = dict[str, float | str | bool | None]

# Keys of a prediction that are written as they are.
_PLAIN: Final = (
    *("model", "service", "instances", "max_concurrency", "slo", "slo_is_default", "duration_s", "warm_up_s", "seed"),
    *("draws", "backend", "warnings", "unknown", "extrapolations"),
)


def prediction_data(prediction: Prediction) -> dict[str, Any]:
    """Return the content of the JSON file."""
    capacity = prediction.capacity
    return {
        "prediction_version": PREDICTION_VERSION,
        **{name: getattr(prediction, name) for name in _PLAIN},
        "meets": prediction.meets,
        "capacity": None
        if capacity is None
        else {
            "rate_rps": capacity.rate_rps,
            "an_instance_rps": _an_instance(prediction, capacity.rate_rps),
            "highest_rps": _figure(capacity.highest),
            "limit": capacity.limit,
        },
        "rates": [
            {
                "rate_rps": row.rate_rps,
                "meets": row.meets,
                "beyond": [name.value for name in row.beyond],
                "figures": {name: _figure(figure) for name, figure in row.figures.items()},
                "objectives": [_objective(each) for each in row.objectives],
            }
            for row in prediction.rates
        ],
        "effects": [dataclasses.asdict(effect) for effect in prediction.effects],
    }


def prediction_json(prediction: Prediction) -> str:
    """Return the text of the JSON file."""
    return orjson.dumps(prediction_data(prediction), option=orjson.OPT_INDENT_2).decode() + "\n"


def prediction_rows(prediction: Prediction) -> list[Row]:
    """Return a row for each rate: each figure with the ends of its interval, `_low` and `_high`."""
    return [_row(prediction, row) for row in prediction.rates]


def _row(prediction: Prediction, row: RatePrediction) -> Row:
    cells: Row = {
        "rate_rps": row.rate_rps,
        "instances": prediction.instances,
        "max_concurrency": prediction.max_concurrency,
    }
    for name, figure in row.figures.items():
        cells[name] = None if figure is None else figure.value
        cells[f"{name}_low"] = None if figure is None else figure.low
        cells[f"{name}_high"] = None if figure is None else figure.high
    if prediction.slo:
        cells["meets"] = row.meets
    cells["beyond"] = ", ".join(row.beyond)
    return cells


def _an_instance(prediction: Prediction, rate_rps: float | None) -> float | None:
    return None if rate_rps is None or prediction.instances is None else rate_rps / prediction.instances


def _figure(figure: PredictedFigure | None) -> dict[str, float | None] | None:
    return None if figure is None else dataclasses.asdict(figure)


def _objective(each: ObjectivePrediction) -> dict[str, Any]:
    return {
        "check": each.objective.text,
        "limit": each.objective.limit,
        "unit": each.unit,
        "probability": each.probability,
        "figure": _figure(each.figure),
    }
