"""The SLO of a tuning: its parts, what is added, and how far a value is from a limit."""

import math

import pytest

from simulator.lab.tune.slo import EXCESS_MAX, LOSS, excess, holds, limit_text, parse_objective, parse_slo, with_limit
from simulator.scenario.check_expression import parse_check


def test_parts_are_split_at_commas_outside_tags() -> None:
    slo = parse_slo("p95{path:/a,source:b} < 300 ms, error_rate < 0.1 %")
    assert slo.texts == ["p95{path:/a,source:b} < 300 ms", "error_rate < 0.1 %"]
    assert slo.added is None


def test_a_limit_of_lost_requests_is_added_if_there_is_none() -> None:
    slo = parse_slo("p95 < 300 ms")
    assert slo.texts == ["p95 < 300 ms", LOSS]
    assert slo.added == slo.parts[1]
    assert parse_slo("status_5xx < 3").added is None


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "must have a part"),
        ("p95", "is not a check"),
        ("p95 < 1 s, p59x < 2", "p59x"),
        ("status_429 == 3", "must be a limit above 0"),
        ("error_rate < 0", "must be a limit above 0"),
        ("error_rate > 1 %", "must be an upper limit"),
        ("p95 < 1 s, p95 < 1 s", "twice"),
    ],
)
def test_what_is_no_slo_is_rejected_with_its_text(text: str, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        parse_slo(text)


@pytest.mark.parametrize(
    ("check", "value", "expected"),
    [
        ("p95 < 200 ms", 0.2, 0.0),
        ("p95 < 200 ms", 0.4, math.log(2)),
        ("p95 < 200 ms", 20.0, EXCESS_MAX),
        ("served_rps > 10", 20.0, -math.log(2)),
        ("error_rate < 1 %", 0.0, math.log(0.05 / 1.05)),
        ("error_rate < 1 %", 0.01, 0.0),
        ("p95 < 1 s for 90 % of the time", 0.9, 0.0),
    ],
)
def test_the_excess_is_the_logarithm_of_the_distance(check: str, value: float, expected: float) -> None:
    expected = max(expected, -EXCESS_MAX)
    assert excess(parse_check(check), value) == pytest.approx(expected, abs=1e-12)


def test_a_day_without_a_value_does_not_hold() -> None:
    part = parse_check("p95 < 1 s")
    assert not holds(part, None)
    assert excess(part, None) == EXCESS_MAX
    assert holds(part, 0.5)


@pytest.mark.parametrize(
    ("name", "metric"), [("usd", "usd_per_month"), ("p99", "latency"), ("error_rate", "error_rate")]
)
def test_what_is_minimised_is_a_metric(name: str, metric: str) -> None:
    assert parse_objective(name).check.metric == metric


def test_an_unknown_objective_names_the_nearest() -> None:
    with pytest.raises(ValueError, match=r"minimise = 'usd_per_milion'.*usd_per_million"):
        parse_objective("usd_per_milion")


@pytest.mark.parametrize("text", ["p95{path:/a} < 300 ms", "error_rate <= 0.1 %", "served_rps >= 10/s", "usd < 3"])
def test_another_limit_is_written_so_that_it_reads_as_itself(text: str) -> None:
    part = parse_check(text)
    changed = with_limit(part, part.limit * 0.75)
    assert parse_check(changed.text) == changed
    assert limit_text(part, part.limit) in text
