"""The figures of requests, counted again from the rows by hand."""

from __future__ import annotations

import numpy as np
import pytest

from simulator.records.histogram import Histogram
from simulator.records.instance_time import InstanceTime, StepFunction
from simulator.records.request_stats import RequestStats, StatsBySource
from simulator.records.series import RequestSeries
from simulator.report.requests import latency_part, requests_part, series_part, share_part
from tests.records.rows import Row, tell

# Of ten requests after the warm-up of 10 s: six served (one of them after a cold start), three rejected, one failed.
WARM_UP = [Row(1.0, status=429), Row(9.0, latency_s=5.0)]
MEASURED = [
    *(Row(10.0 + number, latency_s=0.1 * (number + 1)) for number in range(5)),
    Row(20.0, latency_s=2.0, cold_s=1.9, service_s=0.1),
    *(Row(21.0, latency_s=0.001, status=429, service_s=0.0, instance=0) for _ in range(3)),
    Row(22.0, latency_s=30.0, status=504, service_s=30.0),
]


def stats(*rows: Row) -> tuple[RequestStats, RequestStats]:
    by_source = StatsBySource(1, 10.0)
    tell(by_source.read, *rows)
    return by_source.after_warm_up(), by_source.whole()


def test_counts_and_ratios_are_those_of_the_rows_after_the_warm_up() -> None:
    part = requests_part(*stats(*WARM_UP, *MEASURED), span_s=20.0)
    assert (part.requests, part.served, part.rejected, part.failed) == (10, 6, 3, 1)
    assert part.by_status == {"200": 6, "429": 3, "504": 1}
    assert list(part.by_status) == sorted(part.by_status)
    assert part.rejected_ratio == pytest.approx(0.3)
    assert part.error_rate == pytest.approx(0.4)
    assert part.served_rps == pytest.approx(6 / 20)
    assert part.cold_starts == 1
    assert part.cold_start_ratio == pytest.approx(1 / 6)


def test_the_whole_run_has_the_warm_up_too() -> None:
    whole = requests_part(*stats(*WARM_UP, *MEASURED), span_s=20.0).whole_run
    assert (whole.requests, whole.served, whole.rejected, whole.failed) == (12, 7, 4, 1)
    assert whole.by_status == {"200": 7, "429": 4, "504": 1}


def test_latencies_are_those_of_served_requests_and_errors_have_their_own() -> None:
    part = requests_part(*stats(*WARM_UP, *MEASURED), span_s=20.0)
    assert part.latency.count == 6
    assert part.latency.mean_s == pytest.approx((0.1 + 0.2 + 0.3 + 0.4 + 0.5 + 2.0) / 6)
    assert part.latency.max_s == 2.0
    assert part.latency.p50_s == pytest.approx(0.3, rel=0.004)
    assert part.error_latency.count == 4, "three rejections and a failure"
    assert part.error_latency.max_s == 30.0
    assert part.cold.mean_s == pytest.approx(1.9 / 6)


def test_without_requests_there_are_no_ratios_and_no_latency() -> None:
    part = requests_part(RequestStats(), RequestStats(), span_s=0.0)
    assert part.requests == 0
    assert (part.rejected_ratio, part.error_rate, part.served_rps, part.cold_start_ratio) == (None,) * 4
    assert (part.latency.mean_s, part.latency.p999_s, part.latency.max_s) == (None,) * 3


def test_percentiles_are_in_their_fields() -> None:
    histogram = Histogram()
    histogram.record(np.arange(1, 100_001) / 1e5)
    part, share = latency_part(histogram), share_part(histogram)
    told = (part.p50_s, part.p75_s, part.p90_s, part.p95_s, part.p99_s, part.p999_s, part.p9999_s)
    assert told == pytest.approx((0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 0.9999), rel=0.004)
    assert (share.p50_s, share.p95_s, share.p99_s) == (part.p50_s, part.p95_s, part.p99_s)


def series(ended_s: float, *rows: Row) -> tuple[RequestSeries, float]:
    made = RequestSeries(1, 120.0)
    tell(made.read, *rows)
    return made, ended_s


def test_every_request_is_in_the_bin_of_its_intended_time() -> None:
    made, ended_s = series(120.0, *WARM_UP, *MEASURED)
    part = series_part(made, [0], StepFunction(), InstanceTime("web"), ended_s)
    assert sum(part.offered) == 12
    assert (sum(part.served), sum(part.rejected), sum(part.failed)) == (7, 4, 1)
    assert len(part.offered) == round(120.0 / part.width_s)
    assert part.offered[int(21.0 / part.width_s)] >= 3


def test_bins_that_the_run_did_not_reach_are_left_out() -> None:
    made, ended_s = series(30.0, *WARM_UP, *MEASURED)
    part = series_part(made, [0], StepFunction(), InstanceTime("web"), ended_s)
    assert 30.0 <= len(part.offered) * part.width_s < 30.0 + part.width_s
    assert len(part.offered) == len(part.p95_s) == len(part.desired) == len(part.active)


def test_a_bin_without_served_requests_has_no_percentile_and_the_mean_of_the_desired_instances() -> None:
    desired = StepFunction()
    desired.change(0.0, 1)
    desired.change(60.0, 2)
    made, ended_s = series(120.0, Row(1.0))
    part = series_part(made, [0], desired, InstanceTime("web"), ended_s)
    filled = int(1.1 / part.width_s)
    assert [number for number, p50_s in enumerate(part.p50_s) if p50_s is not None] == [filled]
    assert (part.desired[0], part.desired[-1]) == (1, 3)
    assert sum(part.desired) * part.width_s == pytest.approx(60 * 1 + 60 * 3)
