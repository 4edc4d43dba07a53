"""Which parameters the interval of p95 comes from: the parameters whose better knowledge would narrow it most.

Each draw has a member of the model, and each member its own value of every parameter. The square of the rank
correlation (Spearman) of these values with p95 is the share of the variance that the parameter explains.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from simulator.calibration.model.calibrated_model import CalibratedModel, ModelParameter
from simulator.calibration.model.scenario_text import parameter_text
from simulator.calibration.prediction.draws import Draw, members_of
from simulator.calibration.prediction.prediction import ParameterEffect
from simulator.calibration.prediction.runs import RunFigures
from simulator.model.text.units import parse_bytes, parse_duration
from simulator.scenario.sections.distribution_spec import DistributionSpec

# With 40 draws chance alone explains less than this share in 99 of 100 cases.
_SHARE_MIN: Final = 0.16
_EFFECTS_MAX: Final = 3


def effects(model: CalibratedModel, draws: Sequence[Draw], runs: Sequence[RunFigures]) -> tuple[ParameterEffect, ...]:
    """Return the parameters with the largest shares of the variance of p95, largest first."""
    served = [(draw.member, run.p95_s) for draw, run in zip(draws, runs, strict=True) if run.p95_s is not None]
    if len(served) < len(draws) or len({p95_s for _, p95_s in served}) < 2:
        return ()
    latency = _ranks([p95_s for _, p95_s in served])
    applications = members_of(model)
    found = []
    for parameter in model.parameters:
        values = [_number(application, parameter) for application in applications]
        own = [values[member] for member, _ in served]
        known = [value for value in own if value is not None]
        if len(known) < len(own) or len(set(known)) < 2:
            continue
        share = float(np.corrcoef(_ranks(known), latency)[0, 1]) ** 2
        if share >= _SHARE_MIN:
            found.append(ParameterEffect(parameter.name, parameter_text(parameter), share))
    return tuple(sorted(found, key=lambda effect: -effect.share)[:_EFFECTS_MAX])


def _ranks(values: Sequence[float]) -> NDArray[np.float64]:
    """Return the ranks of the values; equal values share the mean of theirs."""
    numbers = np.array(values)
    below = (numbers[:, None] > numbers[None, :]).sum(axis=1)
    equal = (numbers[:, None] == numbers[None, :]).sum(axis=1)
    ranks: NDArray[np.float64] = below + (equal + 1) / 2
    return ranks


def _number(application: Mapping[str, Any], parameter: ModelParameter) -> float | None:
    """Return the value of the parameter in an application: of a distribution its mean; None without one."""
    if not parameter.key:
        return None
    value: Any = application
    for key in parameter.key:
        if not isinstance(value, Mapping) or key not in value:
            return None
        value = value[key]
    return _as_number(value)


def _as_number(value: Any) -> float | None:
    if isinstance(value, int | float):
        return None if isinstance(value, bool) else float(value)
    for parse in (_mean, parse_duration, parse_bytes):
        with contextlib.suppress(ValueError):
            return float(parse(value))
    return None


def _mean(value: Any) -> float:
    return DistributionSpec.model_validate(value).distribution.mean
