"""The metrics of checks: a table with the unit, the value in a run, and the value in each bin of a report's series.

Request metrics count from the end of the warm-up; cost covers the whole run, as the bill does. check_expression.py
parses the metric of a check; report/checks.py compares the value with the limit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from typing import Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from simulator.records.downstream.downstream_stats import ResourceStats
from simulator.records.instance_time import StepFunction
from simulator.records.request_stats import RequestStats
from simulator.records.scale_out import ScaleOut
from simulator.records.series import BinnedRequests

Floats = NDArray[np.float64]


class Dimension(StrEnum):
    """The unit of a metric; the limit of an expression is normalised to it."""

    SECONDS = "seconds"
    RATIO = "ratio"
    COUNT = "count"
    RATE_RPS = "requests per second"
    USD = "USD"


class Span(NamedTuple):
    """The time from the end of the warm-up to the end of the run."""

    begin_s: float
    end_s: float


_NO_SPAN: Final = Span(0.0, 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """The data for checks on some requests, on one service, or on all services together.

    Attributes:
        stats: Requests intended after the warm-up.
        span_s: Seconds from the end of the warm-up to the end of the run.
        scale_outs: Increases of the desired count decided after the warm-up.
        month_usd: The cost per month at this traffic.
        run_usd, served: Of the whole run.
        series: The bins of the whole run; None if no check is about a share of the time.
        blocked: Of the requests of `stats`, those that a web ACL blocked, by the rule that the check names or by any.
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
    downstream: Sequence[ResourceStats] = ()
    blocked: int = 0


class NothingMeasuredError(Exception):
    """There is nothing to measure for a metric. The message names the missing data."""


class MetricParameters(Protocol):
    """Parameters of a metric in a check, such as its quantile."""

    @property
    def quantile(self) -> float | None: ...

    @property
    def status(self) -> str | None: ...


class Metric(NamedTuple):
    """A metric of checks.

    Attributes:
        dimension: The unit of its value.
        value: Computes the value of a run. Raises NothingMeasuredError if there is nothing to measure.
        bins: Computes one value per bin, NaN where there is none; None if no share of the time can be measured.
        bin_names: The spellings in a check about a share of the time; the metric's own name by default.
        less_is_better: A lower value is better in every run; for `status` only with 4xx and 5xx.
        of_service: It belongs to a service as a whole: its requests share it, independent of source and path.
        of_downstream: It belongs to a downstream resource, or is the largest value of several.
    """

    dimension: Dimension
    value: Callable[[MetricParameters, Measured], float]
    bins: Callable[[MetricParameters, BinnedRequests, Measured], Floats] | None = None
    bin_names: tuple[str, ...] = ()
    less_is_better: bool = False
    of_service: bool = False
    of_downstream: bool = False


def _quantile(name: str, counted: str, parameters: MetricParameters, measured: Measured) -> float:
    """Return a quantile of the requests' histogram `name`. `counted`: which requests it contains."""
    assert parameters.quantile is not None
    found_s: float | None = getattr(measured.stats, name).quantile(parameters.quantile)
    return _present(found_s, f"no request {counted} after the warm-up")


def _mean(_: MetricParameters, measured: Measured) -> float:
    return _present(measured.stats.latency.mean_s, "no request was served after the warm-up")


def _min(_: MetricParameters, measured: Measured) -> float:
    _require_served(measured)
    return measured.stats.latency.min_s if measured.stats.latency.max_s > 0 else 0.0


def _max(_: MetricParameters, measured: Measured) -> float:
    _require_served(measured)
    return measured.stats.latency.max_s


def _failure_ratio(_: MetricParameters, measured: Measured) -> float:
    _require_requests(measured)
    return measured.stats.failures / measured.stats.requests


def _rejected_ratio(_: MetricParameters, measured: Measured) -> float:
    _require_requests(measured)
    return measured.stats.rejected / measured.stats.requests


def _failed_ratio(_: MetricParameters, measured: Measured) -> float:
    """Return the ratio of failures other than 429, for users who accept "try again later" as an answer."""
    _require_requests(measured)
    return (measured.stats.failures - measured.stats.rejected) / measured.stats.requests


def _blocked_ratio(_: MetricParameters, measured: Measured) -> float:
    _require_requests(measured)
    return measured.blocked / measured.stats.requests


