"""Check expressions: what is understood, and how limits are normalised."""

from __future__ import annotations

import math

import pytest

from simulator.replay.check_expression import Dimension, Operator, parse_check


@pytest.mark.parametrize(
    ("text", "metric", "quantile", "status", "limit"),
    [
        ("p95 < 300 ms", "latency", 0.95, None, 0.3),
        ("p99.9<2s", "latency", 0.999, None, 2),
        ("mean < 0", "mean", None, None, 0),
        ("lateness_p99 < 5ms", "lateness", 0.99, None, 0.005),
        ("failure_ratio < 1 %", "failure_ratio", None, None, 0.01),
        ("refused_ratio < 0.05", "refused_ratio", None, None, 0.05),
        ("status_429 == 0", "status", None, "429", 0),
        ("status_5xx < 100", "status", None, "5xx", 100),
        ("requests > 1e6", "requests", None, None, 1e6),
        ("served_rps > 50/s", "served_rps", None, None, 50),
        ("scale_out_delay < 1 min", "scale_out_delay", None, None, 60),
        ("usd_per_month < $100", "usd_per_month", None, None, 100),
        ("usd_per_month < 12.50 USD", "usd_per_month", None, None, 12.5),
    ],
)
def test_metric_and_limit_are_normalised(
    text: str, metric: str, quantile: float | None, status: str | None, limit: float
) -> None:
    check = parse_check(text)

    assert (check.metric, check.status, check.text, check.service) == (metric, status, text, None)
    assert check.quantile == pytest.approx(quantile)
    assert check.limit == pytest.approx(limit)


def test_a_check_may_be_about_one_service() -> None:
    assert parse_check("from-zero: p95 < 1s").service == "from-zero"


def test_a_latency_is_measured_in_seconds() -> None:
    assert parse_check("max < 1s").dimension is Dimension.SECONDS


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("failure_rati < 1 %", "did you mean `failure_ratio`"),
        ("p101 < 1s", "metric = p101, must be"),
        ("status_600 == 0", "metric = status_600"),
        ("p95 < 300", "not a duration"),
        ("failure_ratio < 3 ms", "not a share"),
        ("requests > many", "limit = many, must be a number"),
        ("p95 300 ms", "not a check"),
        ("p95 < 1s && p99 < 2s", "not a duration"),
        ("", "not a check"),
        (3, "not a check"),
    ],
)
def test_a_bad_expression_says_what_is_expected(text: object, expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        parse_check(text)


@pytest.mark.parametrize(
    ("operator", "below", "equal", "above"),
    [
        ("<", True, False, False),
        ("<=", True, True, False),
        (">", False, False, True),
        (">=", False, True, True),
        ("==", False, True, False),
        ("!=", True, False, True),
    ],
)
def test_an_operator_compares_the_value_with_the_limit(operator: str, below: bool, equal: bool, above: bool) -> None:
    check = parse_check(f"requests {operator} 5")

    assert check.operator is Operator(operator)
    assert (check.holds(4), check.holds(5), check.holds(6)) == (below, equal, above)
    assert not check.holds(math.nan)
