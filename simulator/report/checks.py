"""Evaluates checks: takes an expression and the measured data, and returns a verdict with the measured value.

Request metrics count from the end of the warm-up; cost covers the whole run, as the bill does. A check fails if there
is nothing to measure, so that a scenario that has lost its traffic cannot pass.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from simulator.scenario.check_expression import CheckExpression
from simulator.scenario.check_metrics import METRICS, Measured, NothingMeasuredError


class CheckResult(NamedTuple):
    """The result of a check.

    `value` is in the expression's unit, or None if there was nothing to measure; `reason` states why the check failed.
    """

    expression: CheckExpression
    value: float | None
    passed: bool
    reason: str


def evaluate(expression: CheckExpression, measured: Measured) -> CheckResult:
    """Evaluate one check. `measured` is the data of its scope (check_scopes.py)."""
    try:
        if expression.share is not None:
            return _over_time(expression, expression.share, measured)
        value = METRICS[expression.metric].value(expression, measured)
    except NothingMeasuredError as missing:
        return CheckResult(expression, None, passed=False, reason=str(missing))
    passed = expression.holds(value)
    reason = "" if passed else f"{value:.6g} is not {expression.operator} {expression.limit:.6g}"
    return CheckResult(expression, value, passed, reason)


def _over_time(expression: CheckExpression, share: float, measured: Measured) -> CheckResult:
    """Compute the share of the bins in which the check passes, among the bins that have something to measure."""
    assert measured.series is not None, "a share of the time needs the series"
    bins = METRICS[expression.metric].bins
    assert bins is not None, f"{expression.metric} has no value per bin, which the parser checks"
    with np.errstate(invalid="ignore", divide="ignore"):
        values = bins(expression, measured.series, measured)
    begins_s = np.arange(len(values)) * measured.series.width_s
    inside = (begins_s >= measured.span.begin_s) & (begins_s < measured.span.end_s) & ~np.isnan(values)
    if not inside.any():
        msg = "nothing to measure after the warm-up"
        raise NothingMeasuredError(msg)
    found = float(np.mean([expression.holds(value) for value in values[inside].tolist()]))
    passed = found >= share
    return CheckResult(expression, found, passed, "" if passed else f"{found:.2%} of the time is not >= {share:.6g}")