def _failure_ratio_after_retries(_: MetricParameters, measured: Measured) -> float:
    """Return the ratio of users whose last attempt failed.

    A failed attempt that the client retried does not count; the retry does.
    """
    _require_requests(measured)
    retried = measured.stats.retried
    last = measured.stats.requests - retried
    if last <= 0:
        msg = "no client had its last attempt after the warm-up"
        raise NothingMeasuredError(msg)
    return max(0, measured.stats.failures - retried) / last


def _cold_start_ratio(_: MetricParameters, measured: Measured) -> float:
    _require_served(measured)
    return measured.stats.cold_starts / measured.stats.served


def _status(parameters: MetricParameters, measured: Measured) -> float:
    assert parameters.status is not None
    _require_requests(measured)
    wanted = parameters.status
    if wanted.endswith("xx"):
        return sum(count for status, count in measured.stats.statuses.items() if status // 100 == int(wanted[0]))
    return measured.stats.statuses[int(wanted)]


def _requests(_: MetricParameters, measured: Measured) -> float:
    return measured.stats.requests


def _served_rps(_: MetricParameters, measured: Measured) -> float:
    if measured.span_s <= 0:
        msg = "the run ended within the warm-up"
        raise NothingMeasuredError(msg)
    return measured.stats.served / measured.span_s


def _scale_out_delay(_: MetricParameters, measured: Measured) -> float:
    """Return the longest delay of an increase.

    One that was not fulfilled counts with the time until the end of the run.
    """
    if not measured.scale_outs:
        msg = "no decision raised the number of instances after the warm-up"
        raise NothingMeasuredError(msg)
    return max(scale_out.delay_s for scale_out in measured.scale_outs)


def _max_instances(_: MetricParameters, measured: Measured) -> float:
    return measured.provisioned.highest(*measured.span)


def _mean_instances(_: MetricParameters, measured: Measured) -> float:
    if measured.span_s <= 0:
        msg = "the run ended within the warm-up"
        raise NothingMeasuredError(msg)
    return measured.provisioned.instance_seconds(*measured.span) / measured.span_s


def _usd(_: MetricParameters, measured: Measured) -> float:
    return measured.run_usd


def _usd_per_month(_: MetricParameters, measured: Measured) -> float:
    return measured.month_usd


def _usd_per_million(_: MetricParameters, measured: Measured) -> float:
    if not measured.served:
        msg = "no request was served"
        raise NothingMeasuredError(msg)
    return measured.run_usd / measured.served * 1e6


def _downstream_wait(parameters: MetricParameters, measured: Measured) -> float:
    assert parameters.quantile is not None
    waits_s = [stats.waits.quantile(parameters.quantile) for stats in measured.downstream]
    found_s = max((wait_s for wait_s in waits_s if wait_s is not None), default=None)
    return _present(found_s, "no call of a downstream resource had a connection after the warm-up")


def _downstream_error_rate(_: MetricParameters, measured: Measured) -> float:
    called = [stats.errors / stats.calls for stats in measured.downstream if stats.calls]
    return _present(max(called, default=None), "no call of a downstream resource ended after the warm-up")


def _downstream_utilization(_: MetricParameters, measured: Measured) -> float:
    end_s = measured.span.end_s
    used = [stats.means(end_s)[1] / stats.limit for stats in measured.downstream]
    return _present(max(used, default=None), "no downstream resource was used")


def _downstream_connections(_: MetricParameters, measured: Measured) -> float:
    opened = [float(stats.opened_max) for stats in measured.downstream]
    return _present(max(opened, default=None), "no downstream resource was used")


def _present(value: float | None, missing: str) -> float:
    if value is None:
        raise NothingMeasuredError(missing)
    return value


def _require_requests(measured: Measured) -> None:
    if measured.stats.requests == 0:
        msg = "no request ended after the warm-up"
        raise NothingMeasuredError(msg)


def _require_served(measured: Measured) -> None:
    if measured.stats.served == 0:
        msg = "no request was served after the warm-up"
        raise NothingMeasuredError(msg)


# --- bins of a report's series ----------------------------------------------------------------------------------------


def _latency_bins(parameters: MetricParameters, series: BinnedRequests, _: Measured) -> Floats:
    assert parameters.quantile is not None
    return {0.5: series.p50_s, 0.95: series.p95_s, 0.99: series.p99_s}[parameters.quantile]


def _failure_ratio_bins(_: MetricParameters, series: BinnedRequests, __: Measured) -> Floats:
    return (series.rejected + series.failed) / series.offered


def _rejected_ratio_bins(_: MetricParameters, series: BinnedRequests, __: Measured) -> Floats:
    return series.rejected / series.offered


def _failed_ratio_bins(_: MetricParameters, series: BinnedRequests, __: Measured) -> Floats:
    return series.failed / series.offered


def _blocked_ratio_bins(_: MetricParameters, series: BinnedRequests, __: Measured) -> Floats:
    return series.blocked / series.offered


def _served_rps_bins(_: MetricParameters, series: BinnedRequests, __: Measured) -> Floats:
    return series.served / series.width_s


def _instances_bins(_: MetricParameters, series: BinnedRequests, measured: Measured) -> Floats:
    edges_s: Floats = np.arange(len(series.offered) + 1, dtype=np.float64) * series.width_s
    return measured.provisioned.means(edges_s)


# --- the table --------------------------------------------------------------------------------------------------------

_latency = partial(_quantile, "latency", "was served")
_S, _RATIO, _COUNT, _USD = Dimension.SECONDS, Dimension.RATIO, Dimension.COUNT, Dimension.USD
METRICS: Final[dict[str, Metric]] = {
    # Written pNN, such as p95 or p99.9, where NN is the quantile in percent.
    "latency": Metric(_S, _latency, _latency_bins, ("p50", "p95", "p99"), less_is_better=True),
    "mean": Metric(_S, _mean, less_is_better=True),  # mean latency
    "min": Metric(_S, _min, less_is_better=True),  # lowest latency
    "max": Metric(_S, _max, less_is_better=True),  # highest latency
    # Written lateness_pNN: the delay of the load generator itself.
    "lateness": Metric(_S, partial(_quantile, "late", "ended"), less_is_better=True),
    # Written queue_pNN: the wait of served requests for a slot.
    "queue": Metric(_S, partial(_quantile, "queue", "was served"), less_is_better=True),
    # Answers with 5xx, 429 or the platform's own 404, and requests without an answer, as a ratio of all requests.
    # Requests that a web ACL blocked are not included.
    "error_rate": Metric(_RATIO, _failure_ratio, _failure_ratio_bins, less_is_better=True),
    # 429 as a ratio of all requests.
    "rejected_ratio": Metric(_RATIO, _rejected_ratio, _rejected_ratio_bins, less_is_better=True),
    # Failures other than 429, as a ratio of all requests.
    "failed_ratio": Metric(_RATIO, _failed_ratio, _failed_ratio_bins, less_is_better=True),
    # Requests that a web ACL blocked, as a ratio of all requests; `{rule:NAME}` counts those of one rule.
    "blocked_ratio": Metric(_RATIO, _blocked_ratio, _blocked_ratio_bins),
    # Users whose last attempt failed, as a ratio of all users.
    "error_rate_after_retries": Metric(_RATIO, _failure_ratio_after_retries, less_is_better=True),
    "cold_start_ratio": Metric(_RATIO, _cold_start_ratio, less_is_better=True),
    "status": Metric(_COUNT, _status),  # written status_429 or status_5xx
    "requests": Metric(_COUNT, _requests),
    "served_rps": Metric(Dimension.RATE_RPS, _served_rps, _served_rps_bins),
    "scale_out_delay": Metric(_S, _scale_out_delay, less_is_better=True, of_service=True),
    # Highest number of instances provisioned at the same time.
    "max_instances": Metric(_COUNT, _max_instances, _instances_bins, ("instances",), of_service=True),
    # Provisioned instances, averaged over time.
    "mean_instances": Metric(_COUNT, _mean_instances, of_service=True),
    "usd": Metric(_USD, _usd, less_is_better=True, of_service=True),  # the cost of the run
    "usd_per_month": Metric(_USD, _usd_per_month, less_is_better=True, of_service=True),
    # Cost per million served requests.
    "usd_per_million": Metric(_USD, _usd_per_million, less_is_better=True, of_service=True),
    # Written downstream_wait_pNN: the wait of a call for a connection.
    "downstream_wait": Metric(_S, _downstream_wait, less_is_better=True, of_downstream=True),
    # Rejected or timed out calls, as a ratio of all calls.
    "downstream_error_rate": Metric(_RATIO, _downstream_error_rate, less_is_better=True, of_downstream=True),
    # Connections with work in progress, on average, as a ratio of the limit.
    "downstream_utilization": Metric(_RATIO, _downstream_utilization, less_is_better=True, of_downstream=True),
    # Most connections open at the same time.
    "downstream_connections": Metric(_COUNT, _downstream_connections, less_is_better=True, of_downstream=True),
}
