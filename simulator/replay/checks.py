"""Checks against what was measured: an expression in, a verdict with its value out.

Everything about requests counts from the end of the warm-up; money is for the whole run, as the bill is. A check
without anything to measure fails and says so: a scenario that lost its traffic must not turn green.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from simulator.records.scale_out import ScaleOut
from simulator.records.tally import Tally
from simulator.replay.check_expression import CheckExpression


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """What a check may ask for, of one service or of all together.

    `tally`: requests intended after the warm-up. `span_s`: seconds from the end of the warm-up to the end of the run.
    `scale_outs`: raises of the wish decided after the warm-up.
    """

    tally: Tally
    span_s: float
    scale_outs: Sequence[ScaleOut]
    month_usd: float


@dataclass(frozen=True, slots=True)
class CheckResult:
    """`value` in the expression's dimension, None when there was nothing to measure; `reason` says why it failed."""

    expression: CheckExpression
    value: float | None
    passed: bool
    reason: str


class _NothingMeasuredError(Exception):
    """The message says what was missing."""


def evaluate(expression: CheckExpression, whole: Measured, services: Mapping[str, Measured]) -> CheckResult:
    """The verdict on one check; without a service it is about `whole`."""
    measured = whole if expression.service is None else services[expression.service]
    try:
        value = _VALUES[expression.metric](expression, measured)
    except _NothingMeasuredError as missing:
        return CheckResult(expression, None, passed=False, reason=str(missing))
    passed = expression.holds(value)
    reason = "" if passed else f"{value:.6g} is not {expression.operator} {expression.limit:.6g}"
    return CheckResult(expression, value, passed, reason)


def _latency(expression: CheckExpression, measured: Measured) -> float:
    assert expression.quantile is not None
    return _present(measured.tally.latency.quantile(expression.quantile), "no request was served after the warm-up")


def _mean(_: CheckExpression, measured: Measured) -> float:
    return _present(measured.tally.latency.mean_s, "no request was served after the warm-up")


def _max(_: CheckExpression, measured: Measured) -> float:
    _require_served(measured)
    return measured.tally.latency.max_s


def _lateness(expression: CheckExpression, measured: Measured) -> float:
    assert expression.quantile is not None
    return _present(measured.tally.late.quantile(expression.quantile), "no request ended after the warm-up")


def _failure_ratio(_: CheckExpression, measured: Measured) -> float:
    _require_requests(measured)
    return measured.tally.failures / measured.tally.requests


def _refused_ratio(_: CheckExpression, measured: Measured) -> float:
    _require_requests(measured)
    return measured.tally.refused / measured.tally.requests


def _cold_start_ratio(_: CheckExpression, measured: Measured) -> float:
    _require_served(measured)
    return measured.tally.cold_starts / measured.tally.served


def _status(expression: CheckExpression, measured: Measured) -> float:
    assert expression.status is not None
    _require_requests(measured)
    wanted = expression.status
    if wanted.endswith("xx"):
        return sum(count for status, count in measured.tally.statuses.items() if status // 100 == int(wanted[0]))
    return measured.tally.statuses[int(wanted)]


def _requests(_: CheckExpression, measured: Measured) -> float:
    return measured.tally.requests


def _served_rps(_: CheckExpression, measured: Measured) -> float:
    if measured.span_s <= 0:
        msg = "the run ended within the warm-up"
        raise _NothingMeasuredError(msg)
    return measured.tally.served / measured.span_s


def _scale_out_delay(_: CheckExpression, measured: Measured) -> float:
    """The longest one; a raise that was not fulfilled by the end counts with the time until then."""
    if not measured.scale_outs:
        msg = "no decision raised the number of instances after the warm-up"
        raise _NothingMeasuredError(msg)
    return max(scale_out.delay_s for scale_out in measured.scale_outs)


def _usd_per_month(_: CheckExpression, measured: Measured) -> float:
    return measured.month_usd


_VALUES: Final[dict[str, Callable[[CheckExpression, Measured], float]]] = {
    "latency": _latency,
    "mean": _mean,
    "max": _max,
    "lateness": _lateness,
    "failure_ratio": _failure_ratio,
    "refused_ratio": _refused_ratio,
    "cold_start_ratio": _cold_start_ratio,
    "status": _status,
    "requests": _requests,
    "served_rps": _served_rps,
    "scale_out_delay": _scale_out_delay,
    "usd_per_month": _usd_per_month,
}


def _present(value: float | None, missing: str) -> float:
    if value is None:
        raise _NothingMeasuredError(missing)
    return value


def _require_requests(measured: Measured) -> None:
    if measured.tally.requests == 0:
        msg = "no request ended after the warm-up"
        raise _NothingMeasuredError(msg)


def _require_served(measured: Measured) -> None:
    if measured.tally.served == 0:
        msg = "no request was served after the warm-up"
        raise _NothingMeasuredError(msg)
