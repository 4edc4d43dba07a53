"""Checks as k6 users know thresholds: `p95 < 300 ms`, `failure_ratio < 1 %`, `web: scale_out_delay <= 60 s`.

This module reads an expression; what a metric's value is in a run is the report's business.
"""

from __future__ import annotations

import difflib
import math
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from simulator.model.units import parse_duration, parse_share


class Operator(StrEnum):
    LESS = "<"
    AT_MOST = "<="
    GREATER = ">"
    AT_LEAST = ">="
    EQUAL = "=="
    NOT_EQUAL = "!="


class Dimension(StrEnum):
    """What a metric is measured in; the limit of an expression is normalised to it."""

    SECONDS = "seconds"
    RATIO = "ratio"
    COUNT = "count"
    RATE_RPS = "requests per second"
    USD = "USD"


METRICS: Final[dict[str, Dimension]] = {
    "latency": Dimension.SECONDS,  # written pNN, such as p95 or p99.9: its quantile
    "mean": Dimension.SECONDS,  # of the latency
    "max": Dimension.SECONDS,  # of the latency
    "lateness": Dimension.SECONDS,  # written lateness_pNN: the load generator's own delay
    "failure_ratio": Dimension.RATIO,  # status 5xx, 429, 404 by the platform, or no answer, of all requests
    "refused_ratio": Dimension.RATIO,  # 429 of all requests
    "cold_start_ratio": Dimension.RATIO,
    "status": Dimension.COUNT,  # written status_429 or status_5xx
    "requests": Dimension.COUNT,
    "served_rps": Dimension.RATE_RPS,
    "scale_out_delay": Dimension.SECONDS,
    "usd_per_month": Dimension.USD,
}

_EXPRESSION: Final = re.compile(
    r"\s*(?:(?P<service>[a-z0-9][a-z0-9-]*)\s*:)?\s*(?P<metric>[A-Za-z0-9_.]+)"
    r"\s*(?P<operator><=|>=|==|!=|<|>)\s*+(?P<limit>.+)"  # of a stripped text: no blank is tried in two places
)
_QUANTILE: Final = re.compile(r"(?P<lateness>lateness_)?p(?P<percent>[0-9]{1,2}(?:\.[0-9]{1,4})?|100)")
_STATUS: Final = re.compile(r"status_(?P<status>[1-5](?:[0-9]{2}|xx))")
_PLAIN_NUMBER: Final = re.compile(r"[0-9]+(?:\.[0-9]+)?(?:e[0-9]+)?")
_SPELLINGS: Final = (
    *("p50", "p95", "p99.9", "lateness_p99", "status_429", "status_5xx"),
    *(name for name in METRICS if name not in {"latency", "lateness", "status"}),
)


@dataclass(frozen=True, slots=True)
class CheckExpression:
    """`metric operator limit`.

    `metric` is a key of METRICS. `quantile` (0 to 1) is set for latency and lateness. `status` is set for status, as
    `429` or `5xx`. `limit` is in seconds, a ratio, a count, requests per second or USD, as METRICS says. `service`
    None: all services together. `text` is the expression as written.
    """

    metric: str
    quantile: float | None
    operator: Operator
    limit: float
    text: str
    status: str | None = None
    service: str | None = None

    @property
    def dimension(self) -> Dimension:
        return METRICS[self.metric]

    def holds(self, value: float) -> bool:
        """Whether a measured `value`, in the metric's dimension, satisfies the expression; NaN satisfies none."""
        match self.operator:
            case Operator.LESS:
                return value < self.limit
            case Operator.AT_MOST:
                return value <= self.limit
            case Operator.GREATER:
                return value > self.limit
            case Operator.AT_LEAST:
                return value >= self.limit
            case Operator.EQUAL:
                return value == self.limit
            case Operator.NOT_EQUAL:
                return value != self.limit and value == value  # noqa: PLR0124 - NaN differs from itself


def parse_check(value: object) -> CheckExpression:
    """Raises ValueError with what is expected, and the nearest known metric."""
    match = _EXPRESSION.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        msg = f"{value!r} is not a check; write a metric, an operator and a limit, such as p95 < 300 ms"
        raise ValueError(msg)
    metric, quantile, status = _metric(match["metric"])
    limit = _limit(match["limit"], METRICS[metric])
    if not math.isfinite(limit):
        msg = f"limit = {match['limit']}, must be a finite number"
        raise ValueError(msg)
    return CheckExpression(
        metric, quantile, Operator(match["operator"]), limit, match[0].strip(), status, match["service"]
    )


def _metric(name: str) -> tuple[str, float | None, str | None]:
    """The metric with its quantile or status."""
    if quantile := _QUANTILE.fullmatch(name):
        return ("lateness" if quantile["lateness"] else "latency"), float(quantile["percent"]) / 100, None
    if status := _STATUS.fullmatch(name):
        return "status", None, status["status"]
    if name not in _SPELLINGS:
        near = difflib.get_close_matches(name, _SPELLINGS, n=1)
        hint = f"; did you mean `{near[0]}`?" if near else ""
        msg = f"metric = {name}, must be one of {', '.join(_SPELLINGS)}{hint}"
        raise ValueError(msg)
    return name, None, None


def _limit(text: str, dimension: Dimension) -> float:
    if dimension is Dimension.SECONDS:
        return parse_duration(0 if text == "0" else text)
    if dimension is Dimension.RATIO:
        return parse_share(text)
    if dimension is Dimension.RATE_RPS:
        text = text.removesuffix("/s").rstrip()
    if dimension is Dimension.USD:
        text = text.removeprefix("$").removesuffix("USD").strip()
    if _PLAIN_NUMBER.fullmatch(text) is None:
        msg = f"limit = {text}, must be a number ({dimension})"
        raise ValueError(msg)
    return float(text)
