"""The parameters of a model as rows of a table."""

from __future__ import annotations

from typing import NamedTuple

from simulator.calibration.model.calibrated_model import CalibratedModel, ModelParameter
from simulator.calibration.model.scenario_text import number_text


class ParameterRow(NamedTuple):
    """A parameter with its value and interval as text. `how`: fitted, measured, given or unknown."""

    name: str
    value: str
    interval: str
    how: str
    sentence: str


def parameter_rows(model: CalibratedModel) -> list[ParameterRow]:
    """Return a row for each parameter, in the order of the model."""
    return [_row(each) for each in model.parameters]


def _row(parameter: ModelParameter) -> ParameterRow:
    value = number_text(parameter, parameter.value, "-" if parameter.how == "unknown" else "no limit")
    return ParameterRow(parameter.name, value, _interval(parameter), parameter.how, parameter.sentence)


def _interval(parameter: ModelParameter) -> str:
    low, high = (number_text(parameter, end, "") for end in (parameter.low, parameter.high))
    if low and high:
        return f"{low} to {high}"
    return f"{low} or more" if low else f"at most {high}" if high else "-"
