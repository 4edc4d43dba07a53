from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.records.request_log import ERROR_KINDS, ErrorKind
from simulator.records.series import BINS_MAX, RequestSeries, bin_width_s
from tests.records.rows import Row, tell


@given(st.floats(0.1, 1e9))
def test_a_run_never_has_more_than_600_bins(duration_s: float) -> None:
    # 0.001 because of the rounding of the division
    assert duration_s / bin_width_s(duration_s) <= BINS_MAX + 0.001


@pytest.mark.parametrize(("duration_s", "width_s"), [(60, 0.1), (61, 0.2), (600, 1), (3600, 10), (86400, 150)])
def test_bins_have_round_widths(duration_s: float, width_s: float) -> None:
    assert bin_width_s(duration_s) == width_s


def test_a_request_is_in_the_bin_of_its_intended_time() -> None:
    series = RequestSeries(1, 600)
    tell(series.read, Row(intended_s=1.9, latency_s=3.0))
    assert series.binned().offered[:5].tolist() == [0, 1, 0, 0, 0]


def test_ends_are_counted_where_they_happened_and_not_after_the_run() -> None:
    series = RequestSeries(1, 600)
    tell(series.read, Row(intended_s=1.9, latency_s=3.0), Row(intended_s=599.0, latency_s=5.0))
    ended = series.binned().ended
    assert (ended[4], ended.sum()) == (1, 1)


def test_in_every_bin_offered_is_served_rejected_and_failed() -> None:
    series = RequestSeries(1, 600)
    tell(series.read, *(Row(intended_s=3.0, status=status) for status in (200, 200, 200, 429, 429, 503)))
    binned = series.binned()
    assert (binned.offered[3], binned.served[3], binned.rejected[3], binned.failed[3]) == (6, 3, 2, 1)


def test_percentiles_are_of_the_bin_and_within_their_error() -> None:
    series = RequestSeries(1, 600)
    tell(series.read, *(Row(intended_s=2.0, latency_s=number / 100) for number in range(1, 101)))
    binned = series.binned()
    assert [binned.p50_s[2], binned.p95_s[2], binned.p99_s[2]] == pytest.approx([0.5, 0.95, 0.99], rel=1 / 32)


def test_a_bin_without_served_requests_has_no_percentiles() -> None:
    series = RequestSeries(1, 600)
    tell(series.read, Row(intended_s=2.0, status=429))
    assert math.isnan(series.binned().p50_s[2])


def test_sources_are_added_or_kept_separate() -> None:
    series = RequestSeries(2, 600)
    tell(series.read, Row(source=0), Row(source=1), Row(source=1))
    assert [series.binned(chosen).offered[0] for chosen in (None, [0], [1])] == [3, 1, 2]


def test_a_request_intended_at_the_very_end_is_in_the_last_bin() -> None:
    series = RequestSeries(1, 600)
    tell(series.read, Row(intended_s=600.0))
    assert series.binned().offered[-1] == 1


@pytest.mark.case("X4")
@pytest.mark.parametrize(
    ("duration_s", "rate_rps", "width_s"),
    [
        (12, 5, 1.0),  # ten bins of 100 ms would have five requests in total
        (60, 20, 0.5),
        (60, 60, 0.2),
        (60, 200, 0.1),
        (3, 5, 0.2),  # a second would leave three bins
        (100, 20, 1.0),  # bins of 200 ms are not merged to 500 ms
        (200, 25, 0.5),
        (600, 0.1, 1.0),  # bins of a second stay, because instances change from one to the next
        (86400, 0.001, 150.0),
    ],
)
def test_bins_below_a_second_hold_ten_requests_in_the_mean(duration_s: float, rate_rps: float, width_s: float) -> None:
    series = RequestSeries(2, duration_s)
    at_s = [number / rate_rps for number in range(math.ceil(duration_s * rate_rps))]
    tell(series.read, *(Row(source=1, intended_s=moment_s) for moment_s in at_s))
    assert series.telling_width_s([1], duration_s) == width_s
    binned = series.binned([1], width_s)
    assert binned.width_s == pytest.approx(width_s)
    assert binned.offered.sum() == len(at_s)


@pytest.mark.case("X4")
def test_a_service_without_traffic_has_bins_of_a_second() -> None:
    assert RequestSeries(1, 60).telling_width_s([], 60) == 1.0


def test_failed_requests_are_counted_by_kind() -> None:
    series = RequestSeries(1, 600)
    statuses = (200, 404, 429, 0, 499, 460, 500, 502, 503, 503, 504, 599)
    tell(series.read, *(Row(intended_s=3.0, status=status) for status in statuses))
    counts = dict(zip(ERROR_KINDS, series.errors()[:, 3].tolist(), strict=True))
    assert counts == {
        ErrorKind.REJECTED: 1,
        ErrorKind.NO_ANSWER: 1,
        ErrorKind.CLIENT_CLOSED: 2,
        ErrorKind.INTERNAL: 1,
        ErrorKind.BAD_GATEWAY: 1,
        ErrorKind.UNAVAILABLE: 2,
        ErrorKind.GATEWAY_TIMEOUT: 1,
        ErrorKind.OTHER: 1,
    }


def test_errors_have_the_bins_and_the_sums_of_the_other_columns() -> None:
    series = RequestSeries(2, 600)
    tell(series.read, *(Row(source=n % 2, intended_s=n * 1.0, status=429 if n % 3 else 503) for n in range(60)))
    binned, errors = series.binned([1], 10), series.errors([1], 10)
    assert errors[0].tolist() == binned.rejected.tolist()
    assert errors[1:].sum(axis=0).tolist() == binned.failed.tolist()
