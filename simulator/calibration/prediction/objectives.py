"""Objectives of a service (SLO) as text: `p95 < 250 ms, error_rate < 0.1 %`, checks that are separated by commas."""

from __future__ import annotations

import re
from typing import Final

from simulator.model.text.quantities import latency_text
from simulator.scenario.check_expression import CheckExpression, parse_check

# By default a service is saturated if its p95 is this many times that of an instance without load, or if more than this
# share of the requests fail.
SATURATED_FACTOR: Final = 5.0
SATURATED_ERRORS: Final = "error_rate < 1 %"
# Objectives with one of these metrics fail at overload. Latencies do not: they are those of served requests.
_ABOUT_OVERLOAD: Final = frozenset(
    {"error_rate", "rejected_ratio", "failed_ratio", "error_rate_after_retries", "status", "served_rps", "queue"}
)
_COMMA: Final = re.compile(r",(?![^{]*\})")  # not one between the braces of a tag


def parse_objectives(text: str) -> tuple[CheckExpression, ...]:
    """Parse an SLO. Each part is a check of a scenario file, without a service.

    Raises:
        ValueError: if a part is no check, asks for failure (`error_rate > 1 %`), or is about cost or a named service.
    """
    parts = [part.strip() for part in _COMMA.split(text)]
    if not any(parts):
        msg = f"slo = {text!r}, must be checks separated by commas, such as 'p95 < 250 ms, error_rate < 0.1 %'"
        raise ValueError(msg)
    return tuple(_objective(part) for part in parts if part)


def bounded(objectives: tuple[CheckExpression, ...]) -> tuple[CheckExpression, ...]:
    """Return objectives that fail at some rate: with the limit of errors if they are about latency only.

    A full instance rejects further requests at once, so latency alone can stay within its limit at any rate.
    """
    if any(each.metric in _ABOUT_OVERLOAD for each in objectives):
        return objectives
    return (*objectives, parse_check(SATURATED_ERRORS))


def saturation(light_p95_s: float) -> tuple[CheckExpression, ...]:
    """Return the default SLO: the limit of saturation, from the p95 of an instance with nearly no load."""
    limit_s = SATURATED_FACTOR * light_p95_s
    # ten digits: the limit must not be rounded to the digits of the text
    latency = parse_check(f"p95 < {limit_s * 1e6:.10g} us")._replace(text=f"p95 < {latency_text(limit_s)}")
    return latency, parse_check(SATURATED_ERRORS)


def objectives_text(objectives: tuple[CheckExpression, ...]) -> str:
    """Return the text of an SLO."""
    return ", ".join(each.text for each in objectives)


def _objective(text: str) -> CheckExpression:
    try:
        objective = parse_check(text)
    except ValueError as error:
        msg = f"slo: {error}"
        raise ValueError(msg) from error
    if objective.asks_for_worse:
        msg = f"slo = {text}, must be an upper limit: the SLO is met up to some rate, not from it on"
        raise ValueError(msg)
    if objective.service is not None:
        msg = f"slo = {text}, must be without the name of a service: it is about the predicted one"
        raise ValueError(msg)
    return objective
