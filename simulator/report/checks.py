"""Evaluates checks: takes an expression and the measured data, returns a verdict with the measured value.

Request metrics count from the end of the warm-up; cost is for the whole run, like the bill. A check with nothing to
measure fails with that reason: a scenario that has lost its traffic must not pass.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.records.instance_time import StepFunction
from simulator.records.request_stats import RequestStats
from simulator.records.scale_out import ScaleOut
from simulator.records.series import BinnedRequests
from simulator.scenario.check_expression import CheckExpression


class Span(NamedTuple):
    """The time from the end of the warm-up to the end of the run."""

    begin_s: float
    end_s: float


_NO_SPAN: Final = Span(0.0, 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """The data that a check can use, about some requests, one service or all services together.

    Attributes:
        tally: Requests intended after the warm-up.
        span_s: Seconds from the end of the warm-up to the end of the run.
        scale_outs: Increases of the desired count decided after the warm-up.
        run_usd, served: Of the whole run.
        series: The bins of the whole run; None if no check is about a share of the time.
    """

    stats: RequestStats
    span_s: float
    scale_outs: Sequence[ScaleOut]
    month_usd: float
    run_usd: float = 0.0
    served: int = 0
    provisioned: StepFunction = field(default_factory=StepFunction)
    series: BinnedRequests | None = None
    span: Span = _NO_SPAN


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The result of a check.

    `value` is in the expression's unit, or None if there was nothing to measure; `reason` says why the check failed.
    """

    expression: CheckExpression
    value: float | None
    passed: bool
    reason: str


class _NothingMeasuredError(Exception):
    """Raised if a metric has nothing to measure. The message says what was missing."""


def evaluate(expression: CheckExpression, measured: Measured) -> CheckResult:
    """Evaluate one check; `measured` is the data of its scope (check_scopes.py)."""
    try:
        if expression.share is not None:
            return _over_time(expression, expression.share, measured)
        value = _VALUES[expression.metric](expression, measured)
    except _NothingMeasuredError as missing:
        return CheckResult(expression, None, passed=False, reason=str(missing))
    passed = expression.holds(value)
    reason = "" if passed else f"{value:.6g} is not {expression.operator} {expression.limit:.6g}"
    return CheckResult(expression, value, passed, reason)


def _over_time(expression: CheckExpression, share: float, measured: Measured) -> CheckResult:
    """Compute the share of the bins in which the check passes, out of the bins that have something to measure."""
    assert measured.series is not None, "a share of the time needs the series"
    values = _of_bins(expression, measured.series, measured)
    begins_s = np.arange(len(values)) * measured.series.width_s
    inside = (begins_s >= measured.span.begin_s) & (begins_s < measured.span.end_s) & ~np.isnan(values)
    if not inside.any():
        msg = "nothing to measure after the warm-up"
        raise _NothingMeasuredError(msg)
    found = float(np.mean([expression.holds(value) for value in values[inside].tolist()]))
    passed = found >= share
    return CheckResult(expression, found, passed, "" if passed else f"{found:.2%} of the time is not >= {share:.6g}")


def _of_bins(expression: CheckExpression, series: BinnedRequests, measured: Measured) -> NDArray[np.float64]:
    """Return one value per bin; NaN where there is none."""
    with np.errstate(invalid="ignore", divide="ignore"):
        match expression.metric:
            case "latency":
                assert expression.quantile is not None
                return {0.5: series.p50_s, 0.95: series.p95_s, 0.99: series.p99_s}[expression.quantile]
            case "error_rate":
                return (series.rejected + series.failed) / series.offered
            case "rejected_ratio":
                return series.rejected / series.offered
            case "failed_ratio":
                return series.failed / series.offered
            case "served_rps":
                return series.served / series.width_s
            case _:
                assert expression.metric == "max_instances", expression.metric
                edges_s: NDArray[np.float64] = np.arange(len(series.offered) + 1, dtype=np.float64) * series.width_s
                return measured.provisioned.means(edges_s)


def _latency(expression: CheckExpression, measured: Measured) -> float:
    assert expression.quantile is not None
    return _present(measured.stats.latency.quantile(expression.quantile), "no request was served after the warm-up")


def _mean(_: CheckExpression, measured: Measured) -> float:
    return _present(measured.stats.latency.mean_s, "no request was served after the warm-up")


def _min(_: CheckExpression, measured: Measured) -> float:
    _require_served(measured)
    return measured.stats.latency.min_s if measured.stats.latency.max_s > 0 else 0.0


def _max(_: CheckExpression, measured: Measured) -> float:
    _require_served(measured)
    return measured.stats.latency.max_s


