"""Check expressions: how they are parsed, and how limits are normalised."""

from __future__ import annotations

import math

import pytest

from simulator.scenario.check_expression import Operator, parse_check
from simulator.scenario.check_metrics import Dimension


@pytest.mark.parametrize(
    ("text", "metric", "quantile", "status", "limit"),
    [
        ("p95 < 300 ms", "latency", 0.95, None, 0.3),
        ("p99.9<2s", "latency", 0.999, None, 2),
        ("mean < 0", "mean", None, None, 0),
        ("lateness_p99 < 5ms", "lateness", 0.99, None, 0.005),
        ("error_rate < 1 %", "error_rate", None, None, 0.01),
        ("rejected_ratio < 0.05", "rejected_ratio", None, None, 0.05),
        ("status_429 == 0", "status", None, "429", 0),
        ("status_5xx < 100", "status", None, "5xx", 100),
        ("requests > 1e6", "requests", None, None, 1e6),
        ("served_rps > 50/s", "served_rps", None, None, 50),
        ("scale_out_delay < 1 min", "scale_out_delay", None, None, 60),
        ("usd_per_month < $100", "usd_per_month", None, None, 100),
        ("usd_per_month < 12.50 USD", "usd_per_month", None, None, 12.5),
        ("p(95)<500", "latency", 0.95, None, 0.5),
        ("p(99.9) < 2s", "latency", 0.999, None, 2),
        ("instances < 3", "max_instances", None, None, 3),
        ("max_instances <= 2", "max_instances", None, None, 2),
        ("usd < 1", "usd", None, None, 1),
        ("error_rate_after_retries < 1 %", "error_rate_after_retries", None, None, 0.01),
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


@pytest.mark.case("L64")
@pytest.mark.parametrize(
    ("text", "service", "tags"),
    [
        ("warm: p95 < 1s", "warm", ()),
        ("p95{path:/a} < 1s", None, (("path", "/a"),)),
        ("web: p95{path:/a?x=1:2, name:first} < 1s", "web", (("path", "/a?x=1:2"), ("name", "first"))),
        ("p95{service:web,source:warm} < 1s", "web", (("source", "warm"),)),
    ],
)
def test_a_check_may_be_about_a_source_a_path_or_a_name(
    text: str, service: str | None, tags: tuple[tuple[str, str], ...]
) -> None:
    check = parse_check(text)
    assert (check.service, check.tags) == (service, tags)


@pytest.mark.case("L64")
def test_a_check_may_be_about_a_share_of_the_time() -> None:
    check = parse_check("web: p95 < 300 ms for 99 % of the time")
    assert (check.limit, check.share, check.dimension) == (0.3, 0.99, Dimension.RATIO)


@pytest.mark.case("L64")
def test_a_check_may_end_the_run() -> None:
    check = parse_check({"check": "p95 < 1s", "abort_on_fail": True, "delay_abort_eval": "10s"})
    assert (check.metric, check.abort_after_s) == ("latency", 10.0)
    assert parse_check({"check": "p95 < 1s"}).abort_after_s is None


@pytest.mark.case("L64")
@pytest.mark.parametrize(
    ("elsewhere", "here"),
    [("avg", "mean"), ("med", "p50"), ("rate", "error_rate"), ("rps", "served_rps"), ("http_req_duration", "p95")],
)
def test_a_word_of_k6_gets_the_word_of_this_project(elsewhere: str, here: str) -> None:
    with pytest.raises(ValueError, match=f"did you mean `{here}`"):
        parse_check(f"{elsewhere} < 1")


def test_blanks_by_the_thousand_take_no_time_to_reject() -> None:
    with pytest.raises(ValueError, match="must be"):
        parse_check("p95q <" + " " * 100_000 + "for" + " " * 100_000 + "x")


def test_a_latency_is_measured_in_seconds() -> None:
    assert parse_check("max < 1s").dimension is Dimension.SECONDS


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("error_rat < 1 %", "did you mean `error_rate`"),
        ("p101 < 1s", "metric = p101, must be"),
        ("status_600 == 0", "metric = status_600"),
        ("p95 < 300", "not a duration"),
        ("error_rate < 3 ms", "not a share"),
        ("requests > many", "limit = many, must be a number"),
        ("p95 300 ms", "not a check"),
        ("p95 < 1s && p99 < 2s", "not a duration"),
        ("", "not a check"),
        ("p95{pth:/a} < 1s", "did you mean `path`"),
        ("p95{path} < 1s", "tag = path"),
        ("usd{path:/a} < 1", "share its instances"),
        ("mean < 1s for 99 % of the time", "p50, p95, p99"),
        ("p95 of warm < 1s", "web: p95 < 1 s"),
        ({"check": "p95 < 1s", "abort_on_fial": True}, "did you mean `abort_on_fail`"),
        ({"abort_on_fail": True}, "must be {check: TEXT"),
        (3, "not a check"),
    ],
)
def test_the_error_of_a_bad_expression_names_what_is_expected(text: object, expected: str) -> None:
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
