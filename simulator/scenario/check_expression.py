"""Checks, similar to k6's thresholds: `p95 < 300 ms`, `error_rate < 1 %`, `web: scale_out_delay <= 60 s`.

A check may be about one service or source (`web: ...`), about one source, path or step of a session (`p95{path:/search}
< 1 s`, k6's tags), and about a share of the time (`p95 < 1 s for 99 % of the time`). This module parses an expression;
check_metrics.py computes the value of a metric in a run.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final, NamedTuple, assert_never

from simulator.model.text.problems import did_you_mean, one_of
from simulator.model.text.renamed import renamed
from simulator.model.text.units import parse_duration, parse_share
from simulator.scenario.check_metrics import METRICS, Dimension


class Operator(StrEnum):
    LESS = "<"
    AT_MOST = "<="
    GREATER = ">"
    AT_LEAST = ">="
    EQUAL = "=="
    NOT_EQUAL = "!="


# Metrics that can be measured for a share of the time, as they are written in a check.
_OF_A_BIN: Final = tuple(
    spelling for name, metric in METRICS.items() if metric.bins is not None for spelling in metric.bin_names or (name,)
)
TAGS: Final = ("service", "source", "path", "name", "downstream", "rule")

CHECK_SCHEMA: Final[dict[str, Any]] = {
    "anyOf": [
        {"type": "string"},
        {
            "type": "object",
            "additionalProperties": False,
            "required": ["check"],
            "properties": {
                "check": {"type": "string", "description": "The check."},
                "abort_on_fail": {"type": "boolean", "description": "End the run as soon as the check fails."},
                "delay_abort_eval": {
                    "type": "string",
                    "description": "Time after the end of the warm-up from which the check is evaluated.",
                },
            },
        },
    ]
}

_EXPRESSION: Final = re.compile(
    r"(?:(?P<service>[A-Za-z0-9][A-Za-z0-9_.-]*)\s*:)?"
    r"\s*(?P<metric>[A-Za-z0-9_.]+(?:\([0-9.]+\))?)\s*(?:\{(?P<tags>[^{}]*)\})?"
    r"\s*(?P<operator><=|>=|==|!=|<|>)\s*(?P<limit>\S.*?)"
    r"(?: for (?P<share>[0-9.]+ ?%) of (?:the )?time)?"
)
_QUANTILES: Final = ("lateness", "queue", "downstream_wait")  # written NAME_pNN; without a name: latency
_PERCENT: Final = r"(?P<percent>[0-9]{1,2}(?:\.[0-9]{1,4})?|100)"
_QUANTILE: Final = re.compile(rf"(?:(?P<of>{'|'.join(_QUANTILES)})_)?p{_PERCENT}")
_K6_QUANTILE: Final = re.compile(r"p\((?P<percent>[0-9.]+)\)")
_STATUS: Final = re.compile(r"status_(?P<status>[1-5](?:[0-9]{2}|xx))")
_PLAIN_NUMBER: Final = re.compile(r"[0-9]+(?:\.[0-9]+)?(?:e[0-9]+)?")
_ALIASES: Final = {"instances": "max_instances"}
_SPELLINGS: Final = (
    *("p50", "p95", "p99.9", "lateness_p99", "queue_p95", "downstream_wait_p99"),
    *("status_429", "status_5xx", "instances"),
    *(name for name in METRICS if name not in {"latency", "status", *_QUANTILES}),
)
# The names that k6, Locust, Artillery and Gatling use for the metrics.
_ELSEWHERE: Final = {
    "avg": "mean",
    "average": "mean",
    "med": "p50",
    "median": "p50",
    "count": "requests",
    "http_reqs": "requests",
    "iterations": "requests",
    "rate": "error_rate",
    "http_req_failed": "error_rate",
    "error_rate": "error_rate",
    "fail_ratio": "error_rate",
    "errors": "error_rate",
    "http_req_duration": "p95",
    "latency": "p95",
    "duration": "p95",
    "response_time": "p95",
    "rps": "served_rps",
    "throughput": "served_rps",
    "cost": "usd_per_month",
    "replicas": "max_instances",
}


class CheckExpression(NamedTuple):
    """A parsed check: `metric operator limit`.

    Attributes:
        metric: A key of METRICS.
        quantile: 0 to 1; set for latency, lateness, queue and downstream_wait.
        status: Such as `429` or `5xx`; set for status.
        limit: In seconds, a ratio, a count, requests per second or USD, as METRICS says.
        service: The name of a service, or of a source if no service has that name; None: all services together.
        tags: Restrict the check to a source, path, named kind of request, downstream resource or rule of a web ACL.
        share: Share of the time in which the check must pass; None: the check is about the whole run at once.
        abort_after_s: From this time on a failure ends the run; None: the check never ends a run.
        text: The expression as written.
    """

    metric: str
    quantile: float | None
    operator: Operator
    limit: float
    text: str
    status: str | None = None
    service: str | None = None
    tags: tuple[tuple[str, str], ...] = ()
    share: float | None = None
    abort_after_s: float | None = None

    @property
    def dimension(self) -> Dimension:
        """The unit of the measured value; with a share of the time, a ratio."""
        return METRICS[self.metric].dimension if self.share is None else Dimension.RATIO

    @property
    def asks_for_worse(self) -> bool:
        """True for checks such as `status_429 > 0`, which document what a scenario demonstrates, not an objective."""
        bad = self.status[0] in "45" if self.status is not None else METRICS[self.metric].less_is_better
        return bad and self.operator in {Operator.GREATER, Operator.AT_LEAST}

    def tag(self, name: str) -> str | None:
        """Return the value of the tag `name`, or None."""
        return dict(self.tags).get(name)

    def holds(self, value: float) -> bool:
        """Return True if a measured `value`, in the metric's unit, satisfies the check. NaN satisfies no check."""
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
            case _:
                assert_never(self.operator)