def _lateness(expression: CheckExpression, measured: Measured) -> float:
    assert expression.quantile is not None
    return _present(measured.stats.late.quantile(expression.quantile), "no request ended after the warm-up")


def _failure_ratio(_: CheckExpression, measured: Measured) -> float:
    _require_requests(measured)
    return measured.stats.failures / measured.stats.requests


def _rejected_ratio(_: CheckExpression, measured: Measured) -> float:
    _require_requests(measured)
    return measured.stats.rejected / measured.stats.requests


def _failed_ratio(_: CheckExpression, measured: Measured) -> float:
    """Return the ratio of failures without 429, for users who count "try again later" as an answer."""
    _require_requests(measured)
    return (measured.stats.failures - measured.stats.rejected) / measured.stats.requests


def _failure_ratio_after_retries(_: CheckExpression, measured: Measured) -> float:
    """Return the ratio of failed last attempts.

    An attempt that its client retried does not count: the retry decides.
    """
    _require_requests(measured)
    retried = measured.stats.retried
    last = measured.stats.requests - retried
    if last <= 0:
        msg = "no client had its last attempt after the warm-up"
        raise _NothingMeasuredError(msg)
    return max(0, measured.stats.failures - retried) / last


def _cold_start_ratio(_: CheckExpression, measured: Measured) -> float:
    _require_served(measured)
    return measured.stats.cold_starts / measured.stats.served


def _status(expression: CheckExpression, measured: Measured) -> float:
    assert expression.status is not None
    _require_requests(measured)
    wanted = expression.status
    if wanted.endswith("xx"):
        return sum(count for status, count in measured.stats.statuses.items() if status // 100 == int(wanted[0]))
    return measured.stats.statuses[int(wanted)]


def _requests(_: CheckExpression, measured: Measured) -> float:
    return measured.stats.requests


def _served_rps(_: CheckExpression, measured: Measured) -> float:
    if measured.span_s <= 0:
        msg = "the run ended within the warm-up"
        raise _NothingMeasuredError(msg)
    return measured.stats.served / measured.span_s


def _scale_out_delay(_: CheckExpression, measured: Measured) -> float:
    """Return the longest delay. An increase that was not fulfilled by the end counts with the time until then."""
    if not measured.scale_outs:
        msg = "no decision raised the number of instances after the warm-up"
        raise _NothingMeasuredError(msg)
    return max(scale_out.delay_s for scale_out in measured.scale_outs)


def _max_instances(_: CheckExpression, measured: Measured) -> float:
    return measured.provisioned.highest(*measured.span)


def _mean_instances(_: CheckExpression, measured: Measured) -> float:
    if measured.span_s <= 0:
        msg = "the run ended within the warm-up"
        raise _NothingMeasuredError(msg)
    return measured.provisioned.instance_seconds(*measured.span) / measured.span_s


def _usd(_: CheckExpression, measured: Measured) -> float:
    return measured.run_usd


def _usd_per_month(_: CheckExpression, measured: Measured) -> float:
    return measured.month_usd


def _usd_per_million(_: CheckExpression, measured: Measured) -> float:
    if not measured.served:
        msg = "no request was served"
        raise _NothingMeasuredError(msg)
    return measured.run_usd / measured.served * 1e6


_VALUES: Final[dict[str, Callable[[CheckExpression, Measured], float]]] = {
    "latency": _latency,
    "mean": _mean,
    "min": _min,
    "max": _max,
    "lateness": _lateness,
    "error_rate": _failure_ratio,
    "rejected_ratio": _rejected_ratio,
    "failed_ratio": _failed_ratio,
    "error_rate_after_retries": _failure_ratio_after_retries,
    "cold_start_ratio": _cold_start_ratio,
    "status": _status,
    "requests": _requests,
    "served_rps": _served_rps,
    "scale_out_delay": _scale_out_delay,
    "max_instances": _max_instances,
    "mean_instances": _mean_instances,
    "usd": _usd,
    "usd_per_month": _usd_per_month,
    "usd_per_million": _usd_per_million,
}


def _present(value: float | None, missing: str) -> float:
    if value is None:
        raise _NothingMeasuredError(missing)
    return value


def _require_requests(measured: Measured) -> None:
    if measured.stats.requests == 0:
        msg = "no request ended after the warm-up"
        raise _NothingMeasuredError(msg)


def _require_served(measured: Measured) -> None:
    if measured.stats.served == 0:
        msg = "no request was served after the warm-up"
        raise _NothingMeasuredError(msg)
