from __future__ import annotations

import dataclasses

import pytest

from simulator.model.times import RunTime
from simulator.records.downstream.downstream_stats import ResourceStats
from simulator.records.events import CallOutcome, DownstreamCalled, DownstreamChanged, ScalingDecided
from simulator.records.request_stats import StatsBySource
from simulator.records.scale_out import ScaleOut
from simulator.report.checks import CheckResult, evaluate
from simulator.scenario.check_expression import parse_check
from simulator.scenario.check_metrics import METRICS, Measured
from tests.records.rows import Row, tell


def measured(*rows: Row, delays_s: tuple[float, ...] = (), span_s: float = 10.0) -> Measured:
    stats_by_source = StatsBySource(1)
    if rows:
        tell(stats_by_source.read, *rows)
    decided = ScalingDecided(RunTime(0), "web", "fixed", 1, 2, "", "", (), ())
    raises = [ScaleOut(decided, delay_s, fulfilled=True) for delay_s in delays_s]
    return Measured(stats_by_source.after_warm_up(), span_s, raises, month_usd=12.5)


def judged(text: str, whole: Measured) -> CheckResult:
    return evaluate(parse_check(text), whole)


HUNDRED = measured(
    *(Row(latency_s=number / 100, late_s=0.002, cold_s=0.1 if number <= 5 else 0.0) for number in range(1, 91)),
    *(Row(status=429, latency_s=0.0, late_s=0.002) for _ in range(6)),
    *(Row(status=503, latency_s=0.0, late_s=0.002) for _ in range(3)),
    Row(status=0, late_s=0.002),
    delays_s=(4.0, 31.5, 8.0),
)


@pytest.mark.parametrize(
    ("metric", "value"),
    [
        ("p50", 0.45),
        ("p99.9", 0.9),
        ("mean", 0.455),
        ("max", 0.9),
        ("lateness_p99", 0.002),
        ("scale_out_delay", 31.5),
    ],
)
def test_a_duration_is_measured_in_seconds(metric: str, value: float) -> None:
    assert judged(f"{metric} < 1h", HUNDRED).value == pytest.approx(value, rel=1 / 256)


@pytest.mark.parametrize(
    ("metric", "value"),
    [
        ("error_rate", 0.1),
        ("rejected_ratio", 0.06),
        ("cold_start_ratio", 5 / 90),
        ("status_429", 6),
        ("status_5xx", 3),
        ("status_404", 0),
        ("requests", 100),
        ("served_rps", 9.0),
        ("usd_per_month", 12.5),
    ],
)
def test_ratios_counts_rates_and_money_are_exact(metric: str, value: float) -> None:
    assert judged(f"{metric} <= 1", HUNDRED).value == value


def used_resource() -> ResourceStats:
    """Return statistics of a resource with one call, which waited for 30 ms."""
    stats = ResourceStats(0.0, 60.0)
    stats.changed(DownstreamChanged(RunTime(1.0), "db", 10, 1, 1, 0))
    stats.called(DownstreamCalled(RunTime(2.0), "db", "web", RunTime(1.0), 0.03, CallOutcome.ANSWERED))
    return stats


@pytest.mark.case("H2")
@pytest.mark.parametrize("metric", METRICS)
def test_every_metric_of_the_parser_has_a_value(metric: str) -> None:
    spelt = {"latency": "p95", "status": "status_5xx"} | {
        name: f"{name}_p95" for name in ("lateness", "queue", "downstream_wait")
    }
    measured = dataclasses.replace(HUNDRED, served=90, downstream=[used_resource()])
    assert judged(f"{spelt.get(metric, metric)} >= 0", measured).value is not None


def test_a_passing_check_has_no_reason() -> None:
    result = judged("p50 < 500ms", HUNDRED)
    assert (result.passed, result.reason) == (True, "")


def test_a_failing_check_has_the_value_and_the_limit() -> None:
    result = judged("status_429 == 0", HUNDRED)
    assert (result.passed, result.reason) == (False, "6 is not == 0")


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("p95 < 1s", "no request was served"),
        ("mean < 1s", "no request was served"),
        ("max < 1s", "no request was served"),
        ("cold_start_ratio < 1", "no request was served"),
        ("error_rate < 1", "no request ended"),
        ("rejected_ratio < 1", "no request ended"),
        ("status_5xx == 0", "no request ended"),
        ("lateness_p99 < 1s", "no request ended"),
        ("scale_out_delay < 60s", "no decision raised"),
    ],
)
def test_a_check_on_no_data_fails_with_the_reason(text: str, missing: str) -> None:
    result = judged(text, measured())
    assert (result.passed, result.value) == (False, None)
    assert missing in result.reason


def test_no_requests_are_a_number_of_requests() -> None:
    assert judged("requests == 0", measured()).passed


def test_a_run_that_ended_within_its_warm_up_has_no_rate() -> None:
    assert judged("served_rps >= 0", measured(Row(), span_s=0.0)).reason == "the run ended within the warm-up"
