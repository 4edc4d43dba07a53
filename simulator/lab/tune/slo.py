"""The SLO of a tuning, and what it minimises.

An SLO is a list of checks (scenario/check_expression.py) joined by commas: `p95 < 300 ms, error_rate < 0.1 %`. A
setting is compared by the *excess* of each part: the logarithm of its value relative to the limit, which is below 0 if
the part holds. A ratio may be 0, so both are shifted by a twentieth of the limit.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple, assert_never

from simulator.lab.frontier import ERROR_RATE_MAX
from simulator.model.text.problems import one_of
from simulator.scenario.check_expression import CheckExpression, Operator, parse_check
from simulator.scenario.check_metrics import METRICS, Dimension

# Beyond this the excess says only that a part holds or fails: a factor of 8 in either direction.
EXCESS_MAX: Final = math.log(8.0)
# Excess of a day on which there was nothing to measure: nothing was served.
NOTHING_SERVED: Final = EXCESS_MAX
_SHIFT: Final = 0.05
_UPPER: Final = {Operator.LESS, Operator.AT_MOST}
_LOWER: Final = {Operator.GREATER, Operator.AT_LEAST}
# Metrics that are about lost requests: an SLO without one of them would be held by rejecting most requests.
_OF_LOSS: Final = {"error_rate", "rejected_ratio", "failed_ratio", "error_rate_after_retries"}
# Added if no part is about lost requests: from this error rate on, percentiles cover too few requests (frontier.py).
LOSS: Final = f"error_rate < {ERROR_RATE_MAX:.0%}".replace("%", " %")

USD: Final = "usd"
_OBJECTIVES: Final = (
    *(USD, "usd_per_million", "mean_instances", "max_instances", "p50", "p95", "p99", "mean"),
    *("error_rate", "cold_start_ratio"),
)
_EXAMPLE: Final = {
    Dimension.SECONDS: "1 s",
    Dimension.RATIO: "1 %",
    Dimension.COUNT: "1",
    Dimension.RATE_RPS: "1/s",
    Dimension.USD: "1",
}


class Objective(NamedTuple):
    """What is minimised. `check` has its metric; its limit has no meaning. `is_month`: the cost per month."""

    name: str
    check: CheckExpression

    @property
    def is_month(self) -> bool:
        return self.check.metric == "usd_per_month"


class Slo(NamedTuple):
    """The parts that must hold. `added` is a part that the user has not given; None if none was needed."""

    parts: tuple[CheckExpression, ...]
    added: CheckExpression | None

    @property
    def texts(self) -> list[str]:
        return [part.text for part in self.parts]


def parse_slo(text: str) -> Slo:
    """Parse an SLO. A limit of the error rate is added if no part is about lost requests.

    Raises:
        ValueError: if a part is no check, is given twice, or is not an upper or lower limit.
    """
    parts: list[CheckExpression] = []
    for given in _split(text):
        try:
            part = parse_check(given)
        except ValueError as error:
            msg = f"slo = {text!r}: {error}"
            raise ValueError(msg) from error
        if part.operator not in _UPPER | _LOWER or part.limit <= 0:
            msg = f"slo = {given!r}, must be a limit above 0 with <, <=, > or >=, such as p95 < 300 ms"
            raise ValueError(msg)
        if part.asks_for_worse:
            msg = f"slo = {given!r}, must be an upper limit: more of it is worse"
            raise ValueError(msg)
        if part.text in (each.text for each in parts):
            msg = f"slo = {given!r} twice, must be given once"
            raise ValueError(msg)
        parts.append(part)
    if not parts:
        msg = f"slo = {text!r}, must have a part, such as p95 < 300 ms"
        raise ValueError(msg)
    if any(part.metric in _OF_LOSS or part.status is not None for part in parts):
        return Slo(tuple(parts), None)
    loss = parse_check(LOSS)
    return Slo((*parts, loss), loss)


def parse_objective(name: str) -> Objective:
    """Parse what is minimised: `usd` (per month), or a metric of checks of which less is better.

    Raises:
        ValueError: for another name.
    """
    if name == USD:
        return Objective(USD, parse_check("usd_per_month < 1"))
    if name not in _OBJECTIVES:
        msg = f"minimise = {name!r}, must be {one_of(name, _OBJECTIVES)}"
        raise ValueError(msg)
    metric = "latency" if name[0] == "p" and name[1:].isdigit() else name
    return Objective(name, parse_check(f"{name} < {_EXAMPLE[METRICS[metric].dimension]}"))


def holds(part: CheckExpression, value: float | None) -> bool:
    """Return True if the part holds with this value. None: there was nothing to measure, so it does not hold."""
    return value is not None and part.holds(value)


def excess(part: CheckExpression, value: float | None) -> float:
    """Return by how much a value exceeds the limit, as a logarithm: 0 at the limit, below 0 if the part holds."""
    if value is None:
        return NOTHING_SERVED
    limit = part.limit if part.share is None else part.share
    shift = _SHIFT * limit if part.dimension in {Dimension.RATIO, Dimension.COUNT} else 0.0
    ratio = (value + shift) / (limit + shift)
    found = math.log(ratio) if ratio > 0 else -EXCESS_MAX
    falling = part.share is not None or part.operator in _LOWER
    return min(max(-found if falling else found, -EXCESS_MAX), EXCESS_MAX)


def excesses(slo: Slo, values: Sequence[float | None]) -> list[float]:
    return [excess(part, value) for part, value in zip(slo.parts, values, strict=True)]


def _split(text: str) -> Iterator[str]:
    """Split at commas outside braces."""
    depth, start = 0, 0
    for place, letter in enumerate(text):
        depth += (letter == "{") - (letter == "}")
        if letter == "," and depth == 0:
            yield from filter(None, [text[start:place].strip()])
            start = place + 1
    yield from filter(None, [text[start:].strip()])


def with_limit(part: CheckExpression, limit: float) -> CheckExpression:
    """Return the part with another limit, rounded as its text is."""
    given = part.text[: part.text.index(part.operator)].strip()
    after = part.text.partition(" for ")[2]
    return parse_check(f"{given} {part.operator} {limit_text(part, limit)}{f' for {after}' if after else ''}")


def limit_text(part: CheckExpression, limit: float) -> str:
    """Return a limit as written in a check: `255 ms`, `0.1 %`."""
    match METRICS[part.metric].dimension:
        case Dimension.SECONDS:
            return f"{limit * 1000:.4g} ms" if limit < 1 else f"{limit:.4g} s"
        case Dimension.RATIO:
            return f"{limit * 100:.4g} %"
        case Dimension.RATE_RPS:
            return f"{limit:.6g}/s"
        case Dimension.COUNT | Dimension.USD:
            return f"{limit:.6g}"
        case other:
            assert_never(other)