def parse_check(value: object) -> CheckExpression:
    """Parse a text, or a mapping `{check: TEXT, abort_on_fail: true, delay_abort_eval: 10s}`.

    Raises:
        ValueError: for anything else; the message has the expected form and the nearest known metric.
    """
    if isinstance(value, Mapping):
        return _aborting(value)
    # Runs of blanks become one blank, so that no pattern below can match a run in two places.
    match = _EXPRESSION.fullmatch(" ".join(value.split())) if isinstance(value, str) else None
    if match is None or not isinstance(value, str):
        example = "p95 < 300 ms or web: p95 < 1 s"
        msg = f"{value!r} is not a check; write a metric, an operator and a limit, such as {example}"
        raise ValueError(msg)
    metric, quantile, status = _metric(match["metric"])
    limit = _limit(match["limit"], METRICS[metric].dimension, in_ms="(" in match["metric"])
    if not math.isfinite(limit):
        msg = f"limit = {match['limit']}, must be a finite number"
        raise ValueError(msg)
    tags = _tags(match["tags"], metric)
    service = match["service"]
    if "service" in dict(tags):
        service, tags = dict(tags)["service"], tuple(tag for tag in tags if tag[0] != "service")
    if METRICS[metric].of_downstream and service is not None:
        msg = f"service = {service}, must be left out with {metric}: services share a downstream resource"
        raise ValueError(msg)
    share = None if match["share"] is None else parse_share(match["share"])
    if share is not None:
        _require_a_bin(metric, quantile)
        if "rule" in dict(tags):
            msg = f"tag = {match['tags'].strip()}, must be without rule for a share of the time"
            raise ValueError(msg)
    return CheckExpression(
        metric, quantile, Operator(match["operator"]), limit, value.strip(), status, service, tags, share
    )


def _aborting(item: Mapping[Any, Any]) -> CheckExpression:
    known = ("check", "abort_on_fail", "delay_abort_eval")
    for key in item:
        if key not in known:
            msg = f"key = {key}, must be {one_of(key, known)}"
            raise ValueError(msg)
    aborts, delay = item.get("abort_on_fail", False), item.get("delay_abort_eval", 0)
    if not isinstance(item.get("check"), str) or not isinstance(aborts, bool):
        msg = "check = incomplete, must be {check: TEXT, abort_on_fail: true or false, delay_abort_eval: DURATION}"
        raise ValueError(msg)  # noqa: TRY004 pydantic takes ValueError
    expression = parse_check(item["check"])
    delay_s = parse_duration(delay)
    return expression._replace(abort_after_s=delay_s) if aborts else expression


def _metric(name: str) -> tuple[str, float | None, str | None]:
    """Return the name of the metric, with its quantile or its status if it has one."""
    if k6 := _K6_QUANTILE.fullmatch(name):
        name = f"p{k6['percent']}"
    if quantile := _QUANTILE.fullmatch(name):
        return quantile["of"] or "latency", float(quantile["percent"]) / 100, None
    if status := _STATUS.fullmatch(name):
        return "status", None, status["status"]
    if name not in _SPELLINGS:
        meant = name if renamed(name, _SPELLINGS) else _ELSEWHERE.get(name.lower(), name)
        msg = f"metric = {name}, must be {one_of(meant, _SPELLINGS)}"
        raise ValueError(msg)
    return _ALIASES.get(name, name), None, None


def _tags(text: str | None, metric: str) -> tuple[tuple[str, str], ...]:
    """Parse `path:/search,source:visitors` into pairs."""
    if text is None:
        return ()
    tags: dict[str, str] = {}
    for part in text.split(","):
        name, colon, value = (piece.strip() for piece in part.partition(":"))
        if name not in TAGS or not colon or not value or name in tags:
            msg = f"tag = {part.strip()}, must be one of {', '.join(f'{tag}:VALUE' for tag in TAGS)}"
            raise ValueError(msg + ("" if name in TAGS else did_you_mean(name, TAGS)))
        tags[name] = value
    if METRICS[metric].of_downstream != ("downstream" in tags) or (METRICS[metric].of_downstream and len(tags) > 1):
        of = "downstream:NAME alone" if METRICS[metric].of_downstream else "a tag other than downstream"
        msg = f"tag = {text.strip()}, must be {of} with {metric}"
        raise ValueError(msg)
    if "rule" in tags and metric != "blocked_ratio":
        msg = f"tag = {text.strip()}, must be without rule with {metric}: only blocked_ratio is about a rule"
        raise ValueError(msg)
    if METRICS[metric].of_service and set(tags) != {"service"}:
        msg = f"tag = {text.strip()}, must be left out with {metric}: all requests of a service share its instances"
        raise ValueError(msg)
    return tuple(tags.items())


def _require_a_bin(metric: str, quantile: float | None) -> None:
    spelling = f"p{quantile * 100:g}" if metric == "latency" and quantile is not None else metric
    if METRICS[metric].bins is None or (metric == "latency" and spelling not in _OF_A_BIN):
        msg = f"metric = {spelling}, must be one of {', '.join(_OF_A_BIN)} for a share of the time"
        raise ValueError(msg)


def _limit(text: str, dimension: Dimension, *, in_ms: bool) -> float:
    if dimension is Dimension.SECONDS:
        if in_ms and _PLAIN_NUMBER.fullmatch(text):
            return float(text) / 1000  # k6 writes p(95)<500 without a unit, in milliseconds
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
